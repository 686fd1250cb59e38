"""The root shell in a machine, over a virtio-serial port: one command at a time, each with a time limit."""

import base64
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.vm.driver.errors import MachineError

GRACE = 20.0
"""Seconds beyond a command's limit until the machine itself is given up."""


@dataclass(frozen=True)
class Result:
    """What a command left."""

    status: int
    output: str
    errors: str


class Channel:
    """Connected by ``open``; ``alive`` tells whether the machine still runs."""

    def __init__(self, name: str, path: Path, alive: Callable[[], bool]) -> None:
        self._name: str = name
        self._path: Path = path
        self._alive: Callable[[], bool] = alive
        self._wire: socket.socket | None = None
        self._held: bytearray = bytearray()
        self._number: int = 0

    @property
    def ready(self) -> bool:
        """Whether the shell has answered."""
        return self._wire is not None

    def open(self, timeout: float) -> None:
        """Wait for the shell. Raises MachineError."""
        deadline = time.monotonic() + timeout
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.settimeout(0.2)
        self._held.clear()
        while True:
            try:
                wire.connect(str(self._path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                self._check(deadline, "no QEMU answers")
                time.sleep(0.05)
        while self._line(wire, deadline, "its shell did not come up") != b"READY":
            pass
        self._wire = wire

    def close(self) -> None:
        """Forget the shell."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def execute(self, command: str, timeout: float) -> Result:
        """Run a command in bash with errexit, nounset and pipefail; status 124 says that it took too long."""
        wire = self._wire
        assert wire is not None
        self._number += 1
        number = str(self._number).encode()
        wire.settimeout(timeout + GRACE)
        wire.sendall(b"%s %.3f %s\n" % (number, timeout, _quoted(command)))
        wire.settimeout(0.2)
        deadline = time.monotonic() + timeout + GRACE
        while True:
            words = self._line(wire, deadline, f"no answer to `{command}`").split(b" ")
            if words[0] == number:
                output, errors = (base64.b64decode(each).decode(errors="replace") for each in words[2:4])
                return Result(int(words[1]), output, errors)

    def _line(self, wire: socket.socket, deadline: float, trouble: str) -> bytes:
        while b"\n" not in self._held:
            try:
                data = wire.recv(1 << 16)
            except TimeoutError:
                self._check(deadline, trouble)
                continue
            if not data:
                raise MachineError(f"{self._name}: {trouble}: the machine has ended")
            self._held += data
        line, _, rest = self._held.partition(b"\n")
        self._held = rest
        return bytes(line)

    def _check(self, deadline: float, trouble: str) -> None:
        if not self._alive():
            raise MachineError(f"{self._name}: {trouble}: QEMU has ended")
        if time.monotonic() > deadline:
            raise MachineError(f"{self._name}: {trouble} in time")


def _quoted(text: str) -> bytes:
    """One line that bash's eval turns into the text again."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./:=+,"
    return b"$'" + b"".join(bytes([each]) if each in plain else b"\\x%02x" % each for each in text.encode()) + b"'"
