"""The directory's accounts, as log-in asks for them: which server, how long, and what is killed."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any

from pyjitsi import clock
from pyjitsi.rooms.auth.ldap.settings import LdapSettings
from pyjitsi.rooms.auth.person import Person, Unavailable

AT_ONCE = 4
START_SECONDS = 2.0  # more for a process that has yet to begin
PAUSE = 3.0  # a server that hung is left alone for so long, and those who ask meanwhile are told at once
COMMAND = (sys.executable, "-m", "pyjitsi.rooms.auth.ldap.worker")


class LdapAccounts:
    """See the module's text. ``monotonic`` in seconds."""

    def __init__(
        self,
        settings: LdapSettings,
        command: tuple[str, ...] = COMMAND,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._settings: LdapSettings = settings
        self._written: dict[str, Any] = settings.model_dump(mode="json")
        self._command: tuple[str, ...] = command
        self._monotonic: Callable[[], float] = monotonic
        self._idle: list[Process] = []
        self._turns: asyncio.Semaphore = asyncio.Semaphore(AT_ONCE)
        self._away: dict[str, float] = {}  # server to until when

    async def check(self, name: str, password: str) -> Person | None:
        """See ``Accounts``."""
        reasons: list[str] = []
        for url in self._settings.urls:
            async with self._turns:
                if self._away.get(url, 0.0) > self._monotonic():
                    reasons.append(f"{url} did not answer a moment ago")
                    continue
                try:
                    return await self._ask(url, name, password)
                except Unavailable as error:
                    reasons.append(str(error))
        raise Unavailable("; ".join(reasons))

    async def _ask(self, url: str, name: str, password: str) -> Person | None:
        limit, process = self._settings.timeout_seconds, self._idle.pop() if self._idle else None
        if process is None:
            limit += START_SECONDS
            process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        question = {"settings": self._written, "url": url, "name": name, "password": password}
        good = False
        try:
            async with asyncio.timeout(limit):
                said = await _talk(process, json.dumps(question))
            good = True
        except TimeoutError:
            self._away[url] = self._monotonic() + PAUSE
            raise Unavailable(f"{url} hangs: no answer within {limit:g} s") from None
        except (OSError, EOFError):
            raise Unavailable("the process that asks the directory died; its output says why") from None
        finally:
            if good:
                self._idle.append(process)
            else:
                await _end(process)
        if "error" in said:
            raise Unavailable(said["error"])
        return None if said["person"] is None else Person(**said["person"])

    async def stop(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def _talk(process: Process, line: str) -> dict[str, Any]:
    """Raises EOFError or OSError for a process that died."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line.encode() + b"\n")
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer:
        raise EOFError
    return json.loads(answer)
