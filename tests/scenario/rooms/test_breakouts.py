"""Breakout rooms over a running Prosody; media in them is tests/scenario/meeting's."""

import asyncio
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pytest

from pyjitsi.xmpp import muc
from tests.scenario.prosody.people import MUC_USER, Focus, condition, configure, enter, knock, status_codes, text
from tests.scenario.rooms.conftest import NewPerson, RoomsProcess
from tests.scenario.rooms.test_moderation import Meeting, meeting
from tests.scenario.rooms.wire import JITMEET, message, payload, refused
from tests.support.xmpp_client import CLIENT, XmppClient

EVENT = "features/breakout-rooms/"
DISCO = "{http://jabber.org/protocol/disco#info}query"
FORM = "{jabber:x:data}"


@pytest.fixture
async def here(focus: Focus, person: NewPerson) -> Meeting:
    return await meeting(focus, person)


async def command(here: Meeting, who: XmppClient, kind: str, **attributes: str) -> None:
    await who.send(
        message(f"breakout.{here.focus.prosody.domain}", "breakout_rooms", {"type": EVENT + kind, **attributes})
    )


async def rooms_of(who: XmppClient, wanted: int, timeout: float = 10) -> dict[str, Any]:
    """The latest list that has so many breakout rooms."""

    def fits(found: dict[str, Any]) -> bool:
        return found.get("event") == f"{EVENT}update" and len(found["rooms"]) == wanted + 1

    await who.expect(lambda stanza: fits(payload(stanza)), f"a list of {wanted} breakout rooms", timeout)
    return next(found for stanza in reversed(who.seen) if fits(found := payload(stanza)))["rooms"]


async def opened(here: Meeting, name: str = "Group 1") -> str:
    """A new breakout room with the focus inside, as after a conference request."""
    await command(here, here.ada, "add", subject=name)
    found = await here.ada.expect(
        lambda stanza: name in {each["name"] for each in payload(stanza).get("rooms", {}).values()}, "the new room"
    )
    address = next(each["jid"] for each in payload(found)["rooms"].values() if each["name"] == name)
    await here.focus.enter(address)
    return address


async def test_a_moderator_adds_renames_and_removes(here: Meeting) -> None:
    await command(here, here.ada, "add", subject="Group 1")
    rooms = await rooms_of(here.bob, 1)
    node = here.room.partition("@")[0]
    assert rooms[node]["isMainRoom"] is True
    assert rooms[node]["participants"][f"{here.room}/b7d40e95"]["jid"] == here.bob.jid
    (made,) = (each for each in rooms.values() if not each.get("isMainRoom"))
    assert made["name"] == "Group 1"
    await command(here, here.ada, "rename", breakoutRoomJid=made["jid"], subject="<b>Two</b>")
    await here.bob.expect(
        lambda stanza: "<b>Two</b>" in {each["name"] for each in payload(stanza).get("rooms", {}).values()}, "the name"
    )
    await command(here, here.ada, "remove", breakoutRoomJid=made["jid"])
    here.bob.seen.clear()
    await rooms_of(here.bob, 0)


async def test_others_arrange_nothing(here: Meeting) -> None:
    await command(here, here.bob, "add", subject="Mine")
    await refused(here.bob, here.service)
    await command(here, here.ada, "remove", breakoutRoomJid="x@breakout.meet.localhost")
    await refused(here.ada, here.service)


async def test_only_who_was_in_the_main_room_enters(here: Meeting, person: NewPerson) -> None:
    group = await opened(here)
    stranger = await person()
    answer = await knock(stranger, group, "5aaaaaaa")
    assert condition(answer) == "not-allowed"
    assert text(answer) == "Only those of the main room enter its breakout rooms"
    answer = await knock(stranger, f"no-such-room@breakout.{here.focus.prosody.domain}", "5aaaaaaa")
    assert condition(answer) == "not-allowed"
    await command(here, here.ada, "move-to-room", participantJid=here.bob.jid, roomJid=group)
    told = await here.told(here.bob, event=f"{EVENT}move-to-room")
    assert told["roomJid"] == group
    await here.bob.send(muc.leave(here.room, "b7d40e95"))
    await enter(here.bob, group, "b7d40e95")
    await here.ada.expect(
        lambda stanza: f"{group}/b7d40e95" in str(payload(stanza).get("rooms", {})), "bob in the group"
    )
    own = await enter(here.ada, group, "3fa81c02")  # a moderator there as in the main room
    assert "moderator" in {each.get("role") for each in own.iter()}
    form = await muc.owner_form(here.focus.connection, group, from_=here.focus.full)
    assert form["muc#roominfo_breakout_main_room"] == here.room


async def test_self_join_can_be_forbidden(here: Meeting) -> None:
    group = await opened(here)
    body = '{"type":"room_metadata","key":"permissions","data":{"breakoutSelfJoinRestricted":true}}'
    await here.ada.send(message(here.service, f"{{{JITMEET}}}room_metadata", {"room": here.room}, body))
    await here.told(here.bob, metadata={"permissions": {"breakoutSelfJoinRestricted": True}})
    assert condition(await knock(here.bob, group, "b7d40e95")) == "not-allowed"
    here.bob.seen.clear()
    await command(here, here.ada, "move-to-room", participantJid=here.bob.jid, roomJid=group)
    await here.told(here.bob, event=f"{EVENT}move-to-room")
    await enter(here.bob, group, "b7d40e95")


