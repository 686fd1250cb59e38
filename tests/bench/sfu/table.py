"""From the rounds' figures to a table, the JSON file and the chart."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "results"
WANTED = {"fan-out 1x50": 1 / 3, "fan-out 4x40": 1 / 3, "meeting 20": 1 / 2}
NAMES = {"ours": "pyjitsi", "janus": "Janus"}
COLUMNS = (
    ("µs of CPU a packet", "microseconds", 2),
    ("packets/s", "packets_a_second", 0),
    ("of offered", "of_offered", 3),
    ("delay p50, ms", "delay_p50_ms", 2),
    ("p99, ms", "delay_p99_ms", 2),
    ("audio p50", "audio_p50_ms", 2),
    ("p99", "audio_p99_ms", 2),
    ("MB idle", "idle_mb", 0),
    ("MB loaded", "memory_mb", 0),
    ("kB a receiver", "receiver_kb", 0),
)


@dataclass(frozen=True)
class Middle:
    """Median and extremes of one figure over the rounds."""

    median: float
    low: float
    high: float


Runs = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""By load, then by server: what each round's load printed."""


def middle(runs: Sequence[Mapping[str, Any]], key: str) -> Middle:
    """A figure over the rounds."""
    values = [float(run[key]) for run in runs if run.get(key) is not None]
    return Middle(statistics.median(values), min(values), max(values))


def ratios(runs: Runs) -> dict[str, float]:
    """Our CPU a packet in units of Janus', by load: the median of the rounds' own ratios."""
    found: dict[str, float] = {}
    for load, by_server in runs.items():
        pairs = zip(by_server["ours"], by_server["janus"], strict=True)
        found[load] = round(statistics.median(own["microseconds"] / other["microseconds"] for own, other in pairs), 3)
    return found


def text(runs: Runs) -> str:
    """The table, in Markdown."""
    lines = [f"| load | server | {' | '.join(name for name, _, _ in COLUMNS)} | ratio (wanted) |"]
    lines.append("|" + "---|" * (len(COLUMNS) + 3))
    for load, ratio in ratios(runs).items():
        for server, name in NAMES.items():
            cells: list[str] = []
            for _, key, digits in COLUMNS:
                if all(run.get(key) is None for run in runs[load][server]):
                    cells.append("")
                    continue
                found = middle(runs[load][server], key)
                spread = f" ({found.low:.{digits}f}–{found.high:.{digits}f})" if key == "microseconds" else ""
                cells.append(f"{found.median:,.{digits}f}{spread}")
            shown = f"**{ratio:.2f}** ({WANTED[load]:.2f})" if server == "ours" and load in WANTED else ""
            lines.append(f"| {load} | {name} | {' | '.join(cells)} | {shown} |")
    return "\n".join(lines)


def write(runs: Runs, machine: Mapping[str, Any], rows: Sequence[object]) -> Path:
    """Write ``latest.json`` and ``latest.svg``; returns the first. ``rows`` are what was asked, as ``rows`` has it."""
    RESULTS.mkdir(exist_ok=True)
    summary = {
        load: {
            server: {
                key: vars(middle(each, key)) for _, key, _ in COLUMNS if any(run.get(key) is not None for run in each)
            }
            for server, each in by_server.items()
        }
        for load, by_server in runs.items()
    }
    body = {
        "machine": machine, "ratios_to_janus": ratios(runs), "rows": [vars(row) for row in rows], "loads": summary,
    }  # fmt: skip
    path = RESULTS / "latest.json"
    path.write_text(json.dumps(body, indent=1) + "\n")
    (RESULTS / "latest.svg").write_text(chart(runs))
    return path


def chart(runs: Runs) -> str:
    """Bars of CPU a packet, an SVG."""
    rows = [(load, server, middle(runs[load][server], "microseconds")) for load in runs for server in NAMES]
    longest = max(row[2].high for row in rows)
    height = 34 + 26 * len(rows) + 12 * len(runs)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" font-family="sans-serif" '
        'font-size="13">',
        '<text x="10" y="20" font-weight="bold">CPU of the server for each forwarded packet, microseconds '
        "(median; the line is the spread)</text>",
    ]
    y = 34
    for position, (load, server, found) in enumerate(rows):
        if position % len(NAMES) == 0:
            y += 12
        width, low, high = (value / longest * 380 for value in (found.median, found.low, found.high))
        colour = "#2a7d4f" if server == "ours" else "#9aa3ad"
        parts += [
            f'<text x="10" y="{y + 15}">{load if position % len(NAMES) == 0 else ""}</text>',
            f'<text x="130" y="{y + 15}">{NAMES[server]}</text>',
            f'<rect x="200" y="{y}" width="{width:.0f}" height="20" fill="{colour}"/>',
            f'<line x1="{200 + low:.0f}" x2="{200 + high:.0f}" y1="{y + 10}" y2="{y + 10}" stroke="#222"/>',
            f'<text x="{210 + high:.0f}" y="{y + 15}">{found.median:.2f}</text>',
        ]
        y += 26
    return "\n".join([*parts, "</svg>"]) + "\n"
