"""The connection over a scripted stream: no socket, no server."""

import asyncio
from typing import Literal
from xml.etree.ElementTree import Element, SubElement

import pytest
from prometheus_client import REGISTRY

from pyjitsi.xmpp.connection import Connection, Iq, IqError, IqTimeout, Message, Presence
from pyjitsi.xmpp.replies import NS_CLIENT, NS_STANZAS
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.streams import Listener, StanzaTooLarge

FOCUS = "focus.example"
ROOM = "atrium@conference.example"


class FakeStream:
    """Records what is sent; the test plays the server."""

    def __init__(self) -> None:
        self.sent: list[Element] = []
        self.opened: int = 0
        self.aborted: int = 0
        self.closed: bool = False

    def open(self, host: str, port: int) -> None:
        assert (host, port) == ("127.0.0.1", 5347)
        self.opened += 1

    def send_element(self, stanza: Element) -> None:
        if len(stanza.findtext("{urn:example}ask") or "") > 100:
            raise StanzaTooLarge("too large")
        self.sent.append(stanza)

    async def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted += 1


async def made() -> tuple[Connection, FakeStream]:
    """A connection whose session stands."""
    stream = FakeStream()

    def make(_: Listener) -> FakeStream:
        return stream

    connection = Connection(make, "127.0.0.1", 5347, FOCUS, ping=False)
    await connection.start()
    connection.on_session(FOCUS)
    return connection, stream


def request(payload: Element | None, kind: str = "set", identity: str = "AB=/+") -> Element:
    iq = Element(f"{{{NS_CLIENT}}}iq", {"from": f"{ROOM}/3fa81c02", "to": f"{FOCUS}/x", "id": identity, "type": kind})
    if payload is not None:
        iq.append(payload)
    return iq


def answer(to: Element, *children: Element, kind: str = "result", sender: str | None = None) -> Element:
    sender = to.get("to", "") if sender is None else sender
    iq = Element(f"{{{NS_CLIENT}}}iq", {"from": sender, "id": to.get("id", ""), "type": kind})
    iq.extend(children)
    return iq


async def settled() -> None:
    """Let handlers run."""
    for _ in range(5):
        await asyncio.sleep(0)


def condition(stanza: Element) -> str:
    error = stanza.find(f"{{{NS_CLIENT}}}error")
    assert error is not None
    return f"{error.get('type')}/{error[0].tag.removeprefix(f'{{{NS_STANZAS}}}')}"


async def test_request_is_answered_from_where_it_was_sent_with_its_id() -> None:
    connection, stream = await made()
    seen: list[Iq] = []

    async def handle(iq: Iq) -> Element:
        seen.append(iq)
        return Element("{urn:example}told")

    connection.on_iq("{urn:example}ask", handle)
    connection.on_element(request(Element("{urn:example}ask"), "get"))
    await settled()
    reply = stream.sent[0]
    assert reply.attrib == {"type": "result", "from": f"{FOCUS}/x", "to": f"{ROOM}/3fa81c02", "id": "AB=/+"}
    assert [each.tag for each in reply] == ["{urn:example}told"]
    assert (seen[0].from_, seen[0].to, seen[0].kind, seen[0].id) == (f"{ROOM}/3fa81c02", f"{FOCUS}/x", "get", "AB=/+")
    await connection.stop()


async def test_empty_result() -> None:
    connection, stream = await made()

    async def handle(_: Iq) -> None:
        return None

    connection.on_iq("{urn:example}ask", handle)
    connection.on_element(request(Element("{urn:example}ask")))
    await settled()
    assert len(stream.sent[0]) == 0
    await connection.stop()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (StanzaError("bad-request", "no room"), "modify/bad-request"),
        (StanzaError("not-authorized", "log in"), "auth/not-authorized"),
        (StanzaError("resource-constraint", "later"), "wait/resource-constraint"),
        (StanzaError("item-not-found", "gone"), "cancel/item-not-found"),
        (KeyError("a bug"), "cancel/internal-server-error"),
    ],
)
async def test_what_a_handler_raises_becomes_the_error(raised: Exception, expected: str) -> None:
    connection, stream = await made()

    async def handle(_: Iq) -> None:
        raise raised

    connection.on_iq("{urn:example}ask", handle)
    connection.on_element(request(Element("{urn:example}ask")))
    await settled()
    assert condition(stream.sent[0]) == expected
    assert "a bug" not in str([each.text for each in stream.sent[0].iter()])
    await connection.stop()


