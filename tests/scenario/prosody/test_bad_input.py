"""Holes that others fell into (advisories of Jitsi, Prosody and their peers), each tried on a running server."""

import asyncio
import contextlib
import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import aiohttp
import pytest

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import Focus, body, condition, enter, hears, knock
from tests.scenario.prosody.test_bookings import asks, running
from tests.support import http
from tests.support.prosody import Prosody
from tests.support.xmpp_client import FRAMING, Refused, XmppClient

ADA, BOB, EVE = "3fa81c02", "b7d40e95", "c0ffee00"
JITMEET = "http://jitsi.org/jitmeet"


async def company(focus: Focus, person: NewPerson) -> tuple[str, XmppClient, XmppClient]:
    room = await focus.open_room()
    ada, eve = await person(), await person()
    await enter(ada, room, ADA, name="Ada")
    await enter(eve, room, EVE, name="Eve")
    return room, ada, eve


async def refused_message(person: XmppClient) -> str:
    stanza = await person.expect(lambda s: s.get("type") == "error" and s.tag.endswith("message"), "a refusal")
    return condition(stanza)


# Identity (JSA-2022-0004): who says something is who the stanza is from.


async def test_who_speaks_is_who_sent_it_whatever_the_body_says(focus: Focus, person: NewPerson) -> None:
    room, ada, eve = await company(focus, person)
    message = Element(f"{{{NS_CLIENT}}}message", to=room, type="groupchat")
    forged = {"type": "new-poll", "senderId": ADA, "from": f"{room}/{ADA}", "senderName": "Ada"}
    SubElement(message, f"{{{JITMEET}}}json-message").text = json.dumps(forged)
    await eve.send(message)
    heard = await ada.expect(lambda s: "new-poll" in (s.findtext(f"{{{JITMEET}}}json-message") or ""), "the poll")
    assert heard.get("from") == f"{room}/{EVE}"


@pytest.mark.parametrize(
    "change",
    [
        "<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/><body>taken back</body>",
        "<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/><body>I resign</body>",
        f"<json-message xmlns='{JITMEET}'>"
        '{{"type":"editChat","messageId":"{id}","message":"I resign"}}</json-message>',
    ],
)
async def test_nobody_changes_what_another_said(focus: Focus, person: NewPerson, change: str) -> None:
    room, ada, eve = await company(focus, person)

    async def send(who: XmppClient, identity: str, content: str) -> None:
        await who.send(f"<message xmlns='{NS_CLIENT}' to='{room}' type='groupchat' id='{identity}'>{content}</message>")

    def is_refusal(stanza: Element) -> bool:
        return stanza.get("type") == "error" and "forbidden" in {each.tag.rpartition("}")[2] for each in stanza.iter()}

    await send(ada, "words", "<body>I stay</body>")
    await hears(eve, "I stay")
    for number, target in enumerate(("words", "never-said")):
        await send(eve, f"change{number}", change.format(id=target))
        eve.seen.remove(await eve.expect(is_refusal, "a refusal"))
    await send(eve, "words", "<body>mine, by its id</body>")
    await send(eve, "change2", change.format(id="words"))
    await eve.expect(is_refusal, "a refusal")
    await send(ada, "own", change.format(id="words"))
    changed = await eve.expect(lambda s: s.get("id") in ("own", "change0", "change1", "change2"), "the change")
    while changed.get("type") == "error":
        eve.seen.remove(changed)
        changed = await eve.expect(lambda s: s.get("id") in ("own", "change0", "change1", "change2"), "the change")
    assert (changed.get("id"), changed.get("from")) == ("own", f"{room}/{ADA}")


@pytest.mark.parametrize(
    "forged",
    [
        "<identity><user><id>ada@example.org</id><name>Ada</name></user></identity>",
        f"<permissions xmlns='{JITMEET}'><p name='recording' val='true'/></permissions>",
        "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/></x>",
        "<jibri-recording-status xmlns='http://jitsi.org/protocol/jibri' status='on'/>",
        "<conference-properties xmlns='http://jitsi.org/protocol/focus'><property key='a' value='b'/>"
        "</conference-properties>",
    ],
)
async def test_what_the_server_says_of_people_is_not_taken_from_themselves(
    focus: Focus, person: NewPerson, forged: str
) -> None:
    room, ada, eve = await company(focus, person)
    await eve.send(
        f"<presence xmlns='{NS_CLIENT}' to='{room}/{EVE}'>{forged}"
        "<nick xmlns='http://jabber.org/protocol/nick'>changed</nick></presence>"
    )
    seen = await ada.expect(lambda s: "changed" in "".join(s.itertext()), "the presence")
    assert "ada@example.org" not in tostring(seen, "unicode")
    names = [child.tag.rpartition("}")[2] for child in seen]
    assert sorted(names) == ["nick", "occupant-id", "x"]  # the latter two are the server's
    assert seen.find(".//{http://jabber.org/protocol/muc#user}item[@role='moderator']") is None


