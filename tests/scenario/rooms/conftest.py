"""Prosody, the room services in a process of their own, a focus that only enters rooms, and clients."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjitsi.up.state import to_toml
from pyjitsi.xmpp.connection import component
from tests.scenario.prosody.people import Focus, connected
from tests.support.prosody import MISSING, Prosody, executable
from tests.support.xmpp_client import XmppClient

NewPerson = Callable[[], Awaitable[XmppClient]]


class RoomsProcess:
    """``pyjitsi rooms`` beside a Prosody."""

    def __init__(self, prosody: Prosody, folder: Path) -> None:
        self.prosody: Prosody = prosody
        self.folder: Path = folder
        self.process: subprocess.Popen[bytes] | None = None
        settings = prosody.rooms()
        values: dict[str, Any] = settings.model_dump(exclude_none=True)
        values["xmpp"]["secret"] = settings.xmpp.secret.get_secret_value()
        values["log_level"] = "debug"
        self.file: Path = folder / "rooms.toml"
        self.file.write_text(to_toml(values))

    def start(self) -> None:
        """Start the process, without waiting."""
        with (self.folder / "rooms.log").open("ab") as log:
            command = [sys.executable, "-m", "pyjitsi.cli", "rooms", "--config", str(self.file)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    async def healthy(self) -> None:
        """Return once it serves."""
        url = f"http://127.0.0.1:{self.prosody.config.rooms_http_port}/about/health"
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(_answers, url):
                assert self.process is None or self.process.poll() is None, self.log()
                await asyncio.sleep(0.05)

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "rooms.log").read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as page:
            return bool(json.load(page)["healthy"])
    except (OSError, urllib.error.URLError):
        return False


@pytest.fixture(scope="package")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    if executable() is None:
        pytest.skip(MISSING)
    server = Prosody(tmp_path_factory.mktemp("prosody"), turn_host="turn.example.org", plugins=Path(__file__).parent)
    server.start()
    yield server
    server.stop()
    assert [line for line in server.log().splitlines() if "\terror\t" in line] == []


@pytest.fixture(scope="package")
def rooms(prosody: Prosody, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomsProcess]:
    process = RoomsProcess(prosody, tmp_path_factory.mktemp("rooms"))
    process.start()
    asyncio.run(process.healthy())
    yield process
    process.stop()
    assert "Traceback" not in process.log()


@pytest.fixture
async def focus(prosody: Prosody, rooms: RoomsProcess) -> AsyncIterator[Focus]:
    await rooms.healthy()
    async with connected(component(prosody.focus())) as connection:
        yield Focus(prosody, connection)


@pytest.fixture
async def person(prosody: Prosody) -> AsyncIterator[NewPerson]:
    """Makes clients that are logged in, with stream management."""
    made: list[XmppClient] = []

    async def make() -> XmppClient:
        one = XmppClient(prosody.websocket, prosody.domain)
        await one.connect(manage=True)
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()
