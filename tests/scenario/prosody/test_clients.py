"""How clients connect, come back after a broken socket, and are kept from hurting others."""

import asyncio
import re
from xml.etree.ElementTree import Element, SubElement

import aiohttp
import pytest

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT, Iq
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import Focus, body, condition, enter, hears, knock, status_codes
from tests.support.bosh_client import BoshClient
from tests.support.prosody import Prosody
from tests.support.xmpp_client import FRAMING, SASL, Refused, XmppClient

DISCO_INFO = "http://jabber.org/protocol/disco#info"
EXTDISCO = "urn:xmpp:extdisco:2"


async def test_user_name_begins_with_eight_hexadecimal_digits_of_its_own(person: NewPerson) -> None:
    names = [(await person()).jid for _ in range(3)]
    assert all(re.match(r"[0-9a-f]{8}", name) for name in names)
    assert len({name[:8] for name in names}) == 3


async def test_what_a_client_reads_after_login(prosody: Prosody, person: NewPerson) -> None:
    ada = await person()
    info = await ada.iq(prosody.domain, Element(f"{{{DISCO_INFO}}}query"), kind="get")
    features = {each.get("var") for each in info.iter(f"{{{DISCO_INFO}}}feature")}
    assert "urn:xmpp:ping" in features
    services = await ada.iq(prosody.domain, Element(f"{{{EXTDISCO}}}services"), kind="get")
    assert services[0].tag == f"{{{EXTDISCO}}}services"
    assert len(services[0]) == 0
    assert len(await ada.iq(prosody.domain, Element("{urn:xmpp:ping}ping"), kind="get")) == 0