async def test_nobody_antedates_what_he_says(focus: Focus, person: NewPerson) -> None:
    room, ada, eve = await company(focus, person)
    message = body(room, "I resign")
    SubElement(message, "{urn:xmpp:delay}delay", {"stamp": "2020-01-01T00:00:00Z", "from": f"{room}/{ADA}"})
    await eve.send(message)
    heard = await hears(ada, "I resign")
    assert heard.find("{urn:xmpp:delay}delay") is None


# Oversize.


async def test_a_novel_is_no_chat_message(focus: Focus, person: NewPerson) -> None:
    room, ada, eve = await company(focus, person)
    for to, kind in ((room, "groupchat"), (f"{room}/{ADA}", "chat")):
        eve.seen.clear()
        await eve.send(body(to, "x" * 30_000, kind))
        assert await refused_message(eve) == "policy-violation"
    await eve.send(body(room, "y" * 10_000))
    await hears(ada, "y" * 10_000)
    assert not [stanza for stanza in ada.seen if "xxxx" in "".join(stanza.itertext())]


async def test_a_novel_is_no_name_and_a_library_no_presence(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    eve = await person()
    assert condition(await knock(eve, room, EVE, name="E" * 1000)) == "policy-violation"
    eve.seen.clear()
    await eve.send(
        f"<presence xmlns='{NS_CLIENT}' to='{room}/{EVE}'><x xmlns='{muc.NS}'/><email>{'e' * 50_000}</email></presence>"
    )
    refused = await eve.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
    assert condition(refused) == "policy-violation"


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "</nick><script>", "&lt;b&gt;", "a\u202eb", "𝕬"])
async def test_a_name_comes_as_it_was_written(focus: Focus, person: NewPerson, name: str) -> None:
    room = await focus.open_room()
    ada, eve = await person(), await person()
    await enter(ada, room, ADA)
    await enter(eve, room, EVE, name=name)
    seen = await ada.expect(lambda stanza: stanza.get("from") == f"{room}/{EVE}", "the presence")
    assert seen.findtext("{http://jabber.org/protocol/nick}nick") == name


# Names of rooms.


@pytest.mark.parametrize("other", ["Tricks", "TRICKS", "ｔｒｉｃｋｓ", "ᵗricks"])
async def test_spellings_that_the_server_takes_for_one_are_one_room_for_the_focus_too(
    prosody: Prosody, person: NewPerson, other: str
) -> None:
    async with running(prosody) as service:
        ada = await person()
        room = await asks(ada, prosody, "tricks")
        await enter(ada, room, ADA)
        await asks(ada, prosody, other)
        assert list(service.rooms) == [room]


@pytest.mark.parametrize("name", ["trіcks", "%74ricks", "tricks%00", "..%2f..%2fetc", "..", "tricks%0d%0a"])
async def test_spellings_that_merely_look_alike_are_other_rooms(prosody: Prosody, person: NewPerson, name: str) -> None:
    async with running(prosody) as service:
        ada, eve = await person(), await person()
        room = await asks(ada, prosody, "tricks")
        await enter(ada, room, ADA)
        other = await asks(eve, prosody, name)
        await enter(eve, other, EVE)
        assert set(service.rooms) == {room, other}
        assert not [stanza for stanza in ada.seen if stanza.get("from") == f"{room}/{EVE}"]


@pytest.mark.parametrize("name", ["a/../b", "a b", "", "a@b", "a\u200bb/c", "\u2028", "x" * 1100, "a&b", "<a>", 'a"b'])
async def test_what_is_no_rooms_name_is_refused_and_the_focus_lives(
    prosody: Prosody, person: NewPerson, name: str
) -> None:
    async with running(prosody) as service:
        eve = await person()
        with pytest.raises(Refused) as refused:
            await asks(eve, prosody, name)
        assert refused.value.condition in ("bad-request", "jid-malformed")
        assert service.rooms == {}
        await asks(eve, prosody, "fine")


# Stanzas that break parsers (JSA-2022-0002, 2023-0002, 2025-0001): the stream to the focus stays.


def nested(depth: int) -> str:
    return "<a>" * depth + "</a>" * depth


