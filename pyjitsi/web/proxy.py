"""The reverse proxy: HTTP and web-sockets to Prosody, the focus and the bridges."""

import asyncio
from collections.abc import Iterable

import aiohttp
import structlog
from aiohttp import WSMsgType, web
from pydantic import IPvAnyAddress

log = structlog.get_logger("web")

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding",
     "upgrade", "host", "content-length", "content-encoding")
)  # fmt: skip
MAX_BODY = 1 << 20
MAX_MESSAGE = 512 * 1024  # over Prosody's limit for a stanza, so that Prosody answers and not we
LONG_POLL = 120.0


class Proxy:
    """Passes requests on with one client session."""

    def __init__(self, trusted: Iterable[IPvAnyAddress] = ()) -> None:
        self._session: aiohttp.ClientSession | None = None
        self.trusted: frozenset[str] = frozenset(str(address) for address in trusted)

    def scheme(self, request: web.Request) -> str:
        """How the browser reached us, ``http`` or ``https``; a trusted proxy knows."""
        said = request.headers.get("X-Forwarded-Proto") if request.remote in self.trusted else None
        return "https" if (said or request.scheme) == "https" else "http"

    def client(self, request: web.Request) -> str | None:
        """The address of the browser: the last one that no trusted proxy named as its own."""
        hops = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
        address = request.remote
        while address in self.trusted and hops:
            address = hops.pop()
        return address

    async def start(self) -> None:
        """Open the session."""
        # Each person holds two for as long as a meeting lasts; how many there may be is for the file limit to say.
        connector = aiohttp.TCPConnector(limit=0)
        # With a cookie jar of ours, one person's cookies would go along with another's requests.
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False, cookie_jar=jar)

    async def stop(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: web.Request, base: str, path: str, host: str | None = None) -> web.StreamResponse:
        """Pass a request on to ``base`` + ``path`` with the query as it is; 502 in words where nobody answers."""
        assert self._session is not None
        url = f"{base.rstrip('/')}{path}" + (f"?{request.query_string}" if request.query_string else "")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        if host is not None:
            headers["Host"] = host
        if client := self.client(request):
            headers["X-Forwarded-For"] = client
        headers["X-Forwarded-Proto"] = self.scheme(request)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._web_socket(request, url, headers)
            return await self._plain(request, url, headers)
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            log.warning("no answer", upstream=base, path=path, reason=str(error))
            raise web.HTTPBadGateway(
                text="the service behind this address does not answer; it may be starting"
            ) from None

    async def _plain(self, request: web.Request, url: str, headers: dict[str, str]) -> web.StreamResponse:
        assert self._session is not None
        body = await request.read()
        timeout = aiohttp.ClientTimeout(total=LONG_POLL)
        async with self._session.request(
            request.method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
        ) as upstream:
            answer = web.Response(status=upstream.status, body=await upstream.read())
            for name, value in upstream.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    answer.headers.add(name, value)  # Set-Cookie may come several times
            return answer

    async def _web_socket(self, request: web.Request, url: str, headers: dict[str, str]) -> web.StreamResponse:
        assert self._session is not None
        protocols = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if each]
        passed = {name: value for name, value in headers.items() if not name.lower().startswith("sec-websocket")}
        try:
            upstream = await self._session.ws_connect(
                url, headers=passed, protocols=protocols, max_msg_size=MAX_MESSAGE, autoping=True, compress=0
            )
        except aiohttp.WSServerHandshakeError as error:
            raise _refusal(error) from None
        chosen = (upstream.protocol,) if upstream.protocol else ()
        downstream = web.WebSocketResponse(protocols=chosen, max_msg_size=MAX_MESSAGE, heartbeat=30.0, compress=False)
        await downstream.prepare(request)
        await _both_ways(downstream, upstream)
        return downstream


def _refusal(error: aiohttp.WSServerHandshakeError) -> web.HTTPException:
    match error.status:
        case 403:
            return web.HTTPForbidden(text=error.message)
        case 404:
            return web.HTTPNotFound(text=error.message)
        case _:
            return web.HTTPBadGateway(text=error.message)


async def _both_ways(downstream: web.WebSocketResponse, upstream: aiohttp.ClientWebSocketResponse) -> None:
    """Copy messages until either side ends; the other is closed with the same code."""

    async def copy(
        source: "web.WebSocketResponse | aiohttp.ClientWebSocketResponse",
        sink: "web.WebSocketResponse | aiohttp.ClientWebSocketResponse",
    ) -> None:
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)

    ways = [asyncio.create_task(copy(downstream, upstream)), asyncio.create_task(copy(upstream, downstream))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        code = upstream.close_code or downstream.close_code or 1001
        await upstream.close()
        if not downstream.closed:
            await downstream.close(code=code if 1000 <= code <= 4999 and code not in (1005, 1006) else 1001)
