"""A room of scripted participants on a real server: real Prosody, focus, bridge, ICE, DTLS and SRTP."""

import asyncio

from tests.scenario.meeting.conftest import Invite
from tests.support.participant import Participant
from tests.support.server import MeetingServer


def in_order(person: Participant, other: Participant) -> bool:
    """Whether the other's picture came as one clean stream: every sequence number once, none missing."""
    assert other.mine is not None
    numbers = sorted({packet.sequence_number for packet in person.received[other.mine.video]})
    return len(numbers) == numbers[-1] - numbers[0] + 1


async def test_three_hear_and_see_each_other(invite: Invite, room: str) -> None:
    people = [await invite(room) for _ in range(3)]
    for person in people:
        for other in people:
            if person is not other:
                await person.until(lambda a=person, b=other: a.hears(b) and a.sees(b), f"media of {other.nick}", 20)
                assert in_order(person, other)
    for person in people:
        assert set(person.sources_of) >= {other.nick for other in people if other is not person}


async def test_with_ssrc_rewriting_the_bridge_alone_tells_who_is_sent_under_which_ssrc(
    invite: Invite, room: str
) -> None:
    one, two, three = await invite(room, rewriting=True), await invite(room, rewriting=True), await invite(room)
    for person in (one, two, three):
        for other in (one, two, three):
            if person is not other:
                await person.until(lambda a=person, b=other: a.hears(b) and a.sees(b), f"media of {other.nick}", 20)
    assert set(one.sources_of) == {"jvb"}
    assert set(three.sources_of) >= {one.nick, two.nick}
    assert two.mine is not None and not one.received[two.mine.audio] and not one.received[two.mine.video]
    before = {one.slot_of(f"{three.nick}-{kind}") for kind in ("a0", "v0")}
    await asyncio.sleep(2)  # a slot that was just told of is not changed
    await three.leave()
    four = await invite(room)
    await one.until(lambda: one.hears(four) and one.sees(four), "media of who came last", 20)
    assert {one.slot_of(f"{four.nick}-{kind}") for kind in ("a0", "v0")} == before
    numbers = [each.sequence_number for each in one.received[one.slot_of(f"{four.nick}-v0")]]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) - min(numbers) + 1 == len(numbers), "a hole where another's picture took its turn"


async def test_the_bridge_says_hello_and_who_speaks(invite: Invite, room: str) -> None:
    one, two = await invite(room), await invite(room)
    await one.until(lambda: any(m["colibriClass"] == "ServerHello" for m in one.messages), "ServerHello")
    await one.until(
        lambda: any(two.nick == m.get("dominantSpeakerEndpoint") or one.nick == m.get("dominantSpeakerEndpoint")
                    for m in one.messages),
        "a dominant speaker",
    )  # fmt: skip


async def test_who_leaves_frees_the_endpoint_and_the_rest_go_on(invite: Invite, room: str) -> None:
    one, two, three = [await invite(room) for _ in range(3)]
    await one.until(lambda: one.sees(two) and one.sees(three), "both others")
    await three.leave()
    before = len(one.received[two.mine.video]) if two.mine else 0
    await one.until(lambda: two.mine is not None and len(one.received[two.mine.video]) > before + 30, "more of two")


async def test_who_vanishes_does_not_stop_the_others(invite: Invite, room: str) -> None:
    one, two, three = [await invite(room) for _ in range(3)]
    await one.until(lambda: one.sees(two) and one.sees(three), "both others")
    await three.client.break_socket()
    await three.hang_up()
    before = len(one.received[two.mine.video]) if two.mine else 0
    await one.until(lambda: two.mine is not None and len(one.received[two.mine.video]) > before + 30, "more of two")


async def test_people_are_invited_again_after_the_bridge_was_killed(
    invite: Invite, room: str, server: MeetingServer
) -> None:
    one, two = await invite(room), await invite(room)
    await one.until(lambda: one.sees(two) and two.sees(one), "each other")
    server.kill("bridge")
    await one.until(lambda: one.offers == 2 and two.offers == 2, "a second offer", 15)
    one.received.clear()
    two.received.clear()
    await one.until(lambda: one.sees(two) and two.sees(one), "each other again", 15)


async def test_a_restart_of_ice_loses_no_packet_and_invites_nobody(invite: Invite, room: str) -> None:
    one, two = await invite(room), await invite(room)
    await one.until(lambda: one.sees(two) and two.sees(one), "each other")
    assert one.paths is not None
    old = one.paths.newest
    await one.restart_ice()
    await one.until(lambda: one.paths is not None and one.paths.newest is not old, "another way")
    known = len(one.received[two.mine.video]) if two.mine else 0
    await asyncio.sleep(4)  # the bridge has let the old way go
    await one.until(lambda: one.sees(two, known + 20) and two.sees(one, known + 20), "more of each other")
    assert in_order(one, two) and in_order(two, one)
    assert (one.offers, two.offers) == (1, 1)


async def test_five_people_enter_at_once(invite: Invite, room: str) -> None:
    people = await asyncio.gather(*(invite(room) for _ in range(5)))
    for person in people:
        await person.until(lambda p=person: sum(p.hears(other) for other in people) >= 4, "all four others", 30)