async def test_broken_socket_keeps_address_room_and_what_was_said_meanwhile(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    await ada.break_socket()
    await bob.send(body(room, "are you there?"))
    await hears(bob, "are you there?")
    back = XmppClient(focus.prosody.websocket, focus.prosody.domain)
    await back.connect(resume=ada)
    try:
        assert back.jid == ada.jid
        await hears(back, "are you there?")
        await back.send(body(room, "I am"))
        assert (await hears(bob, "I am")).get("from") == f"{room}/3fa81c02"
        assert not [stanza for stanza in bob.seen if stanza.get("type") == "unavailable"]
    finally:
        await back.close()


async def test_a_made_up_token_resumes_nothing(prosody: Prosody, person: NewPerson) -> None:
    ada = await person()
    for token in ("nonsense", "", ada.jid.partition("/")[2], "x" * 500):
        thief = XmppClient(prosody.websocket, prosody.domain)
        stolen = XmppClient(prosody.websocket, prosody.domain)
        stolen.resume_id = token
        with pytest.raises(Refused):
            await thief.connect(resume=stolen)
        await thief.close()
    await ada.iq(prosody.domain, Element("{urn:xmpp:ping}ping"), kind="get")


async def test_bosh_client_joins_and_chats(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = BoshClient(focus.prosody.bosh, focus.prosody.domain)
    await ada.connect()
    first = await ada.send(muc.join(room, "3fa81c02"))
    await ada.expect(first, lambda stanza: "110" in status_codes(stanza))
    bob = await person()
    await enter(bob, room, "b7d40e95")
    await ada.send(body(room, "over BOSH"))
    await hears(bob, "over BOSH")
    await ada.close()


async def test_large_stanza_ends_its_sender_and_nobody_else(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, bob, eve = await person(), await person(), await person()
    await enter(ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    await enter(eve, room, "e7e00000")
    await eve.send(body(room, "x" * 1_000_000))
    async with asyncio.timeout(10):
        await eve.closed.wait()
    await ada.expect(
        lambda stanza: stanza.get("type") == "unavailable" and stanza.get("from") == f"{room}/e7e00000",
        "the sender's leave",
    )
    await ada.send(body(room, "still here"))
    await hears(bob, "still here")
    assert all(len(stanza.findtext(f"{{{NS_CLIENT}}}body") or "") < 100 for stanza in bob.seen)


async def test_stanza_below_the_limit_passes(focus: Focus, person: NewPerson) -> None:
    # An answer with many sources; chat has a limit of its own.
    room = await focus.open_room()
    ada = await person()
    await enter(ada, room, "3fa81c02")
    words = "y" * 60_000

    async def echo(iq: Iq) -> Element:
        answer = Element("{urn:example}told")
        answer.text = iq.payload.text
        return answer

    focus.connection.on_iq("{urn:example}ask", echo)
    question = Element("{urn:example}ask")
    question.text = words
    assert (await ada.iq(f"{room}/focus", question))[0].text == words


@pytest.mark.parametrize("depth", [9])
async def test_entities_are_refused(prosody: Prosody, depth: int) -> None:
    bomb = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, depth))
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(prosody.websocket, protocols=("xmpp",)) as socket,
    ):
        await socket.send_str(
            f"<!DOCTYPE x [<!ENTITY e0 'lol'>{bomb}]><open xmlns='{FRAMING}' to='&e{depth - 1};' version='1.0'/>"
        )
        seen = [message.data async for message in socket if message.type is aiohttp.WSMsgType.TEXT]
    assert not [text for text in seen if "features" in text]


async def test_flood_is_slowed_and_loses_nothing(focus: Focus, person: NewPerson) -> None:
    # Twenty messages at once, then five a second: thirty take about two seconds.
    room = await focus.open_room()
    ada, bob = await person(), await person()
    await enter(ada, room, "3fa81c02")
    await enter(bob, room, "b7d40e95")
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(30):
        await ada.send(body(room, f"flood {number}"))
    for number in range(10):
        await bob.send(body(room, f"calm {number}"))
    await hears(ada, "calm 9", timeout=1.5)
    await hears(bob, "flood 29")
    assert 1.5 < loop.time() - began < 5
    heard = [stanza.findtext(f"{{{NS_CLIENT}}}body") or "" for stanza in bob.seen]
    assert [words for words in heard if words.startswith("flood")] == [f"flood {number}" for number in range(30)]


async def test_flood_over_bosh_is_slowed_too(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada = BoshClient(focus.prosody.bosh, focus.prosody.domain)
    await ada.connect()
    first = await ada.send(muc.join(room, "3fa81c02"))
    await ada.expect(first, lambda stanza: "110" in status_codes(stanza))
    bob = await person()
    await enter(bob, room, "b7d40e95")
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(30):
        await ada.send(body(room, f"flood {number}"))
    await hears(bob, "flood 29")
    assert 1.5 < loop.time() - began < 8
    await ada.close()


async def test_logins_of_one_address_are_limited(prosody: Prosody) -> None:
    # The address is the one that the web server forwards. Sixty at once, then ten a second.
    async def log_in() -> float:
        async with (
            aiohttp.ClientSession(headers={"X-Forwarded-For": "192.0.2.7"}) as session,
            session.ws_connect(prosody.websocket, protocols=("xmpp",)) as socket,
        ):
            await socket.send_str(f"<open xmlns='{FRAMING}' to='{prosody.domain}' version='1.0'/>")
            await socket.receive()
            await socket.receive()
            await socket.send_str(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
            assert "success" in (await socket.receive(timeout=10)).data
            return asyncio.get_running_loop().time()

    began = asyncio.get_running_loop().time()
    ends = sorted([at - began for at in await asyncio.gather(*(log_in() for _ in range(75)))])
    assert ends[74] > 1.0
    assert ends[74] - ends[59] > 0.8


async def test_accounts_offer_no_login_where_browsers_come(prosody: Prosody) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(prosody.websocket, protocols=("xmpp",)) as socket,
    ):
        await socket.send_str(f"<open xmlns='{FRAMING}' to='auth.{prosody.domain}' version='1.0'/>")
        seen = [message.data async for message in socket if message.type is aiohttp.WSMsgType.TEXT]
    assert "mechanism" not in "".join(seen)


async def test_client_cannot_speak_for_another(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, eve = await person(), await person()
    await enter(ada, room, "3fa81c02")
    forged = body(room, "I am Ada")
    forged.set("from", ada.jid)
    await eve.send(forged)
    refused = await eve.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
    assert condition(refused) == "not-acceptable"


async def test_two_clients_with_one_nick(focus: Focus, person: NewPerson) -> None:
    room = await focus.open_room()
    ada, eve = await person(), await person()
    await enter(ada, room, "3fa81c02")
    assert condition(await knock(eve, room, "3fa81c02")) == "conflict"


async def test_outside_world_is_not_reached(prosody: Prosody, person: NewPerson) -> None:
    ada = await person()
    stanza = Element(f"{{{NS_CLIENT}}}message", to="somebody@example.org", type="chat")
    SubElement(stanza, f"{{{NS_CLIENT}}}body").text = "hello?"
    await ada.send(stanza)
    refused = await ada.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
    assert condition(refused) in ("not-allowed", "remote-server-not-found")
