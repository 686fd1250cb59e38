"""What rooms allow to whom."""

import asyncio
import time
from xml.etree.ElementTree import Element, SubElement

import pytest

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import Connection, Iq, IqError
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import Focus, body, condition, enter, hears, item, knock, status_codes, text
from tests.support.prosody import Prosody
from tests.support.xmpp_client import Refused

DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"


async def test_focus_opens_a_room_as_its_owner_with_real_addresses_visible(focus: Focus) -> None:
    room = f"first@conference.{focus.prosody.domain}"
    own = await focus.enter(room)
    assert item(own.element)["affiliation"] == "owner"
    assert status_codes(own.element) == {"100", "110", "201"}
    form = await muc.owner_form(focus.connection, room, from_=focus.full)
    assert form["muc#roomconfig_whois"] == "anyone"
    assert form["muc#roomconfig_persistentroom"] in ("", "0")


async def test_a_room_tells_its_meetings_id_and_beginning(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    answer = await ada.iq(room, Element(f"{{{DISCO_INFO}}}query"), "get")
    told = {field.get("var"): "".join(field.itertext()) for field in answer.iter("{jabber:x:data}field")}
    form = await muc.owner_form(focus.connection, room, from_=focus.full)
    assert len(told["muc#roominfo_meetingId"]) == 36
    assert form["muc#roominfo_meetingId"] == told["muc#roominfo_meetingId"]
    assert abs(int(told["muc#roominfo_created_timestamp"]) / 1000 - time.time()) < 60


async def test_occupants_see_each_others_and_the_focus_real_address(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    seen = await bob.expect(lambda stanza: stanza.get("from") == f"{room}/focus", "the focus's presence")
    assert item(seen)["jid"] == focus.full
    seen = await ada.expect(lambda stanza: stanza.get("from") == f"{room}/b7d40e95", "the other's presence")
    assert item(seen)["jid"] == bob.jid
    assert item((await focus.sees(f"{room}/3fa81c02")).element)["jid"] == ada.jid


async def test_client_cannot_create_a_room(prosody: Prosody, person: NewPerson) -> None:
    refused = await knock(await person(), f"mine@conference.{prosody.domain}", "3fa81c02")
    assert (condition(refused), text(refused)) == ("not-allowed", "Room creation is restricted")


async def test_client_waits_while_the_focus_is_out(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, "3fa81c02")
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    await focus.sees(f"{room}/focus", "unavailable")
    refused = await knock(bob, room, "b7d40e95")
    assert (condition(refused), text(refused)) == ("not-allowed", "Room creation is restricted")


@pytest.mark.parametrize("nick", ["focus", "ｆｏｃｕｓ"])
async def test_nobody_else_takes_the_nick_focus(focus: Focus, person: NewPerson, nick: str) -> None:
    room = await focus.open_room()
    ada = await person()
    refused = await knock(ada, room, nick)
    assert condition(refused) == "conflict"


async def test_nick_focus_stays_reserved_when_the_focus_is_out(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    await focus.sees(f"{room}/focus", "unavailable")
    assert condition(await knock(await person(), room, "focus")) == "conflict"


@pytest.mark.parametrize("nick", ["_a", "a b", "a/b", "a-b", "ä", "a" * 65])
async def test_nicks_are_plain(focus: Focus, person: NewPerson, nick: str) -> None:
    room = await focus.open_room()
    refused = await knock(await person(), room, nick)
    assert condition(refused) == "jid-malformed"


async def test_nick_stays(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    await ada.send(muc.presence(f"{room}/b7d40e95"))
    refused = await ada.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
    assert condition(refused) == "not-allowed"


async def test_moderator_cannot_remove_the_focus(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    await muc.set_affiliation(focus.connection, room, ada.jid.partition("/")[0], "owner", from_=focus.full)
    for attributes in ({"nick": "focus", "role": "none"}, {"jid": focus.bare, "affiliation": "outcast"}):
        query = Element(f"{{{muc.NS_ADMIN}}}query")
        SubElement(query, f"{{{muc.NS_ADMIN}}}item", attributes)
        with pytest.raises(Refused) as refused:
            await ada.iq(room, query)
        assert refused.value.condition in ("not-allowed", "not-acceptable")


async def test_moderator_locks_the_room_but_cannot_make_it_outlive_the_meeting(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    await muc.set_affiliation(focus.connection, room, ada.jid.partition("/")[0], "owner", from_=focus.full)
    query = Element(f"{{{muc.NS_OWNER}}}query")
    form = SubElement(query, f"{{{muc.NS_DATA}}}x", type="submit")
    for name, value in (
        ("FORM_TYPE", f"{muc.NS}#roomconfig"),
        ("muc#roomconfig_roomsecret", "open sesame"),
        ("muc#roomconfig_persistentroom", "1"),
        ("muc#roomconfig_publicroom", "1"),
        ("muc#roomconfig_whois", "moderators"),
    ):
        field = SubElement(form, f"{{{muc.NS_DATA}}}field", var=name)
        SubElement(field, f"{{{muc.NS_DATA}}}value").text = value
    await ada.iq(room, query)
    now = await muc.owner_form(focus.connection, room, from_=focus.full)
    assert now["muc#roomconfig_roomsecret"] == "open sesame"
    assert now["muc#roomconfig_persistentroom"] in ("", "0")
    assert now["muc#roomconfig_publicroom"] in ("", "0")
    assert now["muc#roomconfig_whois"] == "anyone"
    assert condition(await knock(await person(), room, "b7d40e95")) == "not-authorized"


async def test_participant_is_no_owner(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    with pytest.raises(Refused) as refused:
        await ada.iq(room, Element(f"{{{muc.NS_OWNER}}}query"), kind="get")
    assert refused.value.condition == "forbidden"


async def test_nobody_registers_a_nick(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    with pytest.raises(Refused) as refused:
        await ada.iq(room, Element("{jabber:iq:register}query"), kind="get")
    assert refused.value.condition == "service-unavailable"


async def test_outsider_learns_nothing_about_rooms(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    insider, outsider = await person(), await person()
    await enter(insider, room, "3fa81c02")
    for address in (room, f"none@conference.{focus.prosody.domain}"):
        for namespace in (DISCO_INFO, DISCO_ITEMS):
            with pytest.raises(Refused) as refused:
                await outsider.iq(address, Element(f"{{{namespace}}}query"), kind="get")
            assert refused.value.condition == "forbidden"
    for one in (insider, outsider):
        with pytest.raises(Refused) as refused:
            await one.iq(f"conference.{focus.prosody.domain}", Element(f"{{{DISCO_ITEMS}}}query"), kind="get")
        assert refused.value.condition == "forbidden"
    answer = await insider.iq(room, Element(f"{{{DISCO_INFO}}}query"), kind="get")
    assert answer.find(f".//{{{DISCO_INFO}}}feature[@var='muc_unsecured']") is not None


async def test_outsider_reaches_no_occupant(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    with pytest.raises(Refused) as refused:
        await (await person()).iq(f"{room}/focus", Element("{urn:example}ask"))
    assert refused.value.condition == "not-acceptable"


async def test_private_request_goes_to_the_focus_and_back(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    asked: list[Iq] = []

    async def answer(iq: Iq) -> Element:
        asked.append(iq)
        return Element("{urn:example}told")

    focus.connection.on_iq("{urn:example}ask", answer)
    told = await ada.iq(f"{room}/focus", Element("{urn:example}ask"))
    assert told[0].tag == "{urn:example}told"
    assert (asked[0].from_, asked[0].to) == (f"{room}/3fa81c02", focus.full)


async def test_private_request_goes_to_an_occupant_and_back(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")

    async def reply(stanza: Element) -> None:
        if stanza.find("{urn:example}offer") is not None:
            assert stanza.get("from") == f"{room}/focus"
            await ada.reply(stanza, Element("{urn:example}accept"))

    ada.on_stanza.append(reply)
    accepted = await focus.iq(f"{room}/3fa81c02", Element("{urn:example}offer"))
    assert accepted is not None
    assert accepted.tag == "{urn:example}accept"


async def test_absent_occupant_is_an_error(focus: Focus) -> None:
    room = await focus.open_room()
    with pytest.raises(IqError) as refused:
        await focus.iq(f"{room}/3fa81c02", Element("{urn:example}offer"))
    assert refused.value.condition == "item-not-found"


async def test_joins_of_one_room_come_one_after_another(focus: Focus, person: NewPerson) -> None:
    # A hundred at once, then forty a second; and everybody gets in.
    room = await focus.open_room()
    people = [await person() for _ in range(125)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(enter(one, room, f"{number:08x}") for number, one in enumerate(people)))
    assert 0.5 < loop.time() - began < 10


async def test_room_is_gone_with_its_last_occupant(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    await ada.send(muc.leave(room, "3fa81c02"))
    await focus.sees(f"{room}/3fa81c02", "unavailable")
    focus.connection.send(muc.leave(room, "focus", from_=focus.full))
    await focus.sees(f"{room}/focus", "unavailable")
    focus.seen.clear()
    again = await focus.enter(room)
    assert "201" in status_codes(again.element)


async def test_everybody_hears_what_is_said(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    await ada.send(body(room, "good morning"))
    assert (await hears(bob, "good morning")).get("from") == f"{room}/3fa81c02"


async def test_bridge_and_focus_meet_in_the_brewery(focus: Focus, bridge: Connection) -> None:
    brewery = f"jvbbrewery@internal.auth.{focus.prosody.domain}"
    await focus.enter(brewery)
    bridge.send(muc.join(brewery, "bridge1"))
    seen = await focus.sees(f"{brewery}/bridge1")
    assert item(seen.element)["jid"] == bridge.jid

    async def healthy(iq: Iq) -> Element | None:
        assert (iq.from_, iq.kind) == (f"{brewery}/focus", "get")
        return None

    bridge.on_iq("{http://jitsi.org/protocol/healthcheck}healthcheck", healthy)
    request = Element("{http://jitsi.org/protocol/healthcheck}healthcheck")
    assert await focus.iq(f"{brewery}/bridge1", request, kind="get") is None


async def test_client_cannot_enter_the_brewery(focus: Focus, person: NewPerson) -> None:
    brewery = f"jvbbrewery@internal.auth.{focus.prosody.domain}"
    await focus.enter(brewery)
    ada = await person()
    assert condition(await knock(ada, brewery, "3fa81c02")) == "forbidden"
    with pytest.raises(Refused) as refused:
        await ada.iq(f"{brewery}/focus", Element("{urn:example}ask"))
    assert refused.value.condition == "forbidden"


async def test_client_cannot_reach_an_account(prosody: Prosody, bridge: Connection, person: NewPerson) -> None:
    with pytest.raises(Refused) as refused:
        await (await person()).iq(bridge.jid, Element("{urn:example}ask"))
    assert refused.value.condition == "forbidden"


async def test_no_other_room_beside_the_brewery(prosody: Prosody, bridge: Connection) -> None:
    refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    bridge.on_presence(lambda presence: refused.set_result(condition(presence.element)))
    bridge.send(muc.join(f"other@internal.auth.{prosody.domain}", "bridge1"))
    async with asyncio.timeout(10):
        assert await refused == "forbidden"
