"""The bridge channel as a web-socket, of clients and of other bridges.

Clients open ``/colibri-ws/<server id>/<conference>/<endpoint>?pwd=…``, bridges ``/colibri-relay-ws/…/<relay>?pwd=…``.
"""

import asyncio
import hmac
from collections import Counter
from collections.abc import Callable

import structlog
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType, web

from pyjitsi import clock
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.channel import RELAY_RATE, ChannelReader
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.messages import MAX_BYTES
from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.relay import Relay

log = structlog.get_logger("bridge")

QUEUE = 256  # messages to a client that reads slowly, before its channel is closed
HEARTBEAT = 15.0
FORBIDDEN = "no such conference, endpoint or password"


class WebSocketChannel:
    """An open web-socket as ``endpoint.Channel``: what is sent waits in a queue until the socket takes it."""

    def __init__(self, socket: web.WebSocketResponse | ClientWebSocketResponse, on_slow: Callable[[], None]) -> None:
        self._socket: web.WebSocketResponse | ClientWebSocketResponse = socket
        self._on_slow: Callable[[], None] = on_slow
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE + 1)
        self._ending: tuple[int, str] | None = None

    def send(self, text: str) -> None:
        """Queue a message; a client that lets too many wait is cut off."""
        if self._ending is not None:
            return
        if self._queue.qsize() < QUEUE:
            self._queue.put_nowait(text)
        else:
            self._on_slow()
            self.close(WSCloseCode.TRY_AGAIN_LATER, "read too slowly")

    def close(self, code: int, reason: str) -> None:
        """End it, after what waits unless that is too much."""
        if self._ending is None:
            self._ending = (code, reason)
            self._queue.put_nowait(None)

    async def write(self) -> None:
        """Send what is queued until closed."""
        try:
            while (text := await self._queue.get()) is not None:
                await self._socket.send_str(text)
        except ConnectionError:
            return  # the reader sees the end too
        code, reason = self._ending or (WSCloseCode.GOING_AWAY, "")
        await self._socket.close(code=code, message=reason.encode())


class ChannelServer:
    """See the module's text. ``refused`` counts by (``channel``, reason)."""

    def __init__(self, bridge: Bridge, server_id: str, version: str, refused: Counter[tuple[str, str]]) -> None:
        self._bridge: Bridge = bridge
        self._server_id: str = server_id
        self._version: str = version
        self._refused: Counter[tuple[str, str]] = refused

    def add_to(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get("/colibri-ws/{server}/{conference}/{endpoint}", self.handle)
        app.router.add_get("/colibri-relay-ws/{server}/{conference}/{endpoint}", self.handle_relay)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One client. The query must begin with ``pwd=``; all failures have one text, which helps no guesser."""
        found = self._bridge.find(request.match_info["conference"], request.match_info["endpoint"])
        self._admit(request, None if found is None else found[1])
        assert found is not None
        conference, endpoint = found
        socket = await _accept(request)
        reader = ChannelReader(
            endpoint, lambda text: conference.message(endpoint, text, self._version), self._refused
        )  # fmt: skip
        await carry(socket, endpoint, reader, lambda: conference.opened(endpoint, self._version, hello=True))
        return socket

    async def handle_relay(self, request: web.Request) -> web.StreamResponse:
        """Another bridge, which our side of the relay gave this address to."""
        found = self._bridge.find_relay(request.match_info["conference"], request.match_info["endpoint"])
        self._admit(request, None if found is None else found[1])
        assert found is not None
        conference, relay = found
        socket = await _accept(request)
        await carry(socket, relay, self.relay_reader(conference, relay),
                    lambda: conference.relay_opened(relay, self._version, hello=True))  # fmt: skip
        return socket

    def relay_reader(self, conference: Conference, relay: Relay) -> ChannelReader:
        """What takes another bridge's messages."""
        return ChannelReader(
            relay, lambda text: conference.relay_message(relay, text, self._version), self._refused, rate=RELAY_RATE
        )

    def _admit(self, request: web.Request, peer: Peer | None) -> None:
        if request.match_info["server"] != self._server_id:
            raise web.HTTPNotFound(text="no such server")
        query = request.rel_url.raw_query_string
        password = query.removeprefix("pwd=") if query.startswith("pwd=") else ""
        if peer is None or not hmac.compare_digest(peer.password.encode(), password.encode()):
            if not self._refused["channel", "forbidden"]:
                log.warning("refused", what="channel", reason="forbidden", sender=request.remote)
            self._refused["channel", "forbidden"] += 1
            raise web.HTTPForbidden(text=FORBIDDEN)


async def _accept(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=MAX_BYTES, compress=False)
    await socket.prepare(request)
    return socket


async def carry(
    socket: web.WebSocketResponse | ClientWebSocketResponse, peer: Peer, reader: ChannelReader,
    opened: Callable[[], None],
) -> None:  # fmt: skip
    """Be a peer's channel until the socket ends; ``opened`` says what it must know."""
    channel = WebSocketChannel(socket, lambda: reader.refuse("slow", f"{QUEUE} messages wait for the other side"))
    writer = asyncio.create_task(channel.write())
    peer.opened(channel)
    opened()
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                reader.message(message.data, clock.monotonic())
            elif message.type is WSMsgType.ERROR:
                reader.refuse("too-long", str(message.data))
    finally:
        peer.closed(channel)
        writer.cancel()
