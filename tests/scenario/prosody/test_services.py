"""How the focus's and a bridge's connections live: log in, lose the server, come back."""

import asyncio
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

import pytest
from pydantic import SecretStr

from pyjitsi.xmpp import connection as module
from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT, Connection, Iq, IqError, IqTimeout, Presence, client, component
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.prosody.people import Focus, body, connected, enter, hears, status_codes
from tests.support.prosody import MISSING, Prosody, executable
from tests.support.xmpp_client import XmppClient


@pytest.fixture
def own_prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    """A server that a test may kill."""
    if executable() is None:
        pytest.skip(MISSING)
    server = Prosody(tmp_path_factory.mktemp("prosody"))
    server.start()
    yield server
    server.stop()


async def test_connection_knows_its_address(focus: Focus, bridge: Connection) -> None:
    domain = focus.prosody.domain
    assert focus.connection.jid == f"focus.{domain}"
    assert bridge.jid.startswith(f"jvb@auth.{domain}/")


async def test_restart_of_the_server_is_survived(own_prosody: Prosody) -> None:
    came: asyncio.Queue[str] = asyncio.Queue()
    focus, bridge = component(own_prosody.focus()), client(own_prosody.bridge())

    async def focus_came() -> None:
        came.put_nowait("focus")

    async def bridge_came() -> None:
        came.put_nowait("bridge")

    focus.on_connected(focus_came)
    bridge.on_connected(bridge_came)
    async with connected(focus), connected(bridge):
        resource = bridge.jid
        assert {await came.get(), await came.get()} == {"focus", "bridge"}
        lost = asyncio.Event()
        focus.on_disconnected(lost.set)
        never: asyncio.Future[Element | None] = asyncio.get_running_loop().create_future()

        async def silent(_: Iq) -> Element | None:
            return await never

        bridge.on_iq("{urn:example}ask", silent)
        brewery = f"jvbbrewery@internal.auth.{own_prosody.domain}"
        person = Focus(own_prosody, focus)
        await person.enter(brewery)
        bridge.send(muc.join(brewery, "bridge1"))
        await person.sees(f"{brewery}/bridge1")
        asking = asyncio.create_task(person.iq(f"{brewery}/bridge1", Element("{urn:example}ask")))
        await asyncio.sleep(0.1)
        own_prosody.kill()
        with pytest.raises(IqTimeout, match=r"the stream was lost before .*/bridge1 answered"):
            await asking
        async with asyncio.timeout(5):
            await lost.wait()
        assert not focus.connected
        with pytest.raises(IqTimeout, match="no XMPP stream"):
            await focus.iq(brewery, Element("{urn:example}ask"))
        own_prosody.launch()
        async with asyncio.timeout(12):
            assert {await came.get(), await came.get()} == {"focus", "bridge"}
        assert bridge.jid == resource


async def test_focus_that_was_killed_takes_its_stream_over(own_prosody: Prosody) -> None:
    async with connected(component(own_prosody.focus())) as old:
        lost = asyncio.Event()
        old.on_disconnected(lost.set)
        async with connected(component(own_prosody.focus())), asyncio.timeout(5):
            await lost.wait()


async def test_focus_that_is_away_stays_in_its_rooms(own_prosody: Prosody) -> None:
    """Clients give up a meeting whose focus leaves, and rooms take out whoever answers with errors."""
    ada, bob = (XmppClient(own_prosody.websocket, own_prosody.domain) for _ in range(2))
    async with connected(component(own_prosody.focus())) as old:
        room = await Focus(own_prosody, old).open_room()
        for person, nick in ((ada, "aaaaaaaa"), (bob, "bbbbbbbb")):
            await person.connect()
            await enter(person, room, nick)
    muted = muc.presence(f"{room}/aaaaaaaa")
    SubElement(muted, f"{{{NS_CLIENT}}}audiomuted").text = "true"
    await ada.send(muted)
    await bob.expect(lambda each: each.findtext(f"{{{NS_CLIENT}}}audiomuted") == "true", "that ada is mute")
    await ada.send(body(room, "who is there?"))
    await hears(bob, "who is there?")
    await ada.send(body(room, "still there?"))
    await hears(bob, "still there?")
    for person in (ada, bob):
        assert [each.get("type") for each in person.seen if each.get("from") == f"{room}/focus"] == [None]
    async with connected(component(own_prosody.focus())) as new:
        focus = Focus(own_prosody, new)
        assert status_codes((await focus.enter(room)).element) >= {"110"}
        await focus.sees(f"{room}/aaaaaaaa")
        await focus.sees(f"{room}/bbbbbbbb")
        await ada.send(muc.presence(f"{room}/aaaaaaaa", kind="unavailable"))
        await focus.sees(f"{room}/aaaaaaaa", "unavailable")
    await asyncio.gather(ada.close(), bob.close())


async def test_bridge_replaces_its_own_dead_session(prosody: Prosody, bridge: Connection) -> None:
    async with connected(client(prosody.bridge())) as other:
        assert other.jid != bridge.jid
        assert bridge.connected


