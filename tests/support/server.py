"""A whole meeting server for tests: ``pyjitsi up`` on free ports with its state in a folder of its own."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from pyjitsi.up.state import free_port

ADDRESS = re.compile(r"https?://[^\s/]+/")


@dataclass
class MeetingServer:
    """The running server: where to open it, and what it said on the console."""

    state: Path
    url: str = ""
    process: "subprocess.Popen[str] | None" = None
    lines: list[str] = field(default_factory=list[str])
    started_in: float = 0.0
    options: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    port: int | None = None  # unset: any free one
    within: tuple[str, ...] = ()  # a command that runs it elsewhere, as in a network namespace

    def start(self, timeout: float = 60.0) -> None:
        """Start and wait for the printed address. Raises AssertionError with the console's text."""
        port = self.port or free_port(socket.SOCK_STREAM)
        udp = free_port(socket.SOCK_DGRAM)
        began = time.monotonic()
        command = [*self.within, sys.executable, "-m", "pyjitsi.cli", "up"]
        command += ["--listen", f"{self.address}:{port}", "--udp-port", str(udp)]
        self.process = subprocess.Popen(
            [*command, "--state", str(self.state), *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        found: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(found,), daemon=True).start()
        try:
            self.url = found.get(timeout=timeout)
        except queue.Empty:
            self.stop()
            raise AssertionError("no address was printed:\n" + "\n".join(self.lines)) from None
        self.started_in = time.monotonic() - began

    def _read(self, found: "queue.Queue[str]") -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            match = ADDRESS.search(line)
            if match and "meet" in line.lower():
                found.put(match.group(0))

    def children(self) -> dict[str, int]:
        """Process ids of the server's children by name (``prosody``, ``focus``, ``bridge``, ``bridge2`` and so on)."""
        assert self.process is not None
        tree = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found: dict[str, int] = {}
        for pid in tree:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            config = next((Path(word).stem for word in words if word.endswith(".toml")), "")
            if any(name in words for name in ("focus", "bridge", "web", "rooms")):
                found[config] = int(pid)
            if any("prosody" in Path(word).name for word in words[:2]) and "prosody" not in found:
                found["prosody"] = int(pid)
        return found

    def settings(self, service: str) -> dict[str, Any]:
        """A service's generated settings."""
        return tomllib.loads((self.state / f"{service}.toml").read_text())

    def metric(self, service: str, name: str, **labels: str) -> float:
        """A service's metric now, 0 where it has not been counted yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.settings(service)['http_port']}/metrics") as page:
            text: str = page.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return 0.0

    def kill(self, service: str) -> None:
        """SIGKILL one service."""
        os.kill(self.children()[service], signal.SIGKILL)

    def stop(self) -> None:
        """End the server as Ctrl-C would."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
