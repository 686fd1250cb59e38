"""A whole server with two bridges: rooms across both, and what happens when one of them dies."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenario.meeting.conftest import Invite
from tests.support.http import session
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


@pytest.fixture(autouse=True)
async def both_bridges(server: MeetingServer) -> None:
    """The focus knows both: one that was just killed, or started, may not be back yet."""
    async with asyncio.timeout(30):
        while server.metric("focus", "jitsi_jicofo_bridge_selector_bridge_count_operational") < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


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


async def ask(server: MeetingServer, path: str, body: object = None) -> tuple[int, Any]:
    """The focus's HTTP interface."""
    url = f"http://127.0.0.1:{server.settings('focus')['http_port']}{path}"
    async with session() as http, http.request("GET" if body is None else "POST", url, json=body) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()


async def test_a_bridge_that_drains_can_be_emptied(invite: Invite, room: str, server: MeetingServer) -> None:
    people = [await invite(room) for _ in range(4)]
    await all_see_each_other(people)
    drain = f"http://127.0.0.1:{server.settings('bridge2')['http_port']}/colibri/drain"
    async with session() as http:
        async with http.post(f"{drain}/enable") as answer:
            assert answer.status == 200
        try:
            async with http.get(drain) as answer:
                assert await answer.json() == {"drain": True}
            await asyncio.sleep(0.3)
            began = time.monotonic()
            status, moved = await ask(server, "/move-endpoints/move-fraction?bridge=jvb2&fraction=1")
            assert (status, moved) == (200, {"movedEndpoints": 2, "conferences": 1})
            await people[0].until(lambda: sum(each.offers == 2 for each in people) == 2, "two second offers", 15)
            for person in people:
                if person.offers == 2:
                    person.received.clear()
            await all_see_each_other(people)
            print(f"after being moved: all see each other again after {time.monotonic() - began:.1f} s")
            assert server.metric("bridge2", "jitsi_jvb_local_endpoints") == 0
            assert server.metric("bridge", "jitsi_jvb_local_endpoints") == 4
            _, debug = await ask(server, "/debug")
            bridges = debug["bridge_selector"]["bridge"]
            assert {name.partition("/")[2]: each["endpoints"] for name, each in bridges.items()} == {
                "jvb": 4, "jvb2": 0,
            }  # fmt: skip
            _, meetings = await ask(server, "/debug/conferences-full")
            (meeting,) = (each for name, each in meetings.items() if name == room)
            assert {each["bridge"].partition("/")[2] for each in meeting["participants"].values()} == {"jvb"}
        finally:
            await http.post(f"{drain}/disable")


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/move-endpoints/move-endpoint?endpoint=x", None, 400, "conference is missing"),
        ("/move-endpoints/move-endpoint?conference=no@where&endpoint=x", None, 404, "no conference no@where"),
        ("/move-endpoints/move-endpoints?bridge=moon", None, 404, "no bridge moon"),
        ("/move-endpoints/move-endpoints?bridge=jvb&numEndpoints=-1", None, 400, "numEndpoints '-1'"),
        ("/move-endpoints/move-fraction?bridge=jvb&fraction=nan", None, 400, "fraction 'nan'"),
        ("/pin", {"conferenceId": "a@b"}, 400, "jvbVersion"),
        ("/pin", {"conferenceId": "a@b", "jvbVersion": "1", "durationMinutes": 0}, 400, "durationMinutes"),
        ("/pin", [], 400, "not an object"),
        ("/pin/remove", {"conferenceId": "a@b"}, 404, "not pinned"),
    ],
)
async def test_a_wrong_wish_is_answered_by_what_was_wrong(
    server: MeetingServer, path: str, body: object, status: int, says: str
) -> None:
    answered, text = await ask(server, path, body)
    assert (answered, says in str(text)) == (status, True), text


async def test_a_room_can_be_pinned_to_a_version(invite: Invite, room: str, server: MeetingServer) -> None:
    wish = {"conferenceId": room, "jvbVersion": "no such version", "durationMinutes": 5}
    assert (await ask(server, "/pin", wish))[0] == 200
    _, pins = await ask(server, "/pin")
    assert [(each["conferenceId"], each["jvbVersion"]) for each in pins] == [(room, "no such version")]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportUnknownMemberType, reportIndexIssue, reportArgumentType, reportCallIssue]
    one, two = await invite(room), await invite(room)
    await asyncio.sleep(1)
    assert (one.offers, two.offers) == (0, 0)  # no bridge has that version
    assert (await ask(server, "/pin/remove", {"conferenceId": room}))[0] == 200
