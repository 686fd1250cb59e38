"""Limits of rooms, and what the focus alone sets of them."""

import json
import time
from xml.etree.ElementTree import Element

import pytest

from pyjitsi.xmpp import muc
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import MUC_USER, Focus, condition, configure, enter, knock
from tests.support.xmpp_client import XmppClient

OURS = "{urn:pyjitsi:rooms}"
ADA, BOB, EVE = "3fa81c02", "b7d40e95", "c0ffee00"


async def declared(focus: Focus, **fields: str) -> str:
    """A room with fields that the focus set of it."""
    room = await focus.open_room()
    values = {OURS + name: value for name, value in fields.items()}
    await muc.configure(focus.connection, room, values, from_=focus.full)
    return room


async def test_a_full_room_takes_nobody_more(focus: Focus, person: NewPerson) -> None:
    room = await declared(focus, max_occupants="2")
    ada = await person()
    await enter(ada, room, ADA)
    await enter(await person(), room, BOB)
    eve = await person()
    assert condition(await knock(eve, room, EVE)) == "service-unavailable"
    await ada.send(muc.leave(room, ADA))
    await focus.sees(f"{room}/{ADA}", "unavailable")
    eve.seen.clear()
    await enter(eve, room, EVE)


async def test_a_moderator_does_not_lift_the_limits(focus: Focus, person: NewPerson) -> None:
    room = await declared(focus, max_occupants="1")
    ada = await person()
    await enter(ada, room, ADA)
    await focus.grant(room, ada)
    query = Element(f"{{{muc.NS_OWNER}}}query")
    form = Element(f"{{{muc.NS_DATA}}}x", type="submit")
    query.append(form)
    for name, value in {"FORM_TYPE": f"{muc.NS}#roomconfig", f"{OURS}max_occupants": "9"}.items():
        field = Element(f"{{{muc.NS_DATA}}}field", var=name)
        with_value(field, value)
        form.append(field)
    await ada.iq(room, query)
    assert condition(await knock(await person(), room, BOB)) == "service-unavailable"


def with_value(field: Element, value: str) -> None:
    child = Element(f"{{{muc.NS_DATA}}}value")
    child.text = value
    field.append(child)


def announced(stanza: Element) -> dict[str, object]:
    return json.loads(stanza.findtext("{http://jitsi.org/jitmeet}json-message") or "{}")


async def ended(person: XmppClient, room: str) -> Element:
    left = await person.expect(
        lambda s: s.get("from", "").startswith(room) and s.get("type") == "unavailable", "the end", timeout=15
    )
    destroy = left.find(f".//{{{MUC_USER}}}destroy")
    assert destroy is not None
    return destroy


async def test_a_meeting_ends_at_its_time_and_says_so_before(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, ADA)
    ends = int(time.time()) + 3
    await muc.configure(focus.connection, room, {f"{OURS}ends": str(ends)}, from_=focus.full)
    warned = await ada.expect(lambda stanza: announced(stanza).get("type") == "system_chat_message", "the warning")
    assert (warned.get("from"), announced(warned)["ends"]) == (room, ends)
    assert announced(warned)["message"] == "This meeting ends in 1 minute."
    destroy = await ended(ada, room)
    assert abs(time.time() - ends) < 2
    assert destroy.findtext(f"{{{MUC_USER}}}reason") == "Scheduled conference duration exceeded."


async def test_a_lobby_of_the_focus_outlives_everybody_while_somebody_waits(focus: Focus, person: NewPerson) -> None:
    room = await declared(focus, lobby="1")
    lobby = room.replace("@conference.", "@lobby.")
    ada = await person()
    assert condition(await knock(ada, room, ADA, name="Ada")) == "registration-required"
    await enter(ada, lobby, ADA, name="Ada")
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    await focus.sees(f"{room}/focus", "unavailable")
    focus.seen.clear()
    own = await focus.enter(room)  # the same room, for whoever asks the focus next
    assert "201" not in {each.get("code") for each in own.element.iter(f"{{{MUC_USER}}}status")}
    assert not [stanza for stanza in ada.seen if stanza.get("type") == "unavailable"]
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    await focus.sees(f"{room}/focus", "unavailable")
    await ada.send(muc.leave(lobby, ADA))
    focus.seen.clear()
    await ada.expect(lambda stanza: stanza.get("type") == "unavailable", "the leaving")
    assert "201" in {each.get("code") for each in (await focus.enter(room)).element.iter(f"{{{MUC_USER}}}status")}


async def test_a_lobby_of_a_moderator_goes_with_the_meeting(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, ADA)
    await focus.grant(room, ada)
    await configure(ada, room, membersonly="true")
    await enter(bob, room.replace("@conference.", "@lobby."), BOB, name="Bob")
    await ada.send(muc.leave(room, ADA))
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    assert (await ended(bob, room.replace("@conference.", "@lobby."))).get("jid") is None


@pytest.mark.parametrize("fields", [{"max_occupants": "many"}, {"ends": "tomorrow"}, {"lobby": "perhaps"}])
async def test_nonsense_sets_nothing(focus: Focus, person: NewPerson, fields: dict[str, str]) -> None:
    room = await declared(focus, **fields)
    await enter(await person(), room, ADA)