async def test_wrong_secret_never_connects(prosody: Prosody) -> None:
    settings = prosody.focus().model_copy(update={"secret": SecretStr("wrong")})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), connected(component(settings)):
            pass


async def test_wrong_password_never_connects(prosody: Prosody) -> None:
    settings = prosody.bridge().model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), connected(client(settings)):
            pass


async def test_tls_that_is_required_is_not_done_without(prosody: Prosody) -> None:
    settings = prosody.bridge().model_copy(update={"security": "required"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), connected(client(settings)):
            pass
    assert "PLAIN" not in prosody.log()


async def test_password_changes_with_the_file(own_prosody: Prosody) -> None:
    async with connected(client(own_prosody.bridge())):
        pass
    own_prosody.set_password("jvb", "another")
    changed = own_prosody.bridge().model_copy(update={"password": SecretStr("another")})
    async with connected(client(changed)) as bridge:
        assert bridge.connected
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), connected(client(own_prosody.bridge())):
            pass


async def test_services_are_not_slowed(focus: Focus, bridge: Connection) -> None:
    brewery = f"jvbbrewery@internal.auth.{focus.prosody.domain}"
    await focus.enter(brewery)
    bridge.send(muc.join(brewery, "bridge2"))
    await focus.sees(f"{brewery}/bridge2")

    async def echo(iq: Iq) -> Element | None:
        assert iq.payload.text is not None
        answer = Element("{urn:example}told")
        answer.text = iq.payload.text
        return answer

    bridge.on_iq("{urn:example}ask", echo)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        ask = Element("{urn:example}ask")
        ask.text = "x" * 20_000
        await focus.iq(f"{brewery}/bridge2", ask)
    # At the clients' 64 kB/s, 400 kB would take six seconds.
    assert loop.time() - began < 2


async def test_refusal_reaches_whoever_asked(focus: Focus, bridge: Connection) -> None:
    brewery = f"jvbbrewery@internal.auth.{focus.prosody.domain}"
    await focus.enter(brewery)
    bridge.send(muc.join(brewery, "bridge3"))
    await focus.sees(f"{brewery}/bridge3")

    async def refuse(_: Iq) -> Element | None:
        raise StanzaError("bad-request", "no such conference", Element("{jitsi:colibri2}error", reason="X"))

    bridge.on_iq("{urn:example}ask", refuse)
    with pytest.raises(IqError) as refused:
        await focus.iq(f"{brewery}/bridge3", Element("{urn:example}ask"))
    assert (refused.value.condition, refused.value.text) == ("bad-request", "no such conference")
    assert refused.value.error is not None
    assert refused.value.error.find("{jitsi:colibri2}error[@reason='X']") is not None


async def test_silence_is_a_timeout(focus: Focus, bridge: Connection) -> None:
    brewery = f"jvbbrewery@internal.auth.{focus.prosody.domain}"
    await focus.enter(brewery)
    bridge.send(muc.join(brewery, "bridge4"))
    await focus.sees(f"{brewery}/bridge4")

    async def silent(_: Iq) -> Element | None:
        await asyncio.sleep(60)
        return None

    bridge.on_iq("{urn:example}ask", silent)
    with pytest.raises(IqTimeout, match=r"did not answer within 0\.2 s"):
        await focus.connection.iq(f"{brewery}/bridge4", Element("{urn:example}ask"), from_=focus.full, timeout=0.2)


async def test_silent_server_is_found_by_ping(own_prosody: Prosody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_SECONDS", 0.1)
    monkeypatch.setattr(module, "PING_TIMEOUT_SECONDS", 0.3)
    async with connected(client(own_prosody.bridge())) as bridge:
        lost = asyncio.Event()
        bridge.on_disconnected(lost.set)
        await asyncio.sleep(0.5)
        assert bridge.connected
        own_prosody.freeze()
        async with asyncio.timeout(5):
            await lost.wait()


async def test_presence_of_a_bridge_that_goes(focus: Focus, prosody: Prosody) -> None:
    brewery = f"jvbbrewery@internal.auth.{prosody.domain}"
    await focus.enter(brewery)
    async with connected(client(prosody.bridge())) as bridge:
        bridge.send(muc.join(brewery, "bridge5"))
        await focus.sees(f"{brewery}/bridge5")
    gone: Presence = await focus.sees(f"{brewery}/bridge5", "unavailable")
    assert gone.to == focus.full


async def test_stanza_that_the_server_would_end_the_stream_for_is_not_sent(focus: Focus, bridge: Connection) -> None:
    for connection, size in ((focus.connection, 600_000), (bridge, 300_000)):
        large = Element("{urn:example}ask")
        large.text = "ä" * (size // 2)
        with pytest.raises(IqError, match="too large to send"):
            await connection.iq(focus.prosody.domain, large, from_=None)
        assert connection.connected


async def test_characters_that_xml_cannot_hold_do_not_end_the_stream(focus: Focus) -> None:
    room = await focus.open_room()
    name = Element("{urn:example}name")
    name.text = "a\x00b"
    focus.connection.send(muc.presence(f"{room}/focus", [name], from_=focus.full))
    await focus.iq(room, Element(f"{{{muc.NS_OWNER}}}query"), kind="get")
    assert focus.connection.connected
