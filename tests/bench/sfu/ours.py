"""Lets peers of the load into our bridge, through COLIBRI2."""

import asyncio
import json
import random
import uuid
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

import aiohttp

from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from tests.bench.sfu.peer import Peer, ice_of
from tests.bench.sfu.serve import DOOR
from tests.scenario.bridge.focus import AUDIO, ROOM, VIDEO
from tests.support.jingle_sdp import Offer, to_sdp

VIDEO_TYPE, AUDIO_TYPE = 100, 111


class Ours:
    """One meeting on a bridge at ``address``."""

    video_type: int = VIDEO_TYPE
    audio_type: int = AUDIO_TYPE

    def __init__(self, address: str, http: aiohttp.ClientSession) -> None:
        self._door: str = f"http://{address}:{DOOR}/colibri"
        self._http: aiohttp.ClientSession = http
        self._meeting: str = str(uuid.uuid4())
        self._created: bool = False
        self._names: list[str] = []
        self._identities: dict[Peer, str] = {}
        self._channels: list[aiohttp.ClientWebSocketResponse] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Nothing to prepare."""

    async def figures(self) -> dict[str, Any]:
        """What the plane's threads waited for each other since this was asked last."""
        async with self._http.get(self._door.replace("/colibri", "/figures")) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def _modify(self, endpoint: colibri2.Endpoint, **fields: Any) -> colibri2.ConferenceModified:
        request = colibri2.ConferenceModify(self._meeting, endpoints=(endpoint,), **fields)
        async with self._http.post(self._door, data=tostring(colibri2.build_modify(request))) as answer:
            answer.raise_for_status()
            return colibri2.parse_modified(fromstring(await answer.text()))

    async def enter(
        self,
        peer: Peer,
        *,
        video: tuple[int, ...] = (),
        rtx: tuple[int, ...] = (),
        audio: int | None = None,
        last_n: int = -1,
    ) -> None:
        """Connect a peer that sends these SSRCs (video: encodings low to high) and gets ``last_n`` pictures."""
        identity = f"{random.getrandbits(32):08x}"
        create, self._created = not self._created, True
        wanted = colibri2.Endpoint(
            identity, create=True, capabilities=frozenset({colibri2.SOURCE_NAMES}), audio=AUDIO, video=VIDEO,
            transport=colibri2.Transport(ice_controlling=True),
        )  # fmt: skip
        answer = await self._modify(wanted, create=create, name=ROOM if create else None)
        granted = answer.endpoints[0].transport
        assert granted is not None
        assert granted.ice is not None
        offer = to_sdp(Offer("sid", None, granted.ice, {"audio": AUDIO, "video": VIDEO}))
        ufrag, password, fingerprint, _ = ice_of(await peer.answer(offer))
        transport = ice_udp.IceUdpTransport(
            ufrag, password, fingerprints=(ice_udp.Fingerprint("sha-256", fingerprint, "active"),), rtcp_mux=True
        )
        sources: list[colibri2.MediaSource] = []
        if video:
            groups = (ssma.SsrcGroup("SIM", video),) if len(video) > 1 else ()
            groups += tuple(ssma.SsrcGroup("FID", pair) for pair in zip(video, rtx, strict=False))
            own = tuple(ssma.Source(ssrc) for ssrc in (*video, *rtx))
            sources.append(colibri2.MediaSource("video", f"{identity}-v0", own, groups))
        if audio is not None:
            sources.append(colibri2.MediaSource("audio", f"{identity}-a0", (ssma.Source(audio),)))
        await self._modify(
            colibri2.Endpoint(identity, transport=colibri2.Transport(ice=transport), sources=tuple(sources))
        )
        await peer.connected()
        channel = await self._http.ws_connect(granted.ice.web_sockets[0].url)
        self._channels.append(channel)
        await _constrain(channel, {"lastN": last_n, "defaultConstraints": {"maxHeight": 720}})
        self._names.append(f"{identity}-v0")
        self._identities[peer] = identity
        self._tasks.append(asyncio.create_task(self._listen(channel)))

    async def leave(self, peer: Peer) -> None:
        """A peer goes, as its focus says and it does itself."""
        identity = self._identities.pop(peer)
        self._names.remove(f"{identity}-v0")
        await self._modify(colibri2.Endpoint(identity, expire=True))
        await peer.pc.close()

    async def watch(self, peers: list[Peer], last_n: int) -> list[Peer]:
        """Everybody hears all others, and sees ``last_n`` of them, the first one large. Returns those who get media."""
        for number, channel in enumerate(self._channels):
            others = [self._names[(number + 1 + step) % len(peers)] for step in range(len(peers) - 1)]
            await _constrain(
                channel,
                {"lastN": last_n, "onStageSources": others[:1], "selectedSources": others[:last_n],
                 "defaultConstraints": {"maxHeight": 180}, "constraints": {others[0]: {"maxHeight": 720}}},
            )  # fmt: skip
        return peers

    async def _listen(self, channel: aiohttp.ClientWebSocketResponse) -> None:
        async for _ in channel:
            pass
        self._channels.remove(channel)


async def _constrain(channel: aiohttp.ClientWebSocketResponse, wanted: dict[str, Any]) -> None:
    await channel.send_str(json.dumps({"colibriClass": "ReceiverVideoConstraints", **wanted}))
