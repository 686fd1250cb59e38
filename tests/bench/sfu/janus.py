"""Lets peers of the load into Janus' VideoRoom, through its HTTP API."""

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from tests.bench.sfu.peer import Peer

PORT = 8088
CONFIGURATION = {
    "janus.jcfg": """
general: {{ debug_level = 3, event_loops = 2, interface = "{address}" }}
nat: {{ ice_lite = true }}
media: {{ rtp_port_range = "20000-40000" }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "{transports}" }}
loggers: {{ disable = "libjanus_jsonlog.so" }}
""",
    "janus.transport.http.jcfg": 'general: {{ base_path = "/janus", http = true, port = 8088, ip = "{address}" }}\n',
    "janus.plugin.videoroom.jcfg": "general: {{ }}\n",
}
OTHERS = ",".join(
    f"libjanus_{name}.so"
    for name in ("audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming", "textroom",
                 "videocall", "voicemail")
)  # fmt: skip

TRANSPORTS = ",".join(f"libjanus_{name}.so" for name in ("websockets", "mqtt", "nanomsg", "pfunix", "rabbitmq"))


def configure(folder: Path, address: str) -> None:
    """Write Janus' configuration: its best case (event loops, ICE lite), and nothing that the load does not need."""
    for name, text in CONFIGURATION.items():
        (folder / name).write_text(text.format(address=address, others=OTHERS, transports=TRANSPORTS))


class Janus:
    """One room of the VideoRoom."""

    video_type: int = 97  # aiortc's own choices
    audio_type: int = 96

    def __init__(self, address: str, http: aiohttp.ClientSession) -> None:
        self._url: str = f"http://{address}:{PORT}/janus"
        self._http: aiohttp.ClientSession = http
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._room: int = random.randrange(1, 10**9)
        self._feeds: list[int] = []
        self._session: int = 0
        self._poll: asyncio.Task[None] | None = None

    async def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(url, json={**body, "transaction": f"{random.random()}"}) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def start(self) -> None:
        """Open a session and a room."""
        self._session = (await self._post(self._url, {"janus": "create"}))["data"]["id"]
        self._poll = asyncio.create_task(self._listen())
        handle = await self._attach()
        body = {"request": "create", "room": self._room, "publishers": 100, "bitrate": 0, "fir_freq": 0,
                "videocodec": "vp8"}  # fmt: skip
        await self._ask(handle, body)

    async def figures(self) -> dict[str, Any]:
        """Nothing that it would tell."""
        return {}

    async def _listen(self) -> None:
        while True:
            async with self._http.get(f"{self._url}/{self._session}?maxev=10") as answer:
                events = await answer.json()
            for event in events if isinstance(events, list) else [events]:
                if event.get("janus") == "event":
                    self._answers[event["sender"]].put_nowait(event)

    async def _attach(self) -> int:
        body = {"janus": "attach", "plugin": "janus.plugin.videoroom"}
        handle: int = (await self._post(f"{self._url}/{self._session}", body))["data"]["id"]
        self._answers[handle] = asyncio.Queue()
        return handle

    async def _ask(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        request: dict[str, Any] = {"janus": "message", "body": body, **({"jsep": jsep} if jsep else {})}
        answer = await self._post(f"{self._url}/{self._session}/{handle}", request)
        if answer["janus"] != "ack":
            return answer
        async with asyncio.timeout(15):
            while True:  # news of other publishers come on the same way, without a transaction
                event = await self._answers[handle].get()
                if event.get("transaction") == answer["transaction"]:
                    return event

    async def enter(
        self, peer: Peer, *, video: tuple[int, ...] = (), audio: int | None = None, last_n: int = -1
    ) -> None:
        """Connect a peer: a publisher where it sends something, a subscriber to all publishers otherwise."""
        handle = await self._attach()
        pc = peer.pc
        if video:
            joined = await self._ask(handle, {"request": "join", "ptype": "publisher", "room": self._room})
            self._feeds.append(joined["plugindata"]["data"]["id"])
            if audio is not None:
                pc.addTransceiver(AudioStreamTrack(), direction="sendonly").sender._ssrc = audio  # pyright: ignore[reportPrivateUsage]
            pc.addTransceiver(VideoStreamTrack(), direction="sendonly").sender._ssrc = video[0]  # pyright: ignore[reportPrivateUsage]
            await pc.setLocalDescription(await pc.createOffer())
            jsep = {"type": "offer", "sdp": _with_simulcast(pc.localDescription.sdp, video)}
            body = {"request": "configure", "audio": audio is not None, "video": True}
            answer = await self._ask(handle, body, jsep)
            await pc.setRemoteDescription(RTCSessionDescription(answer["jsep"]["sdp"], "answer"))
        else:
            await self._subscribe(handle, peer, [{"feed": feed} for feed in self._feeds])
        await peer.connected()

    async def _subscribe(self, handle: int, peer: Peer, streams: list[dict[str, Any]]) -> None:
        body = {"request": "join", "ptype": "subscriber", "room": self._room, "streams": streams}
        offered = await self._ask(handle, body)
        sdp = await peer.answer(offered["jsep"]["sdp"])
        await self._ask(handle, {"request": "start"}, {"type": "answer", "sdp": sdp})

    async def watch(self, peers: list[Peer], last_n: int) -> list[Peer]:
        """Everybody hears all others, and sees ``last_n`` of them, the first one large. Returns those who get media."""
        watching: list[Peer] = []
        for number, publisher in enumerate(peers):
            feeds = [self._feeds[(number + 1 + step) % len(peers)] for step in range(len(peers) - 1)]
            streams: list[dict[str, Any]] = [{"feed": feed, "mid": "0"} for feed in feeds]
            for place, feed in enumerate(feeds[:last_n]):
                streams.append({"feed": feed, "mid": "1", "substream": 2 if place == 0 else 0})
            handle = await self._attach()
            peer = Peer(checks=publisher.checks)
            await self._subscribe(handle, peer, streams)
            await peer.connected()
            watching.append(peer)
        return watching


def _with_simulcast(sdp: str, ssrcs: tuple[int, ...]) -> str:
    """The offer with a SIM group, as Chromium once wrote it; aiortc knows of one SSRC alone."""
    if len(ssrcs) < 2:
        return sdp
    head, mark, video = sdp.partition("m=video")
    lines = [f"a=ssrc-group:SIM {' '.join(map(str, ssrcs))}", *(f"a=ssrc:{ssrc} cname:load" for ssrc in ssrcs)]
    kept = [line for line in video.splitlines() if not line.startswith("a=ssrc")]
    return head + mark + "\r\n".join([*kept, *lines]) + "\r\n"
