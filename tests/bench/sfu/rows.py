"""What was asked of the bridge's speed, row by row, beside what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.sfu.table import Runs, middle, ratios

ASKED_RATIOS = {"fan-out 1x50": (1 / 3, 1 / 4), "fan-out 4x40": (1 / 3, 1 / 4), "meeting 20": (1 / 2, 1 / 3)}
CORES = ("one thread", "two threads")
MEETING = "meeting 20"


@dataclass(frozen=True)
class Row:
    """One figure."""

    name: str
    asked: str
    measured: str
    holds: bool


def _latency(runs: Runs) -> list[Row]:
    found: list[Row] = []
    ours, janus = runs[MEETING]["ours"], runs[MEETING]["janus"]
    for name, key, limit in (
        ("audio p50", "audio_p50_ms", 0.3), ("video p50", "delay_p50_ms", 1.0), ("audio p99", "audio_p99_ms", 2.0),
        ("video p99", "delay_p99_ms", 2.0),
    ):  # fmt: skip
        own, other = middle(ours, key).median, middle(janus, key).median
        holds = own <= limit and ("p99" not in name or own <= other)
        asked = f"≤ {limit:g} ms" + (", ≤ Janus's" if "p99" in name else "")
        found.append(Row(f"latency, {name}", asked, f"{own:.2f} ms (Janus {other:.2f})", holds))
    return found


def _memory(runs: Runs) -> list[Row]:
    found: list[Row] = []
    for load in ("fan-out 1x50", MEETING):
        if load in runs:
            own, other = (middle(runs[load][server], "receiver_kb").median for server in ("ours", "janus"))
            found.append(
                Row(f"memory a receiver, {load}", "≤ Janus's", f"{own:.0f} kB (Janus {other:.0f})", own <= other)
            )
    idle = middle(next(iter(runs.values()))["ours"], "idle_mb").median
    return [*found, Row("memory, idle", "≤ 60 MB", f"{idle:.0f} MB", idle <= 60)]


def _cores(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Row]:
    one, two = (middle(runs[name], "microseconds").median for name in CORES)
    shares = [sorted(run["thread_seconds"]) for run in runs[CORES[1]]]
    evenness = min(low / high for low, high in shares)
    longest = max(run["longest_wait_us"] for name in CORES for run in runs[name])
    typical = middle(runs[CORES[1]], "longest_wait_us").median
    waits = middle(runs[CORES[1]], "lock_waits").median
    return [
        Row("cores, CPU a packet", "within 10 %", f"{one:.2f} µs by one, {two:.2f} by two ({two / one - 1:+.0%})",
            two <= 1.1 * one),
        Row("cores, threads' shares", "even", f"the lesser has {evenness:.0%} of the other's", evenness >= 0.8),
        Row("cores, longest wait for a lock", "≤ 50 µs",
            f"{typical:.0f} µs in the median run, {longest:.0f} in the worst; {waits:.0f} waits a run", longest <= 50),
    ]  # fmt: skip


def rows(runs: Runs, cores: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Row]:
    """All that the runs have figures for."""
    found: list[Row] = []
    for load, ratio in ratios(runs).items():
        if load in ASKED_RATIOS:
            asked, aim = ASKED_RATIOS[load]
            text = f"≤ {asked:.2f} of Janus's CPU a packet, aim {aim:.2f}"
            found.append(Row(load, text, f"{ratio:.2f}", ratio <= asked))
    if MEETING in runs:
        found += _latency(runs)
    if runs:
        found += _memory(runs)
    if all(cores.get(name) for name in CORES):
        found += _cores(cores)
    return found


def text(found: Sequence[Row]) -> str:
    """As a table in Markdown."""
    lines = ["| row | asked | measured | |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.asked} | {row.measured} | {'✓' if row.holds else 'short'} |" for row in found]
    return "\n".join(lines)
