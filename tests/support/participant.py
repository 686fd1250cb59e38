"""A scripted participant: joins over XMPP, answers the focus's offer with aiortc, and opens the bridge channel.

Its media is real: ICE, DTLS and SRTP by aiortc, VP8 from a moving picture and Opus from a tone. What arrives is kept
per SSRC before decoding, so that a test can say what the bridge forwarded.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import aiohttp
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket

from pyjitsi.xmpp.stanzas import ice_udp
from pyjitsi.xmpp.stanzas.ice_udp import Fingerprint
from tests.support import http
from tests.support.ice_paths import IcePaths
from tests.support.jingle_sdp import JINGLE, LocalSources, Offer, accept, read_answer, read_offer, to_sdp
from tests.support.media import Picture, Tone, decode_nothing
from tests.support.xmpp_client import CLIENT, Refused, XmppClient

MUC = "http://jabber.org/protocol/muc"
MUC_USER = "http://jabber.org/protocol/muc#user"
JITMEET = "http://jitsi.org/jitmeet"
FOCUS = "http://jitsi.org/protocol/focus"
DISCO = "http://jabber.org/protocol/disco#info"
SSRC_REWRITING = "http://jitsi.org/ssrc-rewriting-1"
FEATURES = (
    "http://jitsi.org/json-encoded-sources",
    "http://jitsi.org/receive-multiple-video-streams",
    "http://jitsi.org/source-name",
    "http://jitsi.org/tcc",
    "urn:ietf:rfc:4588",
    "urn:xmpp:jingle:1",
    "urn:xmpp:jingle:apps:dtls:0",
    "urn:xmpp:jingle:apps:rtp:1",
    "urn:xmpp:jingle:apps:rtp:audio",
    "urn:xmpp:jingle:apps:rtp:video",
    "urn:xmpp:jingle:transports:ice-udp:1",
)


class Participant:
    """One person in a room, played by a script."""

    def __init__(self, client: XmppClient, room: str, *, features: tuple[str, ...] = FEATURES) -> None:
        self.client: XmppClient = client
        self.room: str = room
        self.features: tuple[str, ...] = features
        self.nick: str = client.jid[:8]
        self.offer: Offer | None = None
        self.offers: int = 0
        self.terminated: list[Element] = []
        self.sources_of: dict[str, Any] = {}
        self.received: dict[int, list[RtpPacket]] = defaultdict(list)
        self.messages: list[dict[str, Any]] = []
        self.answers: bool = True  # False: offers are read and never answered
        self.lies_about_fingerprint: bool = False
        self.picture: tuple[int, int, int] = (320, 192, 15)  # width, height, frames a second
        self.voice: Callable[[], MediaStreamTrack] = Tone
        self.region: str | None = None
        self.display_name: str = f"Script {self.nick}"
        self.on_packet: Callable[[RtpPacket], None] | None = None
        self.pc: RTCPeerConnection | None = None
        self.mine: LocalSources | None = None
        self.paths: IcePaths | None = None
        self.ice_restarts: int = 0  # that the bridge answered
        self._channel: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        client.on_stanza.append(self._on_stanza)

    @property
    def focus(self) -> str:
        """The focus's occupant address."""
        return f"{self.room}/focus"

    async def request_conference(self) -> Element:
        """Ask the focus to be in the room. Raises Refused."""
        payload = Element(f"{{{FOCUS}}}conference", room=self.room)
        payload.set("machine-uid", f"machine-{self.nick}")
        answer = await self.client.iq(f"focus.{self.client.domain}", payload)
        conference = answer.find(f"{{{FOCUS}}}conference")
        assert conference is not None, tostring(answer)
        return conference

    async def join(self) -> None:
        """Ask for the conference, then enter the room."""
        await self.request_conference()
        presence = self._presence()
        SubElement(presence, f"{{{MUC}}}x")
        await self.client.send(presence)
        await self.client.expect(
            lambda s: s.tag == f"{{{CLIENT}}}presence" and s.get("from") == f"{self.room}/{self.nick}",
            f"{self.nick}'s own presence",
        )

    def _presence(self) -> Element:
        presence = Element(f"{{{CLIENT}}}presence", to=f"{self.room}/{self.nick}")
        info = {f"{self.nick}-a0": {"muted": False}, f"{self.nick}-v0": {"muted": False}}
        SubElement(presence, f"{{{CLIENT}}}SourceInfo").text = json.dumps(info)
        if self.region is not None:
            SubElement(presence, f"{{{CLIENT}}}jitsi_participant_region").text = self.region
        SubElement(presence, "{http://jabber.org/protocol/nick}nick").text = self.display_name
        return presence

    async def leave(self) -> None:
        """Leave the room and close everything."""
        if not self.client.closed.is_set():
            await self.client.send(Element(f"{{{CLIENT}}}presence", to=f"{self.room}/{self.nick}", type="unavailable"))
        await self.hang_up()
        await self.client.close()

    async def hang_up(self) -> None:
        """Close media only."""
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Taken first: while they close, a new offer may bring new ones.
        channel, self._channel = self._channel, None
        pc, self.pc = self.pc, None
        paths, self.paths = self.paths, None
        if paths is not None:
            await paths.close()
        if channel is not None:
            await channel.close()
        if pc is not None:
            await pc.close()

    async def _on_stanza(self, stanza: Element) -> None:
        if stanza.tag != f"{{{CLIENT}}}iq":
            return
        jingle = stanza.find(f"{{{JINGLE}}}jingle")
        query = stanza.find(f"{{{DISCO}}}query")
        if query is not None and stanza.get("type") == "get":
            await self.client.reply(stanza, self._disco(query.get("node")))
        elif jingle is not None:
            await self.client.reply(stanza)
            self._task(self._on_jingle(jingle, stanza.get("from", "")))

    def _disco(self, node: str | None) -> Element:
        query = Element(f"{{{DISCO}}}query")
        if node:
            query.set("node", node)
        SubElement(query, f"{{{DISCO}}}identity", category="client", type="web", name="script")
        for feature in self.features:
            SubElement(query, f"{{{DISCO}}}feature", var=feature)
        return query

    def _task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _on_jingle(self, jingle: Element, sender: str) -> None:
        assert sender == self.focus, f"Jingle from {sender}"
        self._read_sources(jingle)
        match jingle.get("action"):
            case "session-initiate":
                self.offers += 1
                self.offer = read_offer(jingle)
                await self.accept(self.offer)
            case "transport-info":
                await self._restarted(jingle)
            case "session-terminate":
                self.terminated.append(jingle)
                await self.hang_up()
            case _:
                pass

    def _read_sources(self, jingle: Element) -> None:
        text = jingle.findtext(f"{{{JITMEET}}}json-message")
        if text is None:
            return
        for owner, lists in json.loads(text)["sources"].items():
            if jingle.get("action") == "source-remove":
                self.sources_of.pop(owner, None)
            else:
                self.sources_of[owner] = lists

    async def accept(self, offer: Offer) -> None:
        """Answer with aiortc."""
        if not self.answers:
            return
        if self.pc is not None:
            await self.hang_up()  # a focus that does not know the session that there is
        pc = self.pc = RTCPeerConnection()
        pc.addTrack(self.voice())
        pc.addTrack(Picture(*self.picture))
        await pc.setRemoteDescription(RTCSessionDescription(to_sdp(offer), "offer"))
        if self.on_packet is not None:
            decode_nothing(pc)
        await pc.setLocalDescription(await pc.createAnswer())
        self._listen(pc)
        paths = self.paths = IcePaths(pc)
        self._task(self._look_after(paths))
        transport, self.mine = read_answer(pc.localDescription.sdp)
        if self.lies_about_fingerprint:
            other = Fingerprint("sha-256", ":".join(["AB"] * 32), "active")
            transport = replace(transport, fingerprints=(other,))
        jingle = accept(offer, self.nick, self.focus, self.client.jid, transport, self.mine)
        await self.client.iq(self.focus, jingle)
        await self._open_channel(offer)

    def _listen(self, pc: RTCPeerConnection) -> None:
        dtls = pc.getSenders()[0].transport
        router = dtls._rtp_router  # pyright: ignore[reportPrivateUsage]
        route = router.route_rtp

        def kept(packet: RtpPacket) -> Any:
            if self.on_packet is not None:
                self.on_packet(packet)
            else:
                self.received[packet.ssrc].append(packet)
            return route(packet)

        router.route_rtp = kept

    def ask_for_keyframe(self, ssrc: int) -> None:
        """Tell the bridge that a picture can't be decoded (RFC 4585 section 6.3.1)."""
        for receiver in [] if self.pc is None else self.pc.getReceivers():
            if receiver.track.kind == "video":
                self._task(receiver._send_rtcp_pli(ssrc))  # pyright: ignore[reportPrivateUsage]

    # Restarts of ICE.

    async def restart_ice(self) -> None:
        """Ask for one. Raises Refused, or TimeoutError."""
        assert self.offer is not None
        jingle = Element(f"{{{JINGLE}}}jingle", action="session-info", sid=self.offer.sid, initiator=self.focus)
        wanted = SubElement(jingle, f"{{{FOCUS}}}bridge-session", id=self.offer.bridge_session or "")
        wanted.set("ice-restart", "true")
        await self.client.iq(self.focus, jingle)

    async def _look_after(self, paths: IcePaths) -> None:
        """Where nothing comes any more, do what a browser does."""
        while True:
            await asyncio.sleep(0.5)
            if paths.quiet and not self.client.closed.is_set():
                with contextlib.suppress(Refused, TimeoutError, ConnectionError):
                    await self.restart_ice()
                await asyncio.sleep(5)

    async def _restarted(self, jingle: Element) -> None:
        transport = jingle.find(f".//{{{ice_udp.NS}}}transport")
        offer, paths = self.offer, self.paths
        if transport is None or offer is None or paths is None:
            return
        made = await paths.restart(ice_udp.parse(transport))
        if made is None:
            return
        ours, connection = made
        self.ice_restarts += 1
        answer = Element(f"{{{JINGLE}}}jingle", action="transport-info", sid=offer.sid, initiator=self.focus)
        for name in ("audio", "video"):
            content = SubElement(answer, f"{{{JINGLE}}}content", creator="responder", name=name)
            content.append(ice_udp.build(ours))
        # Whatever becomes of the answer: the bridge may have got it from a focus that then died.
        self._task(paths.connect(connection))
        with contextlib.suppress(Refused, TimeoutError, ConnectionError):
            await self.client.iq(self.focus, answer)

    async def _open_channel(self, offer: Offer) -> None:
        url = offer.transport.web_sockets[0].url
        session = http.session()
        try:
            async with session.ws_connect(url) as channel:
                self._channel = channel
                await self.constrain(180)
                async for message in channel:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self.messages.append(json.loads(message.data))
        finally:
            await session.close()

    async def tell_bridge(self, message: dict[str, Any] | str) -> None:
        """Send a message on the bridge channel."""
        assert self._channel is not None, "the bridge channel is not open"
        await self._channel.send_str(message if isinstance(message, str) else json.dumps(message))

    async def constrain(self, height: int) -> None:
        """Ask for everybody's video up to this height."""
        await self.tell_bridge(
            {"colibriClass": "ReceiverVideoConstraints", "lastN": -1, "defaultConstraints": {"maxHeight": height}}
        )

    async def until(self, check: Callable[[], bool], what: str, timeout: float = 15) -> None:
        """Wait for something to hold. Raises AssertionError naming what was awaited."""
        try:
            async with asyncio.timeout(timeout):
                while not check():  # noqa: ASYNC110 (what is awaited is not one event)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.nick}: {what} did not come about within {timeout} s") from None

    def slot_of(self, source: str) -> int:
        """The SSRC under which the bridge says that it sends a source; 0 where it says nothing of it."""
        maps = [each for each in self.messages if each["colibriClass"] in ("VideoSourcesMap", "AudioSourcesMap")]
        slots = {entry["ssrc"]: entry["source"] for each in maps for entry in each["mappedSources"]}
        return next((ssrc for ssrc, name in slots.items() if name == source), 0)

    def hears(self, other: "Participant", packets: int = 25) -> bool:
        """Whether that much of the other's sound has arrived."""
        if SSRC_REWRITING in self.features:
            return len(self.received[self.slot_of(f"{other.nick}-a0")]) >= packets
        return other.mine is not None and len(self.received[other.mine.audio]) >= packets

    def sees(self, other: "Participant", packets: int = 15) -> bool:
        """Whether that much of the other's picture has arrived."""
        if SSRC_REWRITING in self.features:
            return len(self.received[self.slot_of(f"{other.nick}-v0")]) >= packets
        return other.mine is not None and len(self.received[other.mine.video]) >= packets
