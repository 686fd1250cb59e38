"""What moderators do with people and with the room, and what others don't: kick, ban, password, grant, revoke, end."""

import asyncio
from xml.etree.ElementTree import Element, SubElement

import pytest

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import Connection
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import (
    MUC_USER,
    Focus,
    affiliations,
    bare,
    condition,
    configure,
    enter,
    item,
    kick,
    knock,
    status_codes,
)
from tests.support.xmpp_client import Refused, XmppClient

ADA, BOB, EVE, DAN = "3fa81c02", "b7d40e95", "c0ffee00", "da11da11"
OFFICE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
FIREFOX, CHROME = "Firefox/140", "Chrome/140"


async def moderated(focus: Focus, person: NewPerson) -> tuple[str, XmppClient]:
    """A room, and its moderator."""
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, ADA)
    await focus.grant(room, ada)
    return room, ada


async def end(person: XmppClient, room: str, reason: str = "", elsewhere: str | None = None) -> None:
    query = Element(f"{{{muc.NS_OWNER}}}query")
    destroy = SubElement(query, f"{{{muc.NS_OWNER}}}destroy", {} if elsewhere is None else {"jid": elsewhere})
    SubElement(destroy, f"{{{muc.NS_OWNER}}}reason").text = reason
    await person.iq(room, query)


async def out(person: XmppClient, address: str) -> Element:
    return await person.expect(
        lambda stanza: stanza.get("from") == address and stanza.get("type") == "unavailable", f"{address} leaving"
    )


