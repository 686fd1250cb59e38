"""A Prosody where tokens are needed, with the room services' verdicts beside it, and clients with tokens."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from pyjitsi.observe.http import Health, HttpServer
from pyjitsi.rooms.auth.settings import AuthSettings, JwtSettings
from pyjitsi.rooms.http import application
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient


@asynccontextmanager
async def verdicts(
    prosody: Prosody, given: JwtSettings | AuthSettings, folder: Path | None = None
) -> AsyncGenerator[None, None]:
    """The room services' answers under these settings."""
    auth = AuthSettings(jwt=given) if isinstance(given, JwtSettings) else given
    settings = prosody.rooms().model_copy(update={"auth": auth, "state_directory": folder})
    server = HttpServer(application(settings, lambda: Health(True)), "127.0.0.1", settings.http_port)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


@asynccontextmanager
async def pages(files: dict[str, bytes], port: int) -> AsyncGenerator[list[str], None]:
    """A key server; the paths that were asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path not in files:
            raise web.HTTPNotFound
        return web.Response(body=files[request.path])

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = HttpServer(app, "127.0.0.1", port)
    await server.start()
    try:
        yield asked
    finally:
        await server.stop()


@asynccontextmanager
async def person(
    prosody: Prosody, token: str | None, resume: XmppClient | None = None, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[XmppClient]:
    """Somebody logged in with a token; ``headers`` are what the web server in front passes on. Raises Refused."""
    query = f"?room=standup&token={token}" if token is not None else ""
    one = XmppClient(prosody.websocket + query, prosody.domain, headers)
    try:
        await one.connect(manage=True, resume=resume)
        yield one
    finally:
        await one.close()


def fresh(folder: Path) -> Prosody:
    """A Prosody that asks about every log-in."""
    return Prosody(folder, settings={"login": "token"})
