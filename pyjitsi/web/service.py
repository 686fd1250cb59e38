"""The web service: the client's files, ``config.js``, and the proxy."""

import re
import ssl
from pathlib import Path

import structlog
from aiohttp import web

from pyjitsi.observe.http import Health, HttpServer, add_observability
from pyjitsi.service import StartError
from pyjitsi.web import config_js
from pyjitsi.web.proxy import MAX_BODY, Proxy
from pyjitsi.web.settings import REGION, WebSettings
from pyjitsi.xmpp.tenants import TENANT

log = structlog.get_logger("web")

ROOM = re.compile(r"^[^\s/?&:'\"<>@%#]{1,200}$")
# First parts of addresses that are no tenants: what isn't found below them is not there.
OURS = frozenset(
    ("about", "assets", "branding", "colibri-relay-ws", "colibri-ws", "conference-request", "images", "libs", "oidc",
     "sounds", "static")
)  # fmt: skip
BUNDLE = Path(__file__).parent / "client" / "dist"
NO_BUNDLE = "The client is not built; run `make client` in the checkout, or set `client` to a built one.\n"
FOREVER = "public, max-age=31536000, immutable"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob: mediastream:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class WebService:
    """See the module's text."""

    name: str = "web"

    def __init__(self, settings: WebSettings) -> None:
        self.settings: WebSettings = settings
        self._client: Path = settings.client or BUNDLE
        self._headers: dict[str, str] = _headers(settings)
        self.proxy: Proxy = Proxy(settings.trusted_proxies)
        app = web.Application(client_max_size=MAX_BODY)
        app.on_response_prepare.append(self._add_headers)
        add_observability(app, self.health, metrics=False)  # the world needs none of our figures
        add = app.router.add_route
        add("GET", "/config.js", self._config)
        add("GET", "/branding/logo", self._logo)
        add("GET", "/.well-known/element/jitsi", self._element)
        add("*", "/xmpp-websocket", self._xmpp_web_socket)
        add("*", "/http-bind", self._bosh)
        add("*", "/conference-request/v1", self._conference_request)
        # The same below a tenant's name: https://meet.example.org/tenant/Room.
        tenants = f"/{{tenant:{TENANT}}}"
        add("GET", f"{tenants}/config.js", self._config)
        add("*", f"{tenants}/xmpp-websocket", self._xmpp_web_socket)
        add("*", f"{tenants}/http-bind", self._bosh)
        add("*", f"{tenants}/conference-request/v1", self._conference_request)
        add("GET", "/{kind:colibri-ws|colibri-relay-ws}/{server}/{rest:.+}", self._bridge_channel)
        add("*", "/oidc/{page:login|callback|token|logout}", self._log_in)
        app.router.add_get("/", self._index)
        app.router.add_get("/{path:.+}", self._file_or_room)
        self._http: HttpServer = HttpServer(app, settings.listen_host, settings.listen_port, self._tls())
        inside = web.Application()
        add_observability(inside, self.health)
        self._inside: HttpServer = HttpServer(inside, settings.http_host, settings.http_port)

    def _tls(self) -> ssl.SSLContext | None:
        tls = self.settings.tls
        if tls is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(tls.certificate, tls.key)
        except (OSError, ssl.SSLError) as error:
            raise StartError(f"tls: {tls.certificate} and {tls.key} can't be used: {error}") from error
        return context

    async def start(self) -> None:
        """Listen. Raises StartError."""
        settings = self.settings
        if not (self._client / "index.html").is_file():
            log.error(NO_BUNDLE.strip(), client=str(self._client))
        await self.proxy.start()
        for server, host, port, setting in (
            (self._http, settings.listen_host, settings.listen_port, "listen_port"),
            (self._inside, settings.http_host, settings.http_port, "http_port"),
        ):
            try:
                await server.start()
            except OSError as error:
                raise StartError(
                    f"{host}:{port} can't be opened: {error.strerror}; choose another port with {setting}"
                ) from error

    async def ready(self) -> None:
        """Listening is all that there is to wait for."""

    async def drain(self) -> None:
        """Nothing to wait for: meetings outlive this service."""

    async def stop(self) -> None:
        """Close all connections."""
        await self._http.stop()
        await self._inside.stop()
        await self.proxy.stop()

    def health(self) -> Health:
        """Whether there is a client to serve."""
        if not (self._client / "index.html").is_file():
            return Health(False, NO_BUNDLE.strip())
        return Health(True)

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)

    # Files.

    async def _config(self, request: web.Request) -> web.Response:
        origin = f"{self.proxy.scheme(request)}://{request.host}"
        region = request.headers.get("X-Proxy-Region") or self.settings.region
        if region is not None and not re.match(REGION, region):
            region = None  # whoever sends this harms only the choice of its own bridge, and our page must stay JSON
        text = config_js.build(
            self.settings.domain, origin, self.settings.config, self.settings.branding, region,
            self.settings.accounts, self.settings.passwords, self.settings.avatar_hosts,
            self.settings.codec_preference,
            request.match_info.get("tenant"),
        )  # fmt: skip
        return web.Response(text=text, content_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _element(self, _request: web.Request) -> web.Response:
        """How Element's people enter; its pages, which are elsewhere, ask before they make a token."""
        if not self.settings.matrix:
            raise web.HTTPNotFound(text="people enter without Matrix accounts here\n")
        return web.json_response({"auth": "openidtoken-jwt"}, headers={"Access-Control-Allow-Origin": "*"})

    async def _logo(self, _request: web.Request) -> web.StreamResponse:
        logo = self.settings.branding.logo
        if logo is None or not logo.is_file():
            raise web.HTTPNotFound(text="no logo is set\n")
        return web.FileResponse(logo, headers={"Cache-Control": "public, max-age=3600"})

    async def _index(self, _request: web.Request, tenant: str | None = None) -> web.StreamResponse:
        index = self._client / "index.html"
        if not index.is_file():
            return web.Response(status=503, text=NO_BUNDLE)
        if tenant is None:
            return web.FileResponse(index, headers={"Cache-Control": "no-cache"})
        page = index.read_text().replace('src="/config.js"', f'src="/{tenant}/config.js"')
        return web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-cache"})

    async def _file_or_room(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        file = (self._client / path).resolve()
        if file.is_file() and file.is_relative_to(self._client.resolve()):
            cache = FOREVER if path.startswith("assets/") else "no-cache"
            return web.FileResponse(file, headers={"Cache-Control": cache})
        tenant, slash, room = path.rpartition("/")
        if not ROOM.match(room) or (slash and (not re.fullmatch(TENANT, tenant) or tenant in OURS)):
            raise web.HTTPNotFound(text="no such page; a room's name has no spaces, slashes or quotes\n")
        return await self._index(request, tenant if slash else None)

    # Proxy.

    async def _xmpp_web_socket(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(text="an XMPP web-socket (RFC 7395) is here\n")  # clients' keep-alive asks this way
        return await self.proxy.forward(request, self.settings.prosody_url, "/xmpp-websocket", self.settings.domain)

    async def _bosh(self, request: web.Request) -> web.StreamResponse:
        return await self.proxy.forward(request, self.settings.prosody_url, "/http-bind", self.settings.domain)

    async def _conference_request(self, request: web.Request) -> web.StreamResponse:
        return await self.proxy.forward(request, self.settings.focus_url, "/conference-request/v1")

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        accounts = self.settings.accounts
        if accounts is None:
            raise web.HTTPNotFound(text="this server has no log-in pages\n")
        return await self.proxy.forward(request, accounts.url, request.path)

    async def _bridge_channel(self, request: web.Request) -> web.StreamResponse:
        server = request.match_info["server"]
        base = self.settings.bridges.get(server)
        if base is None:
            raise web.HTTPNotFound(text="no such bridge")
        return await self.proxy.forward(
            request, base, f"/{request.match_info['kind']}/{server}/{request.match_info['rest']}"
        )


def _headers(settings: WebSettings) -> dict[str, str]:
    """The headers of every answer."""
    pictures = "".join(f" https://{host}" for host in settings.avatar_hosts)
    frames = "".join(f" https://{host}" for host in settings.embedders)
    policy = SECURITY_HEADERS["Content-Security-Policy"].replace(" blob:; media", f" blob:{pictures}; media")
    return SECURITY_HEADERS | {"Content-Security-Policy": policy + frames}


def create(settings: WebSettings) -> WebService:
    """The web service of these settings."""
    return WebService(settings)