async def test_a_moderator_kicks(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob, eve = await person(), await person()
    await enter(bob, room, BOB)
    await enter(eve, room, EVE)
    with pytest.raises(Refused, match="not-allowed"):
        await kick(bob, room, EVE)
    with pytest.raises(Refused, match="not-allowed"):
        await kick(bob, room, ADA)
    await kick(ada, room, BOB)
    left = await out(bob, f"{room}/{BOB}")
    assert {"110", "307"} <= status_codes(left)
    actor = left.find(f".//{{{MUC_USER}}}actor")
    assert actor is not None
    assert actor.get("nick") == ADA


async def test_where_everybody_is_moderator_one_kicks_another_who_is_one_no_more(
    focus: Focus, person: NewPerson
) -> None:
    room, ada = await moderated(focus, person)
    bob = await person()
    await enter(bob, room, BOB)
    await focus.grant(room, bob)
    await kick(ada, room, BOB)
    await out(bob, f"{room}/{BOB}")
    bob.seen.clear()
    own = await enter(bob, room, BOB)
    assert (item(own)["affiliation"], item(own)["role"]) == ("none", "participant")


async def test_who_was_kicked_of_a_members_only_room_knocks_again(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person()
    await enter(bob, room, BOB, name="Bob")
    await configure(ada, room, membersonly="true")
    await kick(ada, room, BOB)
    await out(bob, f"{room}/{BOB}")
    bob.seen.clear()
    assert condition(await knock(bob, room, BOB, name="Bob")) == "registration-required"


async def test_a_banned_person_who_reconnects_stays_out(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person(X_Forwarded_For=OFFICE, User_Agent=FIREFOX)
    await enter(bob, room, BOB)
    await affiliations(ada, room, "outcast", bob)
    # Standard clients read of it what they know of kicks.
    assert {"110", "301", "307"} <= status_codes(await out(bob, f"{room}/{BOB}"))
    bob.seen.clear()
    assert condition(await knock(bob, room, BOB)) == "forbidden"
    again = await person(X_Forwarded_For=OFFICE, User_Agent=FIREFOX)
    assert bare(again) != bare(bob)
    assert condition(await knock(again, room, EVE)) == "forbidden"
    await enter(await person(X_Forwarded_For=OFFICE, User_Agent=CHROME), room, EVE)  # a colleague
    await enter(await person(X_Forwarded_For=ELSEWHERE, User_Agent=FIREFOX), room, DAN)  # a stranger
    other = await focus.open_room()
    await enter(again, other, BOB)


async def test_a_banned_person_does_not_knock(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person(X_Forwarded_For="2001:db8:1:2::3", User_Agent=FIREFOX)
    await enter(bob, room, BOB)
    await affiliations(ada, room, "outcast", bob)
    await configure(ada, room, membersonly="true")
    again = await person(X_Forwarded_For="2001:db8:1:2:ffff::4", User_Agent=FIREFOX)  # the same household
    for address in (room, room.replace("@conference.", "@lobby.")):
        for one in (bob, again):
            one.seen.clear()
            assert condition(await knock(one, address, EVE, name="Bob")) == "forbidden"


async def test_a_ban_is_lifted(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person(X_Forwarded_For=OFFICE, User_Agent=FIREFOX)
    await enter(bob, room, BOB)
    await affiliations(ada, room, "outcast", bob)
    await affiliations(ada, room, "none", bob)
    await enter(await person(X_Forwarded_For=OFFICE, User_Agent=FIREFOX), room, EVE)


async def test_nobody_is_banned_for_the_proxys_address(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person()
    await enter(bob, room, BOB)
    await affiliations(ada, room, "outcast", bob)
    await enter(await person(), room, EVE)


async def test_only_moderators_ban(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person()
    await enter(bob, room, BOB)
    with pytest.raises(Refused, match="not-allowed"):
        await affiliations(bob, room, "outcast", ada)


async def test_grant_and_revoke(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob, eve = await person(), await person()
    await enter(bob, room, BOB)
    await enter(eve, room, EVE)
    with pytest.raises(Refused, match="not-allowed"):
        await affiliations(bob, room, "owner", bob)
    await affiliations(ada, room, "owner", bob)
    seen = await eve.expect(lambda s: s.get("from") == f"{room}/{BOB}" and item(s)["role"] == "moderator", "the grant")
    assert item(seen)["affiliation"] == "owner"
    await affiliations(bob, room, "member", ada)
    await eve.expect(lambda s: s.get("from") == f"{room}/{ADA}" and item(s)["role"] == "participant", "the revocation")
    for harm in (kick(ada, room, EVE), configure(ada, room, roomsecret="mine"), end(ada, room)):
        with pytest.raises(Refused, match=r"not-allowed|forbidden"):
            await harm


async def test_password(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob, eve = await person(), await person()
    await enter(bob, room, BOB)
    with pytest.raises(Refused, match="forbidden"):
        await configure(bob, room, roomsecret="mine", passwordprotectedroom="1")
    await configure(ada, room, roomsecret="open sesame", passwordprotectedroom="1")
    await bob.expect(lambda stanza: stanza.get("from") == room and "104" in status_codes(stanza), "status 104")
    assert condition(await knock(eve, room, EVE)) == "not-authorized"
    eve.seen.clear()
    assert condition(await knock(eve, room, EVE, password="Open sesame")) == "not-authorized"
    eve.seen.clear()
    await enter(eve, room, EVE, password="open sesame")
    with pytest.raises(Refused, match="forbidden"):
        await configure(eve, room, roomsecret="")
    await configure(ada, room, roomsecret="", passwordprotectedroom="0")
    await enter(await person(), room, DAN)


async def test_focus_and_services_need_no_password(focus: Focus, person: NewPerson, bridge: Connection) -> None:
    room, ada = await moderated(focus, person)
    await configure(ada, room, roomsecret="open sesame", membersonly="true")
    bridge.send(muc.join(room, "recorder"))
    await ada.expect(lambda stanza: stanza.get("from") == f"{room}/recorder", "the service")
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    await focus.sees(f"{room}/focus", "unavailable")
    focus.seen.clear()
    assert item((await focus.enter(room)).element)["affiliation"] == "owner"


async def test_guesses_of_a_password_wait(focus: Focus, person: NewPerson) -> None:
    # Twenty at once, then one in two seconds, of everybody together: ten thousand take hours.
    room, ada = await moderated(focus, person)
    await configure(ada, room, roomsecret="4711")
    guessing = [await person() for _ in range(4)]
    for one in guessing:
        for guess in range(15):
            await one.send(muc_join(room, EVE, f"{guess:04}"))
    await asyncio.sleep(2)
    assert 15 <= sum(len(one.seen) for one in guessing) <= 40


def muc_join(room: str, nick: str, password: str) -> Element:
    stanza = muc.join(room, nick)
    x = stanza.find(f"{{{muc.NS}}}x")
    assert x is not None
    SubElement(x, f"{{{muc.NS}}}password").text = password
    return stanza


async def test_end_for_all(focus: Focus, person: NewPerson) -> None:
    room, ada = await moderated(focus, person)
    bob = await person()
    await enter(bob, room, BOB)
    with pytest.raises(Refused, match="forbidden"):
        await end(bob, room)
    await end(ada, room, "The meeting has been terminated", elsewhere="trap@evil.example")
    destroy = (await out(bob, f"{room}/{BOB}")).find(f".//{{{MUC_USER}}}destroy")
    assert destroy is not None
    assert (destroy.get("jid"), destroy.findtext(f"{{{MUC_USER}}}reason")) == (None, "The meeting has been terminated")
    assert condition(await knock(await person(), room, EVE)) == "not-allowed"  # and the client asks the focus
