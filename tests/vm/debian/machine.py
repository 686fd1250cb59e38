"""One machine: boots, and does what a test asks, by the names of NixOS' test driver."""

import base64
import shlex
import socket
import subprocess
import time
from pathlib import Path

from tests.vm.debian.errors import MachineError

BOOT = 300.0
WAIT = 300.0
COMMAND = 120
JOURNAL_LINES = 40


class Machine:
    """Started by ``start``; every wait has a limit in seconds."""

    def __init__(self, name: str, number: int, folder: Path, kernel: Path, initrd: Path, hub: Path) -> None:
        self.name: str = name
        self.folder: Path = folder
        self._number: int = number
        self._kernel: Path = kernel
        self._initrd: Path = initrd
        self._hub: Path = hub
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: socket.socket | None = None
        self._up: bool = False
        self._held: bytes = b""
        self._count: int = 0

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Boot; ``connect`` waits for it."""
        if self.running:
            return
        shell = self.folder / "shell.sock"
        shell.unlink(missing_ok=True)
        share = "security_model=none,readonly=on,multidevs=remap"
        command = [
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-M", "q35", "-m", "1536", "-smp", "2",
            "-nographic", "-no-reboot", "-kernel", str(self._kernel), "-initrd", str(self._initrd),
            "-append", "console=ttyS0 loglevel=4 systemd.show_status=0 panic=-1 net.ifnames=0",
            "-fsdev", f"local,id=root,path=/,{share}", "-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot",
            "-fsdev", f"local,id=node,path={self.folder / 'tree'},{share}",
            "-device", "virtio-9p-pci,fsdev=node,mount_tag=node", "-device", "virtio-rng-pci",
            "-netdev", f"stream,id=lan,server=off,addr.type=unix,addr.path={self._hub}",
            "-device", f"virtio-net-pci,netdev=lan,mac=52:54:00:12:01:{self._number:02x}",
            "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=shell",
            "-chardev", f"socket,id=shell,path={shell},server=on,wait=off",
        ]  # fmt: skip
        with (self.folder / "console.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        # At once: what the machine says before somebody listens is lost.
        deadline = time.monotonic() + BOOT
        self._shell = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        while self._shell.connect_ex(str(shell)):
            self._check(deadline, "it did not start")
            time.sleep(0.05)
        self._shell.settimeout(1.0)
        self._up = False

    def connect(self, timeout: float = BOOT) -> None:
        """Wait until it is up. Raises MachineError with the end of its console."""
        self.start()
        if not self._up:
            deadline = time.monotonic() + timeout
            while b"READY" not in self._line(deadline):
                pass
            self._up = True

    def _check(self, deadline: float, what: str) -> None:
        if not self.running or time.monotonic() > deadline:
            console = (self.folder / "console.log").read_text(errors="replace")[-2000:]
            raise MachineError(f"{self.name}: {what}; its console ends with:\n{console}")

    def _line(self, deadline: float) -> bytes:
        assert self._shell is not None
        while b"\n" not in self._held:
            self._check(deadline, "no answer in time")
            try:
                self._held += self._shell.recv(1 << 16)
            except TimeoutError:
                continue
        line, self._held = self._held.split(b"\n", 1)
        return line

    def execute(self, command: str, timeout: int = COMMAND) -> tuple[int, str]:
        """Exit status and output of a command; 124 when it took longer than ``timeout`` seconds."""
        self.connect()
        assert self._shell is not None
        self._count += 1
        encoded = base64.b64encode(command.encode()).decode()
        self._shell.sendall(f"{self._count} {timeout} {encoded}\n".encode())
        deadline = time.monotonic() + timeout + 30
        while True:
            words = self._line(deadline).split()
            if words and words[0] == str(self._count).encode():
                output = base64.b64decode(words[2]) if len(words) > 2 else b""
                return int(words[1]), output.decode(errors="replace")

    def succeed(self, *commands: str, timeout: int = COMMAND) -> str:
        """The output of commands that all must succeed. Raises MachineError."""
        output = ""
        for command in commands:
            status, text = self.execute(command, timeout)
            if status:
                raise MachineError(f"{self.name}: `{command}` failed with {status}:\n{text}\n{self.journal()}")
            output += text
        return output

    def fail(self, *commands: str, timeout: int = COMMAND) -> str:
        """The output of commands that all must fail. Raises MachineError."""
        output = ""
        for command in commands:
            status, text = self.execute(command, timeout)
            if not status:
                raise MachineError(f"{self.name}: `{command}` succeeded unexpectedly:\n{text}")
            output += text
        return output

    def wait_until_succeeds(self, command: str, timeout: float = WAIT) -> str:
        """Try once a second. Raises MachineError."""
        deadline = time.monotonic() + timeout
        while True:
            status, text = self.execute(command, max(1, int(timeout)))
            if not status:
                return text
            if time.monotonic() > deadline:
                raise MachineError(
                    f"{self.name}: `{command}` did not succeed in {timeout} s:\n{text}\n{self.journal()}"
                )
            time.sleep(1)

    def wait_until_fails(self, command: str, timeout: float = WAIT) -> str:
        """Try once a second. Raises MachineError."""
        return self.wait_until_succeeds(f"! ( {command} )", timeout)

    def wait_for_unit(self, unit: str, timeout: float = WAIT) -> None:
        """Wait until it is active; a failed one that systemd does not try again ends the wait. Raises MachineError."""
        deadline = time.monotonic() + timeout
        name = unit if "." in unit else f"{unit}.service"
        while True:
            shown = self.execute(f"systemctl show -p ActiveState -p SubState {name}")[1]
            state = {line.partition("=")[0]: line.partition("=")[2] for line in shown.splitlines()}
            if state.get("ActiveState") == "active":
                return
            if state.get("ActiveState") == "failed" or time.monotonic() > deadline:
                raise MachineError(f"{self.name}: {name} is {state}\n{self.journal(name)}")
            time.sleep(0.5)

    def wait_for_open_port(self, port: int, addr: str = "localhost", timeout: float = WAIT) -> None:
        """Wait until somebody listens."""
        self.wait_until_succeeds(f"bash -c '</dev/tcp/{addr}/{port}'", timeout)

    def wait_for_file(self, filename: str, timeout: float = WAIT) -> None:
        """Wait until it is there."""
        self.wait_until_succeeds(f"test -e {shlex.quote(filename)}", timeout)

    def systemctl(self, query: str) -> tuple[int, str]:
        """Exit status and output of ``systemctl``."""
        return self.execute(f"systemctl {query}")

    def log(self, message: str) -> None:
        """Say something in the test's output."""
        print(f"{self.name}: {message}", flush=True)

    def journal(self, unit: str | None = None) -> str:
        """The end of the journal, for messages."""
        chosen = f"-u {unit}" if unit else ""
        return self.execute(f"journalctl --no-pager -o cat -n {JOURNAL_LINES} {chosen}", 30)[1]

    def stop(self) -> None:
        """End it as a power failure would."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    shutdown = stop
    crash = stop
