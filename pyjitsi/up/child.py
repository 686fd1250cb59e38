"""A child process that is kept alive, and never outlives us."""

import asyncio
import contextlib
import ctypes
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Sequence
from pathlib import Path

from pyjitsi import clock

PR_SET_PDEATHSIG = 1
BACK_OFF = (0.2, 1.0, 2.0, 5.0, 10.0)
STEADY = 30.0  # seconds after which a child counts as having started well
GRACE = 8.0  # seconds from SIGTERM to SIGKILL

_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    """In the child: SIGKILL when the parent is gone, even if that was killed (prctl(2))."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)  # Ctrl-C goes to the parent alone, which ends its children in order


class Child:
    """One process by name: started, watched, restarted with growing pauses, and stopped."""

    def __init__(
        self, name: str, command: Sequence[str], environment: dict[str, str], log: Path, say: Callable[[str], None],
        *, echo: bool,
    ) -> None:  # fmt: skip
        self.name: str = name
        self.process: Process | None = None
        self.ready: asyncio.Event = asyncio.Event()
        self.restarts: int = 0
        self._command: Sequence[str] = command
        self._environment: dict[str, str] = environment
        self._log: Path = log
        self._say: Callable[[str], None] = say
        self._echo: bool = echo
        self._last: list[str] = []
        self._stopping: bool = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the task goes on until ``stop``."""
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        failures = 0
        while not self._stopping:
            began = clock.monotonic()
            code = await self._run()
            if self._stopping:
                return
            self.ready.clear()
            failures = 0 if clock.monotonic() - began > STEADY else failures + 1
            pause = BACK_OFF[min(failures, len(BACK_OFF)) - 1] if failures else BACK_OFF[0]
            how = f"signal {-code}" if code < 0 else f"status {code}"
            why = f": {self._last[-1]}" if self._last and code > 0 else ""
            self._say(f"{self.name} ended ({how}){why}; starting it again in {pause:g} s")
            self.restarts += 1
            await asyncio.sleep(pause)

    async def _run(self) -> int:
        self.process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=STDOUT,
            preexec_fn=_die_with_parent,
        )  # fmt: skip
        assert self.process.stdout is not None
        with self._log.open("ab") as file:
            async for line in self.process.stdout:
                file.write(line)
                file.flush()
                text = line.decode(errors="replace").rstrip()
                self._last = [*self._last[-4:], text]
                if self._echo:
                    self._say(f"{self.name}: {text}")
        return await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL after the grace."""
        self._stopping = True
        process = self.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(GRACE):
                    await process.wait()
            except TimeoutError:
                self._say(f"{self.name} did not end within {GRACE:g} s; killed")
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
