"""The bridge's HTTP: health, metrics, statistics, and the bridge channel as a web-socket."""

import asyncio
import hmac
from collections import Counter

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.messages import MAX_BYTES, MessageError

log = structlog.get_logger("bridge")

QUEUE = 256  # messages to a client that reads slowly, before its channel is closed
FORBIDDEN = "no such conference, endpoint or password"


class ChannelServer:
    """Bridge channels over web-sockets (``/colibri-ws/<server id>/<conference>/<endpoint>?pwd=…``)."""

    def __init__(self, bridge: Bridge, server_id: str, version: str, refused: Counter[tuple[str, str]]) -> None:
        self._bridge: Bridge = bridge
        self._server_id: str = server_id
        self._version: str = version
        self._refused: Counter[tuple[str, str]] = refused

    def add_to(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get("/colibri-ws/{server}/{conference}/{endpoint}", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One client."""
        if request.match_info["server"] != self._server_id:
            raise web.HTTPNotFound(text="no such server")
        found = self._bridge.find(request.match_info["conference"], request.match_info["endpoint"])
        password = request.query_string.removeprefix("pwd=") if request.query_string.startswith("pwd=") else ""
        if found is None or not hmac.compare_digest(found[1].password.encode(), password.encode()):
            self._refused["channel", "forbidden"] += 1
            raise web.HTTPForbidden(text=FORBIDDEN)
        conference, endpoint = found
        socket = web.WebSocketResponse(heartbeat=15.0, max_msg_size=MAX_BYTES, compress=False)
        await socket.prepare(request)
        await self._serve(conference, endpoint, socket)
        return socket

    async def _serve(self, conference: Conference, endpoint: Endpoint, socket: web.WebSocketResponse) -> None:
        queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE)

        def say(text: str) -> None:
            try:
                queue.put_nowait(text)
            except asyncio.QueueFull:
                endpoint.log.warning("the bridge channel is read too slowly; closed")
                end()

        def end() -> None:
            writer.cancel()

        writer = asyncio.create_task(self._write(socket, queue))
        if endpoint.closing is not None:
            endpoint.closing()
        endpoint.channel, endpoint.closing = say, end
        conference.opened(endpoint, self._version, hello=True)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self.message(conference, endpoint, message.data)
                elif message.type is WSMsgType.ERROR:
                    self._refused["channel", "too-long"] += 1
                    endpoint.log.warning("refused", what="channel", reason=str(message.data))
        finally:
            writer.cancel()
            if endpoint.channel is say:
                endpoint.channel, endpoint.closing = None, None

    async def _write(self, socket: web.WebSocketResponse, queue: "asyncio.Queue[str | None]") -> None:
        try:
            while (text := await queue.get()) is not None:
                await socket.send_str(text)
        except ConnectionError:
            pass  # the reader sees the end too
        finally:
            if not socket.closed:
                await socket.close(code=WSCloseCode.GOING_AWAY, message=b"endpoint closed")

    def message(self, conference: Conference, endpoint: Endpoint, text: str) -> None:
        """One message, from either kind of channel; what can't be taken is counted, and logged once a reason."""
        try:
            conference.message(endpoint, text, self._version)
        except MessageError as error:
            self._refused["channel", error.reason] += 1
            if error.reason not in endpoint.complained:
                endpoint.complained.add(error.reason)
                endpoint.log.warning("refused", what="channel", reason=str(error))
