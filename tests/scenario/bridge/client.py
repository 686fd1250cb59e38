"""A client of the bridge: aiortc for media, a web-socket as bridge channel, and no XMPP."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket

from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from tests.scenario.bridge.focus import AUDIO, VIDEO, Focus
from tests.support.jingle_sdp import LocalSources, Offer, read_answer, to_sdp
from tests.support.media import Picture, Tone


class Client:
    """One endpoint."""

    def __init__(self, focus: Focus, identity: str, *, data: bool = False) -> None:
        """``data``: the bridge channel is a data channel."""
        self.data: bool = data
        self._data_channel: RTCDataChannel | None = None
        self.focus: Focus = focus
        self.id: str = identity
        self.pc: RTCPeerConnection = RTCPeerConnection()
        self.received: dict[int, list[RtpPacket]] = defaultdict(list)
        self.messages: list[dict[str, Any]] = []
        self.mine: LocalSources | None = None
        self.url: str = ""
        self.fingerprint: ice_udp.Fingerprint | None = None  # to signal in place of the right one
        self.closed_with: int | None = None
        self._http: aiohttp.ClientSession | None = None
        self._channel: aiohttp.ClientWebSocketResponse | None = None
        self._readings: list[asyncio.Task[None]] = []

    async def join(self) -> None:
        """Be allocated, connect, and open the bridge channel."""
        wanted = colibri2.Transport(ice_controlling=True, sctp=colibri2.Sctp() if self.data else None)
        granted = await self.focus.allocate(self.id, transport=wanted)
        assert (granted.sctp == colibri2.Sctp(5000, "server")) is self.data
        assert granted.ice is not None
        self.url = granted.ice.web_sockets[0].url
        self.pc.addTrack(Tone())
        self.pc.addTrack(Picture())
        offer = Offer("sid", None, granted.ice, {"audio": AUDIO, "video": VIDEO})
        await self.pc.setRemoteDescription(RTCSessionDescription(to_sdp(offer, data=self.data), "offer"))
        opened = asyncio.Event()
        if self.data:
            channel = self._data_channel = self.pc.createDataChannel(
                "JVB data channel", protocol="http://jitsi.org/protocols/colibri"
            )
            channel.on("open", opened.set)
            channel.on("message", self._heard)
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        self._keep_packets()
        transport, mine = read_answer(self.pc.localDescription.sdp)
        self.mine = mine
        if self.fingerprint is not None:
            transport = replace(transport, fingerprints=(self.fingerprint,))
        rtx = () if mine.video_rtx is None else (ssma.Source(mine.video_rtx),)
        fid = () if mine.video_rtx is None else (ssma.SsrcGroup("FID", (mine.video, mine.video_rtx)),)
        sources = (
            colibri2.MediaSource("audio", f"{self.id}-a0", (ssma.Source(mine.audio),)),
            colibri2.MediaSource("video", f"{self.id}-v0", (ssma.Source(mine.video), *rtx), fid),
        )
        await self.focus.modify(
            colibri2.Endpoint(self.id, transport=colibri2.Transport(ice=transport), sources=sources)
        )
        if not self.data:
            await self.open_channel()
        else:
            async with asyncio.timeout(15):
                await opened.wait()

    def _keep_packets(self) -> None:
        router = self.pc.getSenders()[0].transport._rtp_router  # pyright: ignore[reportPrivateUsage]
        route = router.route_rtp

        def kept(packet: RtpPacket) -> Any:
            self.received[packet.ssrc].append(packet)
            return route(packet)

        router.route_rtp = kept

    def _heard(self, text: str) -> None:
        self.messages.append(json.loads(text))

    async def open_channel(self) -> None:
        """Open the bridge channel, again if it was open."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        self._channel = await self._http.ws_connect(self.url)
        self._readings.append(asyncio.create_task(self._read(self._channel)))

    async def _read(self, channel: aiohttp.ClientWebSocketResponse) -> None:
        async for message in channel:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.messages.append(json.loads(message.data))
        self.closed_with = channel.close_code

    async def say(self, message: dict[str, Any] | str) -> None:
        """Send on the bridge channel."""
        text = message if isinstance(message, str) else json.dumps(message)
        if self._data_channel is not None:
            self._data_channel.send(text)
            return
        assert self._channel is not None
        await self._channel.send_str(text)

    async def watch(self, height: int = 180) -> None:
        """Ask for everybody's video up to this height."""
        await self.say({"colibriClass": "ReceiverVideoConstraints", "defaultConstraints": {"maxHeight": height}})

    def heard(self, name: str) -> list[dict[str, Any]]:
        """Messages of a class, in order."""
        return [message for message in self.messages if message["colibriClass"] == name]

    async def until(self, check: Callable[[], bool], what: str, timeout: float = 10) -> None:
        """Wait for something to hold. Raises AssertionError naming what was awaited."""
        try:
            async with asyncio.timeout(timeout):
                while not check():  # noqa: ASYNC110 - what is awaited is others' state
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{self.id}: {what} did not come about within {timeout} s") from None

    def gets(self, ssrc: int | None, packets: int) -> bool:
        """Whether that many packets of an SSRC arrived."""
        return ssrc is not None and len(self.received[ssrc]) >= packets

    async def leave(self) -> None:
        """Close everything."""
        if self._channel is not None:
            await self._channel.close()
        await asyncio.gather(*self._readings)
        if self._http is not None:
            await self._http.close()
        await self.pc.close()
