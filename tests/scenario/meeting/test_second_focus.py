"""A focus that is started on another machine while one runs: the room is one room, whoever leads it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjitsi.up.state import free_port, to_toml
from tests.scenario.meeting.conftest import Invite
from tests.support.server import MeetingServer


@pytest.fixture
def second(server: MeetingServer, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another focus with the same secret, which knows nothing of what the first one keeps; it runs from here on."""
    settings = server.settings("focus") | {"http_port": free_port(), "state_directory": str(tmp_path / "journal")}
    file = tmp_path / "focus.toml"
    file.touch(mode=0o600)
    file.write_text(to_toml(settings))
    process = subprocess.Popen([sys.executable, "-m", "pyjitsi.cli", "focus", "--config", str(file)])
    yield process
    process.kill()
    process.wait()


async def test_people_of_a_room_stay_together(
    invite: Invite, room: str, server: MeetingServer, request: pytest.FixtureRequest
) -> None:
    one, two = await invite(room), await invite(room)
    await one.until(lambda: one.sees(two) and two.sees(one), "each other")
    request.getfixturevalue("second")
    async with asyncio.timeout(60):
        while server.metric("focus", "pyjitsi_focus_conferences"):  # noqa: ASYNC110 (until its stream was taken over)
            await asyncio.sleep(0.1)
    known = len(one.received[two.mine.video]) if two.mine else 0
    await one.until(lambda: one.sees(two, known + 30), "more of two, whom nobody leads now")
    three = await invite(room)
    await one.until(lambda: three.sees(one) and three.sees(two) and three.hears(one), "the newcomer sees both", 30)
    await one.until(lambda: one.sees(three) and two.sees(three), "both see the newcomer", 30)
    for person in (one, two):
        person.received.clear()
    await one.until(lambda: one.sees(two) and two.sees(one), "each other still")
    assert max(one.offers, two.offers) <= 2, "they are invited once more at the most"
    assert server.metric("focus", "pyjitsi_focus_conferences") == 0, "the first one has not come back at once"
