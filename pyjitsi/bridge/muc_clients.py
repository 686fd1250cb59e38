"""More servers for a running bridge: JVB's ``/colibri/muc-client`` (2-colibri.md sections 2.1 and 6.1).

What is added this way is gone after a restart, as with JVB; who adds it does so again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from pydantic import ValidationError

from pyjitsi.bridge.brewery import Brewery
from pyjitsi.observe.http import require_this_machine
from pyjitsi.xmpp.settings import ClientSettings

MAX_CLIENTS = 64  # servers, and breweries of each
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class MucClient:
    """One server, and the bridge in each of its breweries."""

    settings: ClientSettings
    breweries: tuple[Brewery, ...]

    def same_as(self, other: ClientSettings) -> bool:
        """Whether it is the same account of the same server."""
        mine = self.settings
        return (mine.host, mine.port, mine.domain, mine.username) == (
            other.host, other.port, other.domain, other.username,
        )  # fmt: skip


class MucClients:
    """All servers by id; ``make`` a brewery of settings, room and nickname."""

    def __init__(self, make: Callable[[ClientSettings, str, str], Brewery]) -> None:
        self._make: Callable[[ClientSettings, str, str], Brewery] = make
        self._clients: dict[str, MucClient] = {}

    @property
    def breweries(self) -> list[Brewery]:
        """Where the bridge is, or means to be."""
        return [each for client in self._clients.values() for each in client.breweries]

    def add_to(self, app: web.Application) -> None:
        """Add the pages."""
        app.router.add_get("/colibri/muc-client/list", self._list)
        app.router.add_post("/colibri/muc-client/add", self._add)
        app.router.add_post("/colibri/muc-client/remove", self._remove)

    async def put(self, identity: str, settings: ClientSettings, rooms: tuple[str, ...], nickname: str) -> None:
        """Be in these rooms, instead of where that id was before."""
        await self.drop(identity)
        client = MucClient(settings, tuple(self._make(settings, room, nickname) for room in rooms))
        self._clients[identity] = client
        for brewery in client.breweries:
            await brewery.start()

    async def drop(self, identity: str) -> bool:
        """Leave one; False where there is none of that id."""
        client = self._clients.pop(identity, None)
        for brewery in () if client is None else client.breweries:
            await brewery.stop()
        return client is not None

    async def stop(self) -> None:
        """Leave all."""
        for identity in list(self._clients):
            await self.drop(identity)

    async def _list(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        return web.json_response(list(self._clients))

    async def _add(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        wish = await _texts(request)
        identity = wish.get("id", "")
        if not identity:
            raise web.HTTPBadRequest(text="id is missing\n")
        settings, rooms, nickname = read(wish)
        known = self._clients.get(identity)
        if known is None and len(self._clients) >= MAX_CLIENTS:
            raise web.HTTPBadRequest(text=f"{MAX_CLIENTS} servers are the most here\n")
        if known is None or not known.same_as(settings):
            await self.put(identity, settings, rooms, nickname)
        return web.Response()

    async def _remove(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        if not await self.drop((await _texts(request)).get("id", "")):
            raise web.HTTPBadRequest(text="there is no server with that id\n")
        return web.Response()


def read(wish: dict[str, str]) -> tuple[ClientSettings, tuple[str, ...], str]:
    """Settings, breweries and nickname of JVB's keys, in whatever case. Raises HTTPBadRequest."""
    wish = {key.lower(): value for key, value in wish.items()}
    missing = [key for key in ("hostname", "username", "password", "muc_jids", "muc_nickname") if not wish.get(key)]
    if missing:
        raise web.HTTPBadRequest(text=f"missing: {', '.join(missing)}\n")
    if wish.get("disable_certificate_verification", "false").lower() == "true":
        raise web.HTTPBadRequest(text="certificates are verified here; set ca_file of the bridge, or use loopback\n")
    rooms = tuple(each.strip() for each in wish["muc_jids"].split(",") if each.strip())
    if any(each.count("@") != 1 or "/" in each for each in rooms) or not 0 < len(rooms) <= MAX_CLIENTS:
        raise web.HTTPBadRequest(text=f"muc_jids {wish['muc_jids'][:80]!r} are not rooms' addresses\n")
    host = wish["hostname"]
    values: dict[str, Any] = {
        "host": host,
        "domain": wish.get("domain") or host,
        "username": wish["username"],
        "password": wish["password"],
        "security": wish.get("security_mode") or ("ifpossible" if host in LOOPBACK else "required"),
    }
    if "port" in wish:
        values["port"] = wish["port"]
    try:
        settings = ClientSettings.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors(include_input=False))
        raise web.HTTPBadRequest(text=f"{wrong}\n") from None
    return settings, rooms, wish["muc_nickname"]


async def _texts(request: web.Request) -> dict[str, str]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise web.HTTPBadRequest(text="the request is not JSON\n") from None
    if not isinstance(body, dict) or not all(isinstance(each, str) for each in cast(dict[str, Any], body).values()):
        raise web.HTTPBadRequest(text="the request is not an object of texts\n")
    return cast(dict[str, str], body)
