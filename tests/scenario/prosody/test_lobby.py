"""The lobby, stanza by stanza as lib-jitsi-meet sends and reads them (4-services section 2.4)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT
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
    nobody_hears,
    status_codes,
)
from tests.support.xmpp_client import Refused, XmppClient

JITMEET = "http://jitsi.org/jitmeet"
DISCO = "http://jabber.org/protocol/disco#info"
ADA, BOB, EVE, DAN = "3fa81c02", "b7d40e95", "c0ffee00", "da11da11"

Lobbied = tuple[str, str, XmppClient]
OpenLobby = Callable[..., Awaitable[Lobbied]]


@pytest.fixture
def lobbied(focus: Focus, person: NewPerson) -> OpenLobby:
    """Makes a room for members only: its address, its lobby's, and its moderator, who is in both."""

    async def make(password: str = "") -> Lobbied:
        room = await focus.open_room()
        ada = await person()
        await enter(ada, room, ADA, name="Ada")
        await focus.grant(room, ada)
        if password:
            await configure(ada, room, roomsecret=password)
        await configure(ada, room, membersonly="true")
        lobby = room.replace("@conference.", "@lobby.")
        await enter(ada, lobby, ADA, name="Ada")
        return room, lobby, ada

    return make


def notice(message: Element) -> dict[str, Any]:
    """The JSON of a message."""
    words = message.findtext(f"{{{JITMEET}}}json-message")
    return {} if words is None else json.loads(words)


async def noticed(person: XmppClient, event: str) -> tuple[str, dict[str, Any]]:
    """Who is said to have done it, and what the room was told."""
    message = await person.expect(lambda stanza: notice(stanza).get("event") == event, event)
    return message.get("from", ""), notice(message)


def admission(room: str, *jids: str) -> Element:
    message = Element(f"{{{NS_CLIENT}}}message", to=room)
    x = SubElement(message, f"{{{MUC_USER}}}x")
    for jid in jids:
        SubElement(x, f"{{{MUC_USER}}}invite", to=jid)
    return message


def invited(person: XmppClient, room: str) -> Awaitable[Element]:
    return person.expect(
        lambda stanza: stanza.get("from") == room and stanza.find(f".//{{{MUC_USER}}}invite") is not None,
        "an invitation",
    )


async def info(person: XmppClient, room: str) -> tuple[set[str], dict[str, str]]:
    """The room's features and fields."""
    answer = await person.iq(room, Element(f"{{{DISCO}}}query"), "get")
    features = {each.get("var", "") for each in answer.iter(f"{{{DISCO}}}feature")}
    return features, {f.get("var", ""): "".join(f.itertext()) for f in answer.iter("{jabber:x:data}field")}