async def test_the_meeting_lives_while_all_are_in_breakout_rooms_and_ends_after(here: Meeting) -> None:
    group = await opened(here)
    await enter(here.ada, group, "3fa81c02")
    for who, nick in ((here.ada, "3fa81c02"), (here.bob, "b7d40e95")):
        await who.send(muc.leave(here.room, nick))
    here.focus.connection.send(muc.leave(here.room, "focus", from_=here.focus.full))
    await here.focus.sees(f"{here.room}/focus", "unavailable")
    await command(here, here.ada, "add", subject="Group 2")  # the main room still remembers
    await rooms_of(here.ada, 2)
    await here.ada.send(muc.leave(group, "3fa81c02"))
    await asyncio.sleep(6)  # five seconds after the last
    assert condition(await knock(here.bob, group, "b7d40e95")) == "not-allowed"


def features(information: Element) -> set[str | None]:
    return {each.get("var") for each in information.iter() if each.tag.endswith("}feature")}


async def lobby_of(who: XmppClient, room: str) -> str | None:
    """The lobby that a room's information names."""
    answer = await who.iq(room, Element(DISCO), "get")
    assert ("muc_membersonly" in features(answer)) != ("muc_open" in features(answer))
    field = next((e for e in answer.iter(f"{FORM}field") if e.get("var") == "muc#roominfo_lobbyroom"), None)
    assert (field is None) == ("muc_open" in features(answer))
    return None if field is None else field.findtext(f"{FORM}value")


async def test_a_moderator_in_a_breakout_room_opens_the_lobby_and_lets_people_in(
    here: Meeting, person: NewPerson
) -> None:
    group = await opened(here)
    for who, nick in ((here.ada, "3fa81c02"), (here.bob, "b7d40e95")):
        await who.send(muc.leave(here.room, nick))
        await enter(who, group, nick)
    assert await lobby_of(here.ada, group) is None
    await configure(here.ada, group, membersonly="true")
    await here.bob.expect(
        lambda stanza: stanza.get("from") == group and "104" in status_codes(stanza), "that there is something to read"
    )
    lobby = here.room.replace("@conference.", "@lobby.")
    assert await lobby_of(here.ada, group) == lobby
    eve = await person()
    assert condition(await knock(eve, here.room, "c1e0c1e0", name="Eve")) == "registration-required"
    await enter(eve, lobby, "c1e0c1e0", name="Eve")
    seen = await enter(here.ada, lobby, "3fa81c02", name="Ada")
    assert seen.get("from") == f"{lobby}/3fa81c02"
    await here.ada.expect(lambda stanza: stanza.get("from") == f"{lobby}/c1e0c1e0", "who knocks")
    invitation = Element(f"{{{CLIENT}}}message", to=here.room)
    SubElement(SubElement(invitation, f"{{{MUC_USER}}}x"), f"{{{MUC_USER}}}invite", to=eve.jid)
    await here.ada.send(invitation)
    await eve.expect(
        lambda stanza: stanza.get("from") == here.room and "invite" in str(list(stanza.iter())), "the leave"
    )
    eve.seen.clear()
    await enter(eve, here.room, "c1e0c1e0", name="Eve")
    # Those of the breakout rooms are inside, however long the main room's door is closed.
    await here.bob.send(muc.leave(group, "b7d40e95"))
    await enter(here.bob, here.room, "b7d40e95", name="Bob")
    await configure(here.ada, group, membersonly="false")
    await here.bob.expect(lambda stanza: payload(stanza).get("value") is False, "that the lobby is no more")
    assert await lobby_of(here.ada, group) is None


async def test_timer_broadcast_and_return(here: Meeting) -> None:
    group = await opened(here)
    await enter(here.bob, group, "b7d40e95")
    await command(here, here.ada, "broadcast", message="Five minutes left & counting")
    said = await here.bob.expect(
        lambda stanza: payload(stanza).get("type") == "system_chat_message" and stanza.get("from") == group,
        "the broadcast",
    )
    assert payload(said)["message"] == "Five minutes left & counting"
    await command(here, here.ada, "timer", seconds="2")
    told = await here.told(here.bob, type="room_metadata")
    await here.bob.expect(lambda stanza: "breakoutTimer" in payload(stanza).get("metadata", {}), "the timer")
    told = await here.told(here.bob, event=f"{EVENT}move-to-room")
    assert told["roomJid"] == here.room
    # He ignores it, and is put out.
    ended = await here.bob.expect(
        lambda stanza: any(each.tag.endswith("destroy") for each in stanza.iter()), "the room's end", 15
    )
    assert next(each for each in ended.iter() if each.tag.endswith("destroy")).get("jid") == here.room


async def test_breakout_rooms_outlive_the_service(here: Meeting, rooms: RoomsProcess) -> None:
    group = await opened(here)
    await enter(here.bob, group, "b7d40e95")
    rooms.kill()
    rooms.start()
    await rooms.healthy()
    await command(here, here.ada, "move-to-room", participantJid=here.bob.jid, roomJid=here.room)
    assert (await here.told(here.bob, event=f"{EVENT}move-to-room"))["roomJid"] == here.room
    await here.bob.send(muc.leave(group, "b7d40e95"))
    await enter(here.bob, group, "b7d40e95")
