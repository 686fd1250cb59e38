"""One machine, with the names and meanings of NixOS' test driver."""

import shlex
import shutil
import subprocess
import time
from pathlib import Path

from tests.vm.driver import guest, initrd, qemu
from tests.vm.driver.channel import Channel, Result
from tests.vm.driver.errors import MachineError
from tests.vm.driver.node import Node

BOOT = 120.0
WAIT = 120.0
POLL = 0.3
JOURNAL_LINES = 40


class Machine:
    """Boots at ``start`` or at the first command. Every wait has a limit in seconds, and ends in a MachineError."""

    def __init__(self, node: Node, places: qemu.Places, number: int, switch: Path) -> None:
        self.node: Node = node
        self.name: str = node.name
        self.boot_seconds: float | None = None
        self._places: qemu.Places = places
        self._number: int = number
        self._switch: Path = switch
        self._process: subprocess.Popen[bytes] | None = None
        self._began: float = 0.0
        self._channel: Channel = Channel(node.name, places.shell, self.is_up)

    def is_up(self) -> bool:
        """Whether QEMU runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Switch it on, without waiting. What an earlier run had written is gone."""
        if self.is_up():
            return
        self._channel.close()
        for folder in (self._places.exchange, self._places.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._places.shell.unlink(missing_ok=True)
        image = initrd.build(self._places.run, guest.archive(self.node))
        words = qemu.command(self.node, image, self._places, self._number, self._switch)
        self._began = time.monotonic()
        with (self._places.logs / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def connect(self, timeout: float = BOOT) -> None:
        """Wait until its shell answers."""
        if self._channel.ready:
            return
        self.start()
        try:
            self._channel.open(timeout)
        except MachineError as error:
            raise MachineError(f"{error}\n{self._tail('console.log')}\n{self._tail('qemu.log')}") from None
        self.boot_seconds = time.monotonic() - self._began
        self.log(f"up after {self.boot_seconds:.1f} s")

    def execute(self, command: str, timeout: float = WAIT) -> tuple[int, str]:
        """Exit status and output of a shell command; 124 when it took longer than ``timeout``."""
        result = self._run(command, timeout)
        return result.status, result.output

    def succeed(self, *commands: str, timeout: float = WAIT) -> str:
        """The output of commands that all must succeed."""
        return "".join(self._expect(command, True, timeout) for command in commands)

    def fail(self, *commands: str, timeout: float = WAIT) -> str:
        """The output of commands that all must fail."""
        return "".join(self._expect(command, False, timeout) for command in commands)

    def wait_until_succeeds(self, command: str, timeout: float = WAIT) -> str:
        """Repeat a command until it succeeds; its output."""
        return self._until(command, True, timeout)

    def wait_until_fails(self, command: str, timeout: float = WAIT) -> str:
        """Repeat a command until it fails; its output."""
        return self._until(command, False, timeout)

    def systemctl(self, query: str) -> tuple[int, str]:
        """Exit status and output of ``systemctl``."""
        return self.execute(f"systemctl {query}")

    def get_unit_info(self, unit: str) -> dict[str, str]:
        """All properties of a unit, as ``systemctl show`` has them."""
        return self._properties(unit, "")

    def wait_for_unit(self, unit: str, timeout: float = WAIT) -> None:
        """Wait until a unit is active. One that failed, or that nothing starts, ends the wait at once."""
        deadline = time.monotonic() + timeout
        idle = 0
        while True:
            state = self._properties(unit, "-p LoadState,ActiveState,SubState,Result,Job")
            active = state.get("ActiveState", "unknown")
            if active == "active":
                return
            # One that is restarted has a job, or is "activating (auto-restart)".
            pending = state.get("Job", "") != ""
            if active == "failed" and not pending:
                raise self._error(f"unit {unit} has failed ({state.get('Result')})", unit)
            if active == "inactive" and not pending:
                # Twice, because something may just be about to start it.
                idle = idle + 1 if "No jobs" in self.execute("systemctl list-jobs --full 2>&1")[1] else 0
                if idle > 1:
                    raise self._error(f"unit {unit} is inactive ({state.get('LoadState')}) and nothing starts it", unit)
            if time.monotonic() > deadline:
                raise self._error(f"unit {unit} is {active} ({state.get('SubState')}) after {timeout:.0f} s", unit)
            time.sleep(POLL)

    def wait_for_open_port(self, port: int, addr: str = "localhost", timeout: float = WAIT) -> None:
        """Wait until a TCP port answers."""
        self.wait_until_succeeds(f"timeout 5 bash -c {shlex.quote(f'</dev/tcp/{addr}/{port}')}", timeout)

    def wait_for_file(self, filename: str, timeout: float = WAIT) -> None:
        """Wait until a file is there."""
        self.wait_until_succeeds(f"test -e {shlex.quote(filename)}", timeout)

    def copy_from_host(self, source: str, target: str) -> None:
        """Copy a file or folder of this machine to a path in the machine."""
        place = self._places.exchange / "in"
        _copy(Path(source), place)
        target = shlex.quote(target)
        try:
            self.succeed(_MOUNT, f'mkdir -p "$(dirname {target})"; cp -rT /run/vm-exchange/in {target}')
        finally:
            _remove(place)

    def copy_from_machine(self, source: str, target_dir: str) -> None:
        """Copy a file or folder of the machine into a folder of this one, under its own name."""
        place = self._places.exchange / "out"
        try:
            self.succeed(_MOUNT, f"cp -rT {shlex.quote(source)} /run/vm-exchange/out")
            Path(target_dir).mkdir(parents=True, exist_ok=True)
            _copy(place, Path(target_dir) / Path(source).name)
        finally:
            _remove(place)

    def shutdown(self, timeout: float = WAIT) -> None:
        """Power off in order."""
        if not self.is_up() or self._process is None:
            return
        self._run("systemctl poweroff --no-block", 30)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._error(f"not off after {timeout:.0f} s") from None
        finally:
            self.crash()

    def crash(self) -> None:
        """Pull the plug."""
        self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self, msg: str) -> None:
        """Say something in the test's output."""
        print(f"{self.name}: {msg}", flush=True)

    def _run(self, command: str, timeout: float) -> Result:
        self.connect()
        try:
            return self._channel.execute(command, timeout)
        except MachineError as error:
            raise MachineError(f"{error}\n{self._tail('journal.log')}\n{self._tail('console.log')}") from None

    def _expect(self, command: str, success: bool, timeout: float) -> str:
        result = self._run(command, timeout)
        if (result.status == 0) != success:
            outcome = f"failed with {result.status}" if result.status else "succeeded unexpectedly"
            raise self._error(f"`{command}` {outcome}\n{result.output}{result.errors}")
        return result.output

    def _until(self, command: str, success: bool, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        while True:
            result = self._run(command, max(1.0, deadline - time.monotonic()))
            if (result.status == 0) == success:
                return result.output
            if time.monotonic() > deadline:
                wanted = "did not succeed" if success else "did not fail"
                raise self._error(f"`{command}` {wanted} in {timeout:.0f} s\n{result.output}{result.errors}")
            time.sleep(POLL)

    def _properties(self, unit: str, options: str) -> dict[str, str]:
        shown = self.succeed(f"systemctl --no-pager show {options} -- {shlex.quote(unit)}")
        return {name: value for name, _, value in (line.partition("=") for line in shown.splitlines())}

    def _error(self, text: str, unit: str | None = None) -> MachineError:
        """With the journal's end: the unit's own when asked for, else what the journal's console has."""
        tail = self._tail("journal.log")
        if unit is not None:
            lines = self.execute(f"journalctl --no-pager -o short-monotonic -n {JOURNAL_LINES} -u {shlex.quote(unit)}")
            tail = f"--- {self.name}: journal of {unit}\n{lines[1]}{tail}"
        return MachineError(f"{self.name}: {text}\n{tail}")

    def _tail(self, file: str) -> str:
        path = self._places.logs / file
        lines = path.read_text(errors="replace").splitlines()[-JOURNAL_LINES:] if path.exists() else []
        return "\n".join([f"--- {self.name}: end of {path}", *lines])


_MOUNT = (
    "mountpoint -q /run/vm-exchange || { mkdir -p /run/vm-exchange; "
    "mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none exchange /run/vm-exchange; }"
)


def _copy(source: Path, target: Path) -> None:
    _remove(target)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