@pytest.mark.parametrize(
    "payload",
    [
        nested(3000),
        "<conference xmlns='http://jitsi.org/protocol/focus'/>",
        "<conference xmlns='http://jitsi.org/protocol/focus' room='&#x9;&#xA;@x'/>",
        "<conference xmlns='http://jitsi.org/protocol/focus' room='\U0001f600@conference.meet.localhost' a='1'/>",
        "<query xmlns=''/>",
        "<a:b xmlns:a='http://www.w3.org/XML/1998/namespace'/>",
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='" + "s" * 50_000 + "'/>",
        "<x " + " ".join(f"a{n}='{n}'" for n in range(2000)) + "/>",
    ],
)
async def test_a_stanza_that_breaks_a_parser_breaks_no_stream(
    prosody: Prosody, person: NewPerson, payload: str
) -> None:
    async with running(prosody) as service:
        eve, ada = await person(), await person()
        room = await asks(ada, prosody, "steady")
        await enter(ada, room, ADA)
        with contextlib.suppress(ConnectionError):  # her own stream may end
            for address in (f"focus.{prosody.domain}", f"focus@focus.{prosody.domain}/focus", f"{room}/focus"):
                for kind in ("get", "set"):
                    await eve.send(f"<iq xmlns='{NS_CLIENT}' type='{kind}' to='{address}' id='q'>{payload}</iq>")
                await eve.send(f"<message xmlns='{NS_CLIENT}' to='{address}'>{payload}</message>")
                await eve.send(f"<presence xmlns='{NS_CLIENT}' to='{address}'>{payload}</presence>")
        await asks(ada, prosody, "steady")
        assert service.health().healthy
        assert not [stanza for stanza in ada.seen if stanza.get("type") == "unavailable"]


# XML over WebSocket (Prosody CVE-2022-0217, CVE-2026-43507).


@pytest.mark.parametrize(
    "frame",
    [
        "<!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]><a>&c;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<?xml version='1.0'?><?php echo 1 ?><a/>",
        "<!-- a --><a/>",
        f"<open xmlns='{FRAMING}' to='meet.localhost' version='1.0'>&lol;</open>",
        "<" * 5000,
        "\x00",
        nested(20_000),
    ],
    ids=lambda frame: frame[:20].encode("unicode_escape").decode(),
)
async def test_xml_that_is_none_of_xmpps_ends_its_stream_before_log_in(
    prosody: Prosody, person: NewPerson, frame: str
) -> None:
    ada = await person()
    async with http.session() as session, session.ws_connect(prosody.websocket, protocols=("xmpp",)) as socket:
        await socket.send_str(frame)
        async with asyncio.timeout(10):
            answers = [message async for message in socket]
        assert all("root" not in str(answer.data) for answer in answers)
    await ada.iq(prosody.domain, Element("{urn:xmpp:ping}ping"), "get", timeout=2)


async def test_deep_nesting_before_log_in_stops_nobody_else(prosody: Prosody, person: NewPerson) -> None:
    ada = await person()

    async def nonsense(session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(prosody.websocket, protocols=("xmpp",)) as socket:
            await socket.send_str("<a>" * 20_000)
            async with asyncio.timeout(20):
                assert "policy-violation" in str([message.data async for message in socket])

    async with http.session() as session:
        flood = asyncio.gather(*(nonsense(session) for _ in range(60)))
        await asyncio.sleep(0.2)
        await ada.iq(prosody.domain, Element("{urn:xmpp:ping}ping"), "get", timeout=4)
        await flood


async def test_many_who_never_log_in_cost_nobody_else_anything(prosody: Prosody, person: NewPerson) -> None:
    ada = await person()
    loop = asyncio.get_running_loop()
    idle: list[Any] = []
    try:
        for number in range(150):
            reader, writer = await asyncio.open_connection("127.0.0.1", prosody.config.http_port)
            head = "GET /xmpp-websocket HTTP/1.1\r\nHost: x\r\nX-Slow: "
            writer.write(head[: 10 + number % 40].encode())
            idle.append((reader, writer))
        began = loop.time()
        await ada.iq(prosody.domain, Element("{urn:xmpp:ping}ping"), "get", timeout=5)
        other = await person()
        await other.iq(prosody.domain, Element("{urn:xmpp:ping}ping"), "get", timeout=5)
        assert loop.time() - began < 3
    finally:
        for _, writer in idle:
            writer.close()


@pytest.mark.parametrize("path", ["/xmpp-websocket%0d%0aSet-Cookie:%20a=b", "/http-bind?x=%0d%0aSet-Cookie:%20a=b"])
async def test_line_ends_in_an_address_make_no_header(prosody: Prosody, path: str) -> None:
    url = f"http://127.0.0.1:{prosody.config.http_port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert "Set-Cookie" not in answer.headers
