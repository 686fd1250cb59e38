"""People in a meeting, each a process of its own, and what they have seen."""

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.server import MeetingServer

TOGETHER = 40.0  # seconds until everybody sees everybody, on a loaded machine


class Unmet(AssertionError):
    """Something did not come about in time."""


@dataclass
class Meeting:
    """One room and those in it. ``folder`` takes their reports and logs."""

    server: MeetingServer
    folder: Path
    people: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def join(self, *names: str) -> None:
        """Let people join."""
        for name in names:
            command = [sys.executable, "-m", "tests.vm.client", "--url", f"{self.server.url}Meeting", "--name", name]
            with (self.folder / f"{name}.log").open("wb") as log:
                self.people[name] = subprocess.Popen(
                    [*command, "--report", str(self.folder / f"{name}.json")], stdout=log, stderr=log
                )

    def report(self, name: str) -> dict[str, Any]:
        """What a person has seen so far."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return json.loads((self.folder / f"{name}.json").read_text())
        return {"sees": [], "others": {}, "offers": 0, "ice_restarts": 0, "reconnects": 0}

    def together(self) -> bool:
        """Whether everybody sees and hears everybody now."""
        return all(set(self.report(name)["sees"]) == set(self.people) - {name} for name in self.people)

    def wait_together(self, timeout: float = TOGETHER) -> float:
        """Wait for that; returns the seconds that it took. Raises Unmet."""
        began = time.monotonic()
        while not self.together():
            if time.monotonic() - began > timeout:
                sees = {name: self.report(name)["sees"] for name in self.people}
                raise Unmet(f"not everybody sees everybody after {timeout:g} s: {sees}")
            time.sleep(0.2)
        return time.monotonic() - began

    def offers(self) -> dict[str, int]:
        """How often each was invited."""
        return {name: self.report(name)["offers"] for name in self.people}

    def gap(self, *names: str, of: tuple[str, ...] = ()) -> float:
        """The longest time for which anybody of ``names`` (all) was without the picture or voice of another."""
        return max(
            seen[kind]["gap"]
            for name in names or tuple(self.people)
            for other, seen in self.report(name)["others"].items()
            for kind in ("video", "audio")
            if not of or other in of
        )

    def close(self) -> None:
        """Everybody leaves."""
        for each in self.people.values():
            each.terminate()
        for each in self.people.values():
            each.wait(10)
