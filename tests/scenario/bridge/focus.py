"""A running bridge without a brewery: the test plays the focus on a connection that goes nowhere."""

from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.xmpp.connection import Iq, Presence
from pyjitsi.xmpp.stanzas import colibri2
from pyjitsi.xmpp.stanzas.jingle_rtp import Description, HeaderExtension, PayloadType

BREWERY = "jvbbrewery@internal.auth.meet.example"
ROOM = "kitchen@conference.meet.example"
MEETING = "0b2c5e52-7f0e-4a0b-9a51-3c9a6c5a3f10"
FEEDBACK = (("ccm", "fir"), ("nack", ""), ("nack", "pli"), ("transport-cc", ""))
TRANSPORT_CC = HeaderExtension(5, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01")
AUDIO = Description(
    (PayloadType(111, "opus", 48000, 2, (("minptime", "10"),), (("transport-cc", ""),)),),
    (HeaderExtension(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"), TRANSPORT_CC),
)
VIDEO = Description(
    (
        PayloadType(100, "VP8", 90000, 1, (), FEEDBACK),
        PayloadType(96, "rtx", 90000, 1, (("apt", "100"),), (("ccm", "fir"), ("nack", ""), ("nack", "pli"))),
    ),
    (HeaderExtension(3, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"), TRANSPORT_CC),
)


class FakeConnection:
    """An XMPP connection whose other end is the test."""

    def __init__(self) -> None:
        self.sent: list[Element] = []
        self.handlers: dict[str, Callable[[Iq], Awaitable[Element | None]]] = {}
        self._presence: list[Callable[[Presence], None]] = []
        self._connected: list[Callable[[], Awaitable[None]]] = []
        self._disconnected: list[Callable[[], None]] = []

    def on_iq(self, tag: str, handler: Callable[[Iq], Awaitable[Element | None]]) -> None:
        self.handlers[tag] = handler

    def on_presence(self, handler: Callable[[Presence], None]) -> None:
        self._presence.append(handler)

    def on_connected(self, handler: Callable[[], Awaitable[None]]) -> None:
        self._connected.append(handler)

    def on_disconnected(self, handler: Callable[[], None]) -> None:
        self._disconnected.append(handler)

    async def start(self) -> None:
        for handler in self._connected:
            await handler()

    async def stop(self) -> None:
        pass

    def send(self, stanza: Element) -> None:
        self.sent.append(stanza)

    def presence(self, sender: str, kind: str = "available", *children: Element) -> None:
        """A presence from the brewery."""
        element = Element("{jabber:client}presence")
        element.extend(children)
        for handler in self._presence:
            handler(Presence(sender, "jvb@auth.meet.example/1", kind, element))

    def drop(self) -> None:
        """The stream ends."""
        for handler in self._disconnected:
            handler()

    async def ask(self, payload: Element, sender: str = f"{BREWERY}/focus") -> Element | None:
        """An IQ from an occupant. Raises StanzaError."""
        return await self.handlers[payload.tag](Iq(sender, "jvb@auth.meet.example/1", "get", "c2-1", payload))


class Focus:
    """What a focus asks of a bridge, about one meeting."""

    def __init__(self, connection: FakeConnection, meeting: str = MEETING, room: str = ROOM) -> None:
        self.connection: FakeConnection = connection
        self.meeting: str = meeting
        self.room: str = room
        self.created: bool = False

    async def modify(self, *endpoints: colibri2.Endpoint, **fields: Any) -> colibri2.ConferenceModified:
        """Send a request. Raises StanzaError."""
        request = colibri2.ConferenceModify(self.meeting, endpoints=endpoints, **fields)
        answer = await self.connection.ask(colibri2.build_modify(request))
        assert answer is not None
        return colibri2.parse_modified(answer)

    async def relay(self, relay: colibri2.Relay) -> colibri2.Relay:
        """A request about a relay. Raises StanzaError."""
        answer = await self.modify(relays=(relay,))
        return answer.relays[0]

    async def allocate(self, identity: str, **fields: Any) -> colibri2.Transport:
        """Create an endpoint, and the conference with the first; returns the bridge's transport."""
        create, self.created = not self.created, True
        transport = fields.pop("transport", colibri2.Transport(ice_controlling=True))
        endpoint = colibri2.Endpoint(
            identity,
            create=True,
            capabilities=frozenset({colibri2.SOURCE_NAMES}),
            audio=AUDIO,
            video=VIDEO,
            transport=transport,
            **fields,
        )
        answer = await self.modify(endpoint, create=create, name=self.room if create else None)
        granted = answer.endpoints[0].transport
        assert granted is not None
        return granted