async def test_errors_are_counted() -> None:
    def count() -> float:
        name = "pyjitsi_xmpp_requests_refused_total"
        return REGISTRY.get_sample_value(name, {"condition": "service-unavailable"}) or 0.0

    connection, _ = await made()
    before = count()
    connection.on_element(request(Element("{urn:example}unknown")))
    await settled()
    assert count() == before + 1
    await connection.stop()


@pytest.mark.parametrize(
    ("payload", "kind", "expected"),
    [
        (Element("{urn:example}unknown"), "set", "cancel/service-unavailable"),
        (None, "set", "modify/bad-request"),
        (Element("{urn:example}ask"), "", "modify/bad-request"),
        (Element("{urn:example}ask"), "nonsense", "modify/bad-request"),
    ],
)
async def test_a_request_that_is_none_gets_an_error(payload: Element | None, kind: str, expected: str) -> None:
    connection, stream = await made()
    connection.on_element(request(payload, kind))
    await settled()
    assert condition(stream.sent[0]) == expected
    await connection.stop()


async def test_handlers_start_in_order_and_run_beside_each_other() -> None:
    connection, stream = await made()
    order: list[str] = []
    gate = asyncio.Event()

    async def handle(iq: Iq) -> None:
        order.append(iq.id)
        if iq.id == "1":
            await gate.wait()

    connection.on_iq("{urn:example}ask", handle)
    for identity in ("1", "2", "3"):
        connection.on_element(request(Element("{urn:example}ask"), identity=identity))
    await settled()
    assert order == ["1", "2", "3"]
    assert [each.get("id") for each in stream.sent] == ["2", "3"]
    gate.set()
    await settled()
    assert [each.get("id") for each in stream.sent] == ["2", "3", "1"]
    await connection.stop()


async def test_result_reaches_whoever_asked() -> None:
    connection, stream = await made()
    asking = asyncio.create_task(connection.iq(f"{ROOM}/a", Element("{urn:example}ask"), kind="get", from_="f@focus/x"))
    await settled()
    asked = stream.sent[0]
    assert (asked.get("type"), asked.get("to"), asked.get("from")) == ("get", f"{ROOM}/a", "f@focus/x")
    connection.on_element(answer(asked, Element("{urn:example}told")))
    told = await asking
    assert told is not None
    assert told.tag == "{urn:example}told"
    await connection.stop()


async def test_error_reaches_whoever_asked() -> None:
    connection, stream = await made()
    asking = asyncio.create_task(connection.iq(ROOM, Element("{urn:example}ask")))
    await settled()
    error = Element(f"{{{NS_CLIENT}}}error", type="cancel")
    SubElement(error, f"{{{NS_STANZAS}}}conflict")
    SubElement(error, f"{{{NS_STANZAS}}}text").text = "taken"
    connection.on_element(answer(stream.sent[0], Element("{urn:example}ask"), error, kind="error"))
    with pytest.raises(IqError, match="conflict: taken") as refused:
        await asking
    assert refused.value.error is error
    await connection.stop()


@pytest.mark.parametrize("sender", ["eve@example/x", f"{ROOM}/b", "", "evil.example"])
async def test_answer_of_somebody_else_is_no_answer(sender: str) -> None:
    connection, stream = await made()
    asking = asyncio.create_task(connection.iq(f"{ROOM}/a", Element("{urn:example}ask")))
    await settled()
    connection.on_element(answer(stream.sent[0], Element("{urn:example}forged"), sender=sender))
    await settled()
    assert not asking.done()
    connection.on_element(answer(stream.sent[0], Element("{urn:example}told")))
    told = await asking
    assert told is not None
    assert told.tag == "{urn:example}told"
    await connection.stop()


async def test_unasked_answers_are_ignored() -> None:
    connection, stream = await made()
    for kind in ("result", "error"):
        connection.on_element(request(None, kind))
    await settled()
    assert stream.sent == []
    await connection.stop()


async def test_what_is_too_large_is_not_sent_and_the_stream_stays() -> None:
    connection, stream = await made()
    large = Element("{urn:example}ask")
    large.text = "x" * 101
    with pytest.raises(IqError, match="policy-violation: the request is too large to send"):
        await connection.iq("room", large)
    connection.send(request(large))
    connection.send(Element(f"{{{NS_CLIENT}}}presence"))
    assert [each.tag for each in stream.sent] == [f"{{{NS_CLIENT}}}presence"]
    await connection.stop()


