"""``python -m tests.bench.adaptation``: a receiver's link narrows from 4 Mbit/s to 600 kbit/s and widens again.

Two Chromiums meet on a whole server; each is in a network namespace of its own, and a token bucket (tc tbf) shapes what
the server sends to one of them. Printed: when the lower and the top layer came, the longest pauses of picture and
sound, from getStats twenty times a second. It needs root, and Debian's chromium and prosody.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

SERVER, TALKER, WATCHER = "meet-shape-server", "meet-shape-talker", "meet-shape-watcher"
LINKS = {TALKER: ("shape-talker", 10), WATCHER: ("shape-watcher", 11)}
ADDRESS = "10.88.10.1"
PORT = 8443
WIDE, NARROW = "4mbit", "600kbit"
READY = "in the meeting"


def _run(*words: str, check: bool = True) -> None:
    subprocess.run(words, check=check, capture_output=True)


@contextmanager
def namespaces() -> Generator[None]:
    """One for the server, one for each browser. Raises CalledProcessError where that is not allowed."""
    _remove()
    for name in (SERVER, TALKER, WATCHER):
        _run("ip", "netns", "add", name)
        _run("ip", "-n", name, "link", "set", "lo", "up")
    for name, (device, net) in LINKS.items():
        _run("ip", "link", "add", device, "netns", SERVER, "type", "veth", "peer", "name", "eth0", "netns", name)
        for where, which, last in ((SERVER, device, 1), (name, "eth0", 2)):
            _run("ip", "-n", where, "addr", "add", f"10.88.{net}.{last}/24", "dev", which)
            _run("ip", "-n", where, "link", "set", which, "up")
        _run("ip", "-n", name, "route", "add", "default", "via", f"10.88.{net}.1")
    try:
        yield
    finally:
        _remove()


def _remove() -> None:
    for name in (SERVER, TALKER, WATCHER):
        _run("ip", "netns", "del", name, check=False)


def shape(rate: str) -> float:
    """Let the server's way to the watcher carry so much; returns when."""
    _run("ip", "netns", "exec", SERVER, "tc", "qdisc", "replace", "dev", LINKS[WATCHER][0], "root", "tbf", "rate", rate,
         "burst", "6kb", "latency", "300ms")  # fmt: skip
    return time.monotonic()


class Inside:
    """A command in a namespace, with its output in a file."""

    def __init__(self, namespace: str, log: Path, *command: str) -> None:
        self.log: Path = log
        self._out = log.open("w")
        self.process: subprocess.Popen[str] = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command], stdout=self._out, stderr=subprocess.STDOUT, text=True
        )

    def wait_for(self, text: str, seconds: float) -> None:
        """Wait until it has printed something. Raises TimeoutError with all of it."""
        end = time.monotonic() + seconds
        while text not in self.log.read_text():
            if time.monotonic() > end or self.process.poll() is not None:
                raise TimeoutError(f"{self.log.name}: no {text!r} within {seconds} s\n{self.log.read_text()[-3000:]}")
            time.sleep(0.2)

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._out.close()


def pause(samples: list[dict[str, Any]], kind: str, name: str) -> float:
    """The longest time in seconds for which a counter stood still."""
    longest, last = 0.0, None
    for at, value in ((each["at"], each[kind][name]) for each in samples if kind in each):
        if last is None or value != last[1]:
            last = (at, value)
        longest = max(longest, at - last[0])
    return longest


def judge(samples: list[dict[str, Any]], wide: float, narrow: float, again: float) -> dict[str, Any]:
    """What the samples say; times are monotonic seconds of the three changes."""
    seen = [each for each in samples if each["at"] >= wide and "video" in each]
    before = [each["video"]["height"] for each in seen if narrow - 3 <= each["at"] < narrow]
    top = max(before, default=0)
    down = [each["at"] for each in seen if narrow <= each["at"] < again and each["video"]["height"] < top]
    up = [each["at"] for each in seen if each["at"] >= again and each["video"]["height"] >= top]
    shown = [each for each in seen if each["at"] >= narrow - 3]
    heard = [each for each in samples if "audio" in each and each["at"] >= narrow - 3]
    concealed = [(after["audio"]["concealed"] - each["audio"]["concealed"]) / 48 for each, after in pairwise(heard)]
    first, last = (shown[0]["video"], shown[-1]["video"]) if shown else ({}, {})
    return {
        "top_height": top,
        "heights": sorted({each["video"]["height"] for each in seen}),
        "lower_after_s": down[0] - narrow if down else None,
        "top_again_after_s": up[0] - again if up else None,
        "longest_freeze_s": pause(shown, "video", "frames"),
        "freezes": last.get("freezes", 0) - first.get("freezes", 0),
        "longest_audio_pause_s": pause(heard, "audio", "packets"),
        "concealed_ms": sum(concealed),
        "worst_concealed_ms": max(concealed, default=0.0),
        "heights_narrow": [each["video"]["height"] for each in seen if narrow <= each["at"] < again][::10],
        "heights_again": [each["video"]["height"] for each in seen if each["at"] >= again][::10],
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settle", type=float, default=20.0, help="seconds at 4 Mbit/s before")
    parser.add_argument("--narrow", type=float, default=20.0, help="seconds at 600 kbit/s")
    parser.add_argument("--again", type=float, default=20.0, help="seconds at 4 Mbit/s after")
    parser.add_argument("--keep", type=Path, help="a folder for logs and samples")
    options = parser.parse_args()
    with namespaces(), tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        folder.mkdir(exist_ok=True)
        running: list[Inside] = []
        try:
            running.append(
                Inside(SERVER, folder / "server.log", sys.executable, "-m", "pyjitsi.cli", "up", "--listen",
                       f"0.0.0.0:{PORT}", "--host-name", ADDRESS, "--tls", "self-signed", "--state", f"{made}/state")
            )  # fmt: skip
            running[0].wait_for("https://", 60)
            for name in (TALKER, WATCHER):
                running.append(
                    Inside(name, folder / f"{name}.log", sys.executable, "-m", "tests.bench.browser_inside",
                           f"https://{ADDRESS}:{PORT}/", "shape", name, str(folder / f"{name}.json"))
                )  # fmt: skip
                running[-1].wait_for(READY, 90)
            wide = shape(WIDE)
            time.sleep(options.settle)
            narrow = shape(NARROW)
            time.sleep(options.narrow)
            again = shape(WIDE)
            time.sleep(options.again)
        finally:
            for each in reversed(running):
                each.end()
        found = judge(json.loads((folder / f"{WATCHER}.json").read_text()), wide, narrow, again)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