async def test_members_only_sends_a_stranger_to_the_lobby(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    refused = await knock(await person(), room, BOB, name="Bob")
    error = refused.find(f"{{{NS_CLIENT}}}error")
    assert error is not None
    assert (error.get("type"), error.get("code"), condition(refused)) == ("auth", "407", "registration-required")
    assert error.findtext(f"{{{JITMEET}}}lobbyroom") == lobby
    assert refused.findtext(f"{{{NS_CLIENT}}}lobbyroom") == lobby
    assert error.find(f"{{{JITMEET}}}waiting-for-host") is None
    features, fields = await info(ada, room)
    assert "muc_membersonly" in features
    assert fields["muc#roominfo_lobbyroom"] == lobby


async def test_the_room_is_told_that_its_door_is_closed(lobbied: OpenLobby) -> None:
    room, _, ada = await lobbied()
    by, told = await noticed(ada, "LOBBY-ENABLED")
    assert (by, told["type"], told["value"]) == (f"{room}/{ADA}", "lobby-notify", True)
    await ada.expect(lambda stanza: stanza.get("from") == room and "104" in status_codes(stanza), "status 104")


async def test_nobody_knocks_without_a_name(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, _ = await lobbied()
    for address in (room, lobby):
        refused = await knock(await person(), address, BOB, name="  ")
        error = refused.find(f"{{{NS_CLIENT}}}error")
        assert error is not None
        assert (error.get("type"), condition(refused)) == ("modify", "not-acceptable")
        required = error.find(f"{{{JITMEET}}}displayname-required")
        assert required is not None
        assert required.get("lobby") == "true"


async def test_a_moderator_lets_one_in(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob = await person()
    await enter(bob, lobby, BOB, name="Bob")
    seen = await ada.expect(lambda stanza: stanza.get("from") == f"{lobby}/{BOB}", "who knocks")
    assert seen.findtext("{http://jabber.org/protocol/nick}nick") == "Bob"
    assert item(seen)["jid"] == bob.jid
    await ada.send(admission(room, item(seen)["jid"]))
    await invited(bob, room)
    by, told = await noticed(ada, "LOBBY-ACCESS-GRANTED")
    assert (by, told["value"], told["name"]) == (f"{room}/{ADA}", f"{lobby}/{BOB}", "Bob")
    assert item(await enter(bob, room, BOB))["affiliation"] == "member"
    await bob.send(muc.leave(lobby, BOB))
    await ada.expect(
        lambda stanza: stanza.get("from") == f"{lobby}/{BOB}" and stanza.get("type") == "unavailable", "his leaving"
    )


async def test_a_moderator_lets_many_in_at_once(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    waiting = [await person() for _ in range(5)]
    for number, one in enumerate(waiting):
        await enter(one, lobby, f"{number}abcdef0", name=f"Guest {number}")
    await ada.send(admission(room, *(one.jid for one in waiting)))
    for number, one in enumerate(waiting):
        await invited(one, room)
        await enter(one, room, f"{number}abcdef0")


async def test_nobody_lets_in_who_is_no_moderator(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob, eve = await person(), await person()
    await enter(eve, lobby, EVE, name="Eve")
    await enter(bob, lobby, BOB, name="Bob")
    await ada.send(admission(room, bob.jid))
    await invited(bob, room)
    await enter(bob, room, BOB)
    for one in (bob, eve):
        await one.send(admission(room, eve.jid))
        refused = await one.expect(lambda s: s.get("type") == "error" and s.tag.endswith("message"), "a refusal")
        assert condition(refused) == "forbidden"
        with pytest.raises(Refused, match="not-allowed"):
            await affiliations(one, room, "member", eve)
    eve.seen.clear()
    assert condition(await knock(eve, room, EVE, name="Eve")) == "registration-required"


async def test_a_moderator_invites_nobody_but_who_knocks(lobbied: OpenLobby, person: NewPerson) -> None:
    # Else a room's own address would carry what a moderator writes to any client and service.
    room, _, ada = await lobbied()
    bob = await person()
    await ada.send(admission(room, bob.jid))
    await nobody_hears(ada, bob)
    decline = Element(f"{{{NS_CLIENT}}}message", to=room)
    SubElement(SubElement(decline, f"{{{MUC_USER}}}x"), f"{{{MUC_USER}}}decline", to=bob.jid)
    await ada.send(decline)
    refused = await ada.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
    assert condition(refused) == "forbidden"
    assert not [stanza for stanza in bob.seen if stanza.get("from") == room]


async def test_a_moderator_refuses_one(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob = await person()
    await enter(bob, lobby, BOB, name='Bob "&quot;" <b>')
    await kick(ada, lobby, BOB)
    out = await bob.expect(lambda stanza: stanza.get("type") == "unavailable", "the kick")
    assert {"110", "307"} <= status_codes(out)
    by, told = await noticed(ada, "LOBBY-ACCESS-DENIED")
    assert (by, told["value"], told["name"]) == (f"{room}/{ADA}", f"{lobby}/{BOB}", 'Bob "&quot;" <b>')
    message = await ada.expect(lambda s: notice(s).get("event") == "LOBBY-ACCESS-DENIED", "the notice")
    assert "&" not in (message.findtext(f"{{{JITMEET}}}json-message") or "")  # clients would unescape it
    assert condition(await knock(bob, room, BOB, name="Bob")) == "registration-required"


async def test_who_waits_sees_and_hears_nobody_else(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob, eve = await person(), await person()
    await enter(eve, lobby, EVE, name="Eve")
    await enter(bob, lobby, BOB, name="Bob")
    await bob.send(chat(lobby, "hello all"))
    await bob.send(chat(f"{lobby}/{EVE}", "psst", "chat"))
    with pytest.raises(Refused):
        await bob.iq(f"{lobby}/{EVE}", Element("{urn:example}ask"), "get")
    query = Element(f"{{{muc.NS_ADMIN}}}query")
    SubElement(query, f"{{{muc.NS_ADMIN}}}item", role="participant")
    with pytest.raises(Refused, match="forbidden"):
        await bob.iq(lobby, query, "get")
    await ada.expect(lambda stanza: notice(stanza).get("message") == "hello all", "the chat")
    await kick(ada, lobby, BOB)
    await ada.send(muc.leave(lobby, ADA))
    await nobody_hears(ada, eve)
    others = {stanza.get("from") for stanza in eve.seen if f"{lobby}/" in (stanza.get("from") or "")}
    assert others == {f"{lobby}/{EVE}"}
    assert ada.jid not in "".join(tostring(stanza, "unicode") for stanza in (*eve.seen, *bob.seen))
    assert condition(await knock(eve, room, EVE, name="Eve")) == "registration-required"


async def test_moderators_do_not_see_each_other_in_the_lobby(
    focus: Focus, lobbied: OpenLobby, person: NewPerson
) -> None:
    room, lobby, ada = await lobbied()
    bob = await person()
    await affiliations(ada, room, "member", bob)
    await enter(bob, room, BOB, name="Bob")
    await focus.grant(room, bob)
    await enter(bob, lobby, BOB, name="Bob")
    eve = await person()
    await enter(eve, lobby, EVE, name="Eve")
    for one in (ada, bob):
        await one.expect(lambda stanza: stanza.get("from") == f"{lobby}/{EVE}", "who knocks")
        seen = {s.get("from", "").partition("/")[2] for s in one.seen if s.get("from", "").startswith(f"{lobby}/")}
        assert seen == {EVE, ADA if one is ada else BOB}


def chat(to: str, words: str, kind: str = "groupchat") -> Element:
    message = Element(f"{{{NS_CLIENT}}}message", to=to, type=kind)
    body = {"type": "LOBBY_CHAT_MESSAGE", "message": words}
    SubElement(message, f"{{{JITMEET}}}json-message").text = json.dumps(body)
    return message


async def test_a_moderator_chats_with_one_who_waits(lobbied: OpenLobby, person: NewPerson) -> None:
    _, lobby, ada = await lobbied()
    bob, eve = await person(), await person()
    await enter(bob, lobby, BOB, name="Bob")
    await enter(eve, lobby, EVE, name="Eve")
    await ada.send(chat(f"{lobby}/{BOB}", "who are you?", "chat"))
    heard = await bob.expect(lambda stanza: notice(stanza).get("message") == "who are you?", "the question")
    assert heard.get("from") == f"{lobby}/{ADA}"
    await bob.send(chat(f"{lobby}/{ADA}", "Bob from work", "chat"))
    heard = await ada.expect(lambda stanza: notice(stanza).get("message") == "Bob from work", "the answer")
    assert heard.get("from") == f"{lobby}/{BOB}"
    assert not [stanza for stanza in eve.seen if notice(stanza)]


async def test_moderators_read_no_novels(lobbied: OpenLobby, person: NewPerson) -> None:
    _, lobby, ada = await lobbied()
    bob = await person()
    assert condition(await knock(bob, lobby, BOB, name="B" * 20_000)) == "policy-violation"
    bob.seen.clear()
    await enter(bob, lobby, BOB, name="Bob")
    await bob.send(chat(lobby, "x" * 20_000))
    assert condition(await bob.expect(lambda s: s.get("type") == "error", "a refusal")) == "policy-violation"
    await nobody_hears(bob, ada, of="x" * 100)


async def test_the_door_opens_and_who_waits_goes_in(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob = await person()
    await enter(bob, lobby, BOB, name="Bob")
    await configure(ada, room, membersonly="false")
    out = await bob.expect(lambda stanza: stanza.get("type") == "unavailable", "the end of the lobby")
    destroy = out.find(f".//{{{MUC_USER}}}destroy")
    assert destroy is not None
    assert destroy.get("jid") == room
    await enter(bob, room, BOB)
    await ada.expect(lambda stanza: notice(stanza).get("value") is False, "the notice")
    features, fields = await info(ada, room)
    assert "muc_open" in features
    assert "muc#roominfo_lobbyroom" not in fields
    assert condition(await knock(await person(), lobby, EVE, name="Eve")) == "not-allowed"  # the client tries the room


async def test_the_end_of_the_meeting_is_told_to_who_waits(focus: Focus, lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob = await person()
    await enter(bob, lobby, BOB, name="Bob")
    await ada.send(muc.leave(room, ADA))
    await focus.sees(f"{room}/{ADA}", "unavailable")
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    out = await bob.expect(lambda stanza: stanza.get("type") == "unavailable", "the end of the lobby")
    destroy = out.find(f".//{{{MUC_USER}}}destroy")
    assert destroy is not None
    assert destroy.get("jid") is None


async def test_nobody_inside_is_put_out_when_the_door_closes(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob, eve = await person(), await person(), await person()
    for one, nick in ((ada, ADA), (bob, BOB), (eve, EVE)):
        await enter(one, room, nick, name=nick)
    await focus.grant(room, ada)
    await affiliations(ada, room, "member", bob, eve)  # one request with two items, as clients send it
    await configure(ada, room, membersonly="true")
    dan = await person()
    assert condition(await knock(dan, room, DAN, name="Dan")) == "registration-required"
    await bob.send(muc.leave(room, BOB))
    await bob.expect(lambda stanza: stanza.get("type") == "unavailable", "the leaving")
    bob.seen.clear()
    await enter(bob, room, BOB, name="Bob")
    assert not [stanza for stanza in eve.seen if stanza.get("type") == "unavailable" and "322" in status_codes(stanza)]


async def test_a_client_that_grants_nothing_first_puts_nobody_out(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, ADA, name="Ada")
    await enter(bob, room, BOB, name="Bob")
    await focus.grant(room, ada)
    await configure(ada, room, membersonly="1")
    await noticed(bob, "LOBBY-ENABLED")
    assert not [stanza for stanza in bob.seen if stanza.get("type") == "unavailable"]


async def test_only_owners_set_many_affiliations(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob, eve = await person(), await person(), await person()
    await enter(ada, room, ADA)
    with pytest.raises(Refused, match="not-allowed"):
        await affiliations(ada, room, "owner", ada, bob, eve)
    await focus.grant(room, ada)
    with pytest.raises(Refused, match="jid-malformed"):
        query = Element(f"{{{muc.NS_ADMIN}}}query")
        for jid in (bare(bob), eve.jid):
            SubElement(query, f"{{{muc.NS_ADMIN}}}item", jid=jid, affiliation="member")
        await ada.iq(room, query)


async def test_the_right_password_goes_past_the_lobby(lobbied: OpenLobby, person: NewPerson) -> None:
    room, _, ada = await lobbied(password="open sesame")
    bob = await person()
    refused = await knock(bob, room, BOB, name="Bob", password="open barley")
    assert condition(refused) == "registration-required"
    bob.seen.clear()
    own = await enter(bob, room, BOB, name="Bob", password="open sesame")
    assert item(own)["affiliation"] == "member"
    features, _ = await info(ada, room)
    assert {"muc_membersonly", "muc_passwordprotected"} <= features


async def test_who_is_let_in_is_never_told_the_password(lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied(password="open sesame")
    bob = await person()
    await enter(bob, lobby, BOB, name="Bob")
    await ada.send(admission(room, bob.jid))
    await invited(bob, room)
    await enter(bob, room, BOB)  # and needs none
    for one in (ada, bob):
        assert "open sesame" not in "".join(tostring(stanza, "unicode") for stanza in one.seen)
    with pytest.raises(Refused, match="forbidden"):
        await bob.iq(room, Element(f"{{{muc.NS_OWNER}}}query"), "get")


async def test_a_participant_in_the_lobby_configures_nothing(lobbied: OpenLobby, person: NewPerson) -> None:
    _, lobby, ada = await lobbied()
    bob = await person()
    await enter(bob, lobby, BOB, name="Bob")
    for one in (ada, bob):
        with pytest.raises(Refused, match="not-allowed"):
            await configure(one, lobby, membersonly="0")
        with pytest.raises(Refused, match="not-allowed"):
            await affiliations(one, lobby, "owner", bob)
    with pytest.raises(Refused, match="not-allowed"):
        await kick(bob, lobby, ADA)


async def test_nobody_makes_a_lobby(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    lobby = room.replace("@conference.", "@lobby.")
    assert condition(await knock(await person(), lobby, BOB, name="Bob")) == "not-allowed"


async def test_a_moderator_of_later_sees_who_waits(focus: Focus, lobbied: OpenLobby, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob, eve = await person(), await person()
    await affiliations(ada, room, "member", bob)
    await enter(bob, room, BOB, name="Bob")
    await focus.grant(room, bob)
    await enter(bob, lobby, BOB, name="Bob")
    await affiliations(ada, room, "member", bob)  # revoked, and later granted again
    await enter(eve, lobby, EVE, name="Eve")
    await ada.expect(lambda stanza: stanza.get("from") == f"{lobby}/{EVE}", "who knocks")
    assert not [stanza for stanza in bob.seen if stanza.get("from") == f"{lobby}/{EVE}"]
    await affiliations(ada, room, "owner", bob)
    await bob.expect(lambda stanza: stanza.get("from") == f"{lobby}/{EVE}", "who knocked meanwhile")


async def test_the_lobby_outlives_the_focus_stream(lobbied: OpenLobby, focus: Focus, person: NewPerson) -> None:
    room, lobby, ada = await lobbied()
    bob = await person()
    await enter(bob, lobby, BOB, name="Bob")
    await focus.connection.stop()
    await asyncio.sleep(0.2)
    await ada.send(admission(room, bob.jid))
    await invited(bob, room)
