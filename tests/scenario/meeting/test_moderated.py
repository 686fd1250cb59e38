"""Moderation and breakout rooms with real media: what the bridge lets through, and who meets whom."""

import asyncio
from xml.etree.ElementTree import Element, SubElement

import pytest

from tests.scenario.meeting.conftest import Invite
from tests.scenario.rooms.wire import hears, message, payload
from tests.support.participant import Participant
from tests.support.server import MeetingServer
from tests.support.xmpp_client import CLIENT, Refused

SERVICE, BREAKOUT = "rooms.localhost", "breakout.localhost"
EVENT = "features/breakout-rooms/"


def mute(person: Participant, target: Participant, text: str, medium: str = "audio") -> Element:
    element = Element(f"{{http://jitsi.org/jitmeet/{medium}}}mute", jid=f"{person.room}/{target.nick}")
    element.text = text
    return element


async def meeting(invite: Invite, room: str) -> tuple[Participant, Participant]:
    """A host, moderator as the first, and a guest; they hear and see each other."""
    host = await invite(room)
    await host.client.expect(lambda s: "moderator" in {each.get("role") for each in s.iter()}, "the host's role")
    guest = await invite(room)
    await host.until(lambda: host.hears(guest) and host.sees(guest), "the guest", 20)
    await guest.until(lambda: guest.hears(host), "the host", 20)
    return host, guest


async def heard_of(listener: Participant, speaker: Participant, seconds: float = 1.0) -> tuple[int, int]:
    """How many packets of audio and video arrive meanwhile."""
    assert speaker.mine is not None
    sources = speaker.mine.audio, speaker.mine.video
    before = [len(listener.received[ssrc]) for ssrc in sources]
    await asyncio.sleep(seconds)
    audio, video = (len(listener.received[ssrc]) - count for ssrc, count in zip(sources, before))
    return audio, video


async def moderate(person: Participant, **attributes: str) -> None:
    await person.client.send(message(SERVICE, "av_moderation", attributes))


async def test_who_ignores_moderation_is_heard_by_nobody(invite: Invite, room: str, server: MeetingServer) -> None:
    host, guest = await meeting(invite, room)
    await moderate(guest, enable="true", mediaType="audio")  # no moderator: nothing comes of it
    assert (await heard_of(host, guest))[0] > 10
    await moderate(host, enable="true", mediaType="audio")
    await guest.client.expect(
        lambda s: any(each.tag == "{http://jitsi.org/jitmeet/audio}mute" and each.text == "true" for each in s),
        "a mute",
    )
    await asyncio.sleep(0.5)
    audio, video = await heard_of(host, guest, 2.0)  # it sends on
    assert audio == 0
    assert video > 10
    assert (await heard_of(guest, host))[0] > 10
    with pytest.raises(Refused) as refused:
        await guest.client.iq(guest.focus, mute(guest, guest, "false"))
    assert refused.value.condition == "not-allowed"
    with pytest.raises(Refused):
        await guest.client.iq(guest.focus, mute(guest, host, "true"))
    server.kill("rooms")  # moderation stands while its service is away
    assert (await heard_of(host, guest))[0] == 0
    await asyncio.sleep(3)
    await moderate(host, jidToWhitelist=f"{room}/{guest.nick}", mediaType="audio")
    await hears(guest.client, SERVICE, lambda said: said.get("approved") is True, "the approval")
    await asyncio.sleep(0.5)
    assert (await heard_of(host, guest))[0] > 10
    await guest.client.iq(guest.focus, mute(guest, guest, "false"))
    await moderate(host, jidToBlacklist=f"{room}/{guest.nick}", mediaType="audio")
    await asyncio.sleep(0.5)
    assert (await heard_of(host, guest))[0] == 0
    await moderate(host, enable="false", mediaType="audio")
    await asyncio.sleep(0.5)
    assert (await heard_of(host, guest))[0] > 10


async def test_a_moderator_mutes_one_by_name(invite: Invite, room: str) -> None:
    host, guest = await meeting(invite, room)
    await host.client.iq(host.focus, mute(host, guest, "true"))
    told = await guest.client.expect(lambda s: any(each.tag.endswith("}mute") for each in s), "the mute")
    assert told.get("from") == f"{room}/focus"
    assert next(iter(told)).get("actor") == f"{room}/{host.nick}"


async def move(person: Participant, room: str) -> Participant:
    """Leave for another room of the meeting, as lib-jitsi-meet does."""
    leaving = Element(f"{{{CLIENT}}}presence", to=f"{person.room}/{person.nick}", type="unavailable")
    SubElement(leaving, f"{{{CLIENT}}}status").text = "switch_room"
    await person.client.send(leaving)
    await person.hang_up()
    person.client.on_stanza.clear()
    moved = Participant(person.client, room)
    await moved.join()
    return moved


async def test_people_meet_in_a_breakout_room_and_come_back(invite: Invite, room: str) -> None:
    host, guest = await meeting(invite, room)
    third = await invite(room)
    command = message(BREAKOUT, "breakout_rooms", {"type": f"{EVENT}add", "subject": "Group"})
    await host.client.send(command)
    listed = await hears(
        host.client, SERVICE, lambda said: len(said.get("rooms", {})) == 2, "the list with the breakout room"
    )
    group = next(each["jid"] for each in listed["rooms"].values() if not each.get("isMainRoom"))
    for person in (guest, third):
        sent = {"type": f"{EVENT}move-to-room", "participantJid": person.client.jid, "roomJid": group}
        await host.client.send(message(BREAKOUT, "breakout_rooms", sent))
        told = await hears(
            person.client, SERVICE, lambda said: said.get("event") == f"{EVENT}move-to-room", "the order"
        )
        assert told["roomJid"] == group
    there, too = await move(guest, group), await move(third, group)
    await there.until(lambda: there.hears(too) and there.sees(too), "the other in the breakout room", 20)
    await too.until(lambda: too.hears(there), "the other in the breakout room", 20)
    back = await move(there, room)
    host.received.clear()
    await back.until(lambda: back.hears(host) and back.sees(host), "the host again", 20)
    await host.until(lambda: host.hears(back), "who came back", 20)
    roles = {
        each.get("affiliation")
        for s in back.client.seen[-40:]
        for each in s.iter()
        if s.get("from") == f"{room}/{back.nick}"
    }
    assert "owner" not in roles
    for person in (too, back):
        await person.hang_up()
    assert not [each for each in too.client.seen if payload(each).get("type") == "error"]
