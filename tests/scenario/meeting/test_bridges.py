"""A whole server with two bridges: rooms across both, and what happens when one of them dies."""

import asyncio
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.scenario.meeting.conftest import Invite
from tests.support.participant import Participant
from tests.support.server import MeetingServer

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    """The focus spreads every room over both bridges."""
    if shutil.which("prosody") is None:
        pytest.skip("no Prosody on this machine; install the package prosody")
    folder = tmp_path_factory.mktemp("state")
    settings = folder.with_suffix(".toml")
    settings.write_text('[focus]\nbridge_selection_strategy = "SplitBridgeSelectionStrategy"\n')
    running = MeetingServer(folder, options=("--bridges", "2", "--config", str(settings)))
    running.start()
    yield running
    running.stop()


async def all_see_each_other(people: list[Participant], timeout: float = 20) -> None:
    """Everybody gets everybody's picture and voice."""
    for person in people:
        for other in people:
            if person is not other:
                await person.until(
                    lambda a=person, b=other: a.hears(b) and a.sees(b), f"media of {other.nick}", timeout
                )


async def test_a_room_on_two_bridges_is_one_room(invite: Invite, room: str, server: MeetingServer) -> None:
    people = [await invite(room) for _ in range(4)]
    await all_see_each_other(people)
    assert server.metric("bridge", "jitsi_jvb_local_endpoints") == 2
    assert server.metric("bridge2", "jitsi_jvb_local_endpoints") == 2
    # A packet crosses once, whatever the number of watchers: two people send to the other bridge what two here send.
    await asyncio.sleep(1)
    crossed = server.metric("bridge", "jitsi_jvb_relay_packets_sent_total")
    await asyncio.sleep(3)
    crossed = server.metric("bridge", "jitsi_jvb_relay_packets_sent_total") - crossed
    assert 0 < crossed < 3 * 2 * 120  # voice 50/s and a small picture of 15 frames/s, of two people


async def test_only_a_dead_bridges_people_move(invite: Invite, room: str, server: MeetingServer) -> None:
    people = [await invite(room) for _ in range(4)]
    await all_see_each_other(people)
    began = time.monotonic()
    server.kill("bridge2")
    moved: list[Participant] = []
    await people[0].until(lambda: sum(each.offers == 2 for each in people) == 2, "two second offers", 15)
    moved = [each for each in people if each.offers == 2]
    stayed = [each for each in people if each.offers == 1]
    for person in moved:
        person.received.clear()
    await all_see_each_other(moved, 15)
    took = time.monotonic() - began
    print(f"after a bridge of two was killed: back after {took:.1f} s")
    for person in stayed:
        for other in moved:
            await person.until(lambda a=person, b=other: a.sees(b), "the moved ones' new picture", 10)
    assert took < 10
    assert all(each.offers == 1 for each in stayed)