async def test_silence_is_a_timeout() -> None:
    connection, _ = await made()
    with pytest.raises(IqTimeout, match=r"room did not answer within 0\.01 s"):
        await connection.iq("room", Element("{urn:example}ask"), timeout=0.01)
    await connection.stop()


async def test_lost_stream_fails_what_waits_and_says_so_once() -> None:
    connection, stream = await made()
    lost: list[str] = []
    connection.on_disconnected(lambda: lost.append("lost"))
    asking = asyncio.create_task(connection.iq("room", Element("{urn:example}ask")))
    await settled()
    connection.on_end("gone")
    connection.on_end("gone again")
    with pytest.raises(IqTimeout, match="the stream was lost before room answered"):
        await asking
    assert lost == ["lost"]
    assert not connection.connected
    connection.send(Element(f"{{{NS_CLIENT}}}presence"))
    assert len(stream.sent) == 1
    with pytest.raises(IqTimeout, match="no XMPP stream to ask room"):
        await connection.iq("room", Element("{urn:example}ask"))
    await connection.stop()


async def test_reconnects_after_one_second_then_two_then_four_and_at_most_five(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, stream = await made()
    delays: list[float] = []
    loop = asyncio.get_running_loop()

    def call_later(delay: float, callback: object, *args: object) -> asyncio.TimerHandle:
        delays.append(delay)
        assert callable(callback)
        callback(*args)
        return asyncio.TimerHandle(0.0, lambda: None, (), loop)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_later", call_later)
        connection.on_end("gone")
        for _ in range(4):
            connection.on_failure("refused")
        assert delays == [1.0, 2.0, 4.0, 5.0, 5.0]
        assert stream.opened == 6
        connection.on_session(FOCUS)
        connection.on_end("gone")
        assert delays[-1] == 1.0
        connection.on_session(FOCUS)
        connection.on_refusal("conflict: Replaced by a new connection")
        connection.on_end("End of stream")
        assert delays[-1] == 60.0, "two that throw each other out would do so for ever"
    await connection.stop()


async def test_connected_handlers_run_at_each_session_and_one_that_fails_stops_no_other() -> None:
    stream = FakeStream()

    def make(_: Listener) -> FakeStream:
        return stream

    connection = Connection(make, "127.0.0.1", 5347, FOCUS, ping=False)
    seen: list[bool] = []

    async def broken() -> None:
        raise RuntimeError("a bug")

    async def refused() -> None:
        raise IqError("conflict", "", None)

    async def note() -> None:
        seen.append(connection.connected)

    connection.on_connected(broken)
    connection.on_connected(refused)
    connection.on_connected(note)
    await connection.start()
    connection.on_session(FOCUS)
    await settled()
    connection.on_end("gone")
    connection.on_session(FOCUS)
    await settled()
    assert seen == [True, True]
    await connection.stop()


async def test_presences_and_messages_reach_every_handler() -> None:
    connection, _ = await made()
    seen: list[Presence | Message] = []

    def broken(_: Presence | Message) -> None:
        raise RuntimeError("a bug")

    connection.on_presence(broken)
    connection.on_presence(seen.append)
    connection.on_message(broken)
    connection.on_message(seen.append)
    stanzas: list[tuple[Literal["presence", "message"], dict[str, str]]] = [
        ("presence", {"from": "a"}),
        ("presence", {"from": "a", "type": "unavailable"}),
        ("presence", {"from": "a", "type": "error"}),
        ("message", {"from": "a"}),
        ("message", {"from": "a", "type": "groupchat"}),
    ]
    for name, attributes in stanzas:
        connection.on_element(Element(f"{{{NS_CLIENT}}}{name}", attributes))
    assert [each.kind for each in seen] == ["available", "unavailable", "error", "normal", "groupchat"]
    await connection.stop()


async def test_stop_closes_and_nothing_reconnects() -> None:
    connection, stream = await made()
    await connection.stop()
    connection.on_end("gone")
    assert stream.closed
    assert stream.opened == 1
    assert not connection.connected
    await connection.stop()


async def test_stop_ends_handlers() -> None:
    connection, stream = await made()
    ended: list[str] = []

    async def handle(_: Iq) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    connection.on_iq("{urn:example}ask", handle)
    connection.on_element(request(Element("{urn:example}ask")))
    await settled()
    await connection.stop()
    assert ended == ["ended"]
    assert stream.sent == []
