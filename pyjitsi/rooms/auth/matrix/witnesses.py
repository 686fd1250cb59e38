"""Who knows whether an OpenID token is somebody's and whether that person is in a room: homeserver and Synapse, or a
Matrix User Verification Service."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import quote

import structlog

from pyjitsi.rooms.auth.asking import request
from pyjitsi.rooms.auth.grant import Refused
from pyjitsi.rooms.auth.keys import FetchError
from pyjitsi.rooms.auth.matrix.power import Room, read_state
from pyjitsi.rooms.auth.matrix.settings import MatrixSettings

log = structlog.get_logger("rooms")

SECONDS = 4.0  # each of at most two questions, one after the other, within the ten that Prosody waits
LARGEST = 16 << 20  # the state of a room with tens of thousands of people
UNKNOWN = "The Matrix server doesn't know this token"
NOT_IN_ROOM = "Not in this Matrix room"
Json = dict[str, Any]


def unavailable() -> Refused:
    """Nobody can tell now."""
    return Refused("The Matrix server can't be asked now", "temporary-auth-failure")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a token says of itself, none of it proved: an OpenID token of ``server``, for a room."""

    token: str
    room: str
    server: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is in the room."""

    user: str
    moderator: bool
    name: str = ""


class Http(Protocol):
    """How documents are asked for."""

    async def ask(self, url: str, bearer: str | None = None, body: Json | None = None) -> tuple[int, bytes]:
        """Status and body; a ``body`` is posted as JSON. Raises FetchError."""
        ...


class Network:
    """The real one."""

    async def ask(self, url: str, bearer: str | None = None, body: Json | None = None) -> tuple[int, bytes]:
        """See ``Http``."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        method = "GET" if body is None else "POST"
        return await request(method, url, headers, json=body, seconds=SECONDS, largest=LARGEST)


class Witness(Protocol):
    """Somebody who knows."""

    async def member(self, asked: Asked) -> Member:
        """Who it is, in that room. Raises Refused."""
        ...


class HomeserverAndSynapse:
    """The homeserver says whose a token is (``/_matrix/federation/v1/openid/userinfo``), Synapse's admin API who is in
    a room. Synapse is asked only about people who proved who they are."""

    def __init__(self, settings: MatrixSettings, http: Http) -> None:
        self._settings: MatrixSettings = settings
        self._http: Http = http

    async def member(self, asked: Asked) -> Member:
        """See ``Witness``."""
        base = self._settings.address(asked.server)
        url = f"{base}/_matrix/federation/v1/openid/userinfo?access_token={quote(asked.token, safe='')}"
        user = _own(asked, (await _answer(self._http, base, url)).get("sub"))
        members, state = await asyncio.gather(self._room(asked, "members"), self._room(asked, "state"))
        if user not in _list(members, "members"):
            raise Refused(NOT_IN_ROOM)
        events = _list(state, "state")
        moderates = read_state(events, asked.room).moderates(user, self._settings.moderator_level)
        return Member(user, moderates, _name(events, user))

    async def _room(self, asked: Asked, what: str) -> Json:
        base, token = self._settings.synapse_url, self._settings.synapse_token
        assert base is not None
        assert token is not None
        url = f"{base.rstrip('/')}/_synapse/admin/v1/rooms/{quote(asked.room, safe='')}/{what}"
        return await _answer(self._http, base, url, token.get_secret_value(), missing=NOT_IN_ROOM)


class VerificationService:
    """``POST /verify/user_in_room``."""

    def __init__(self, settings: MatrixSettings, http: Http) -> None:
        self._settings: MatrixSettings = settings
        self._http: Http = http

    async def member(self, asked: Asked) -> Member:
        """See ``Witness``."""
        base, token = self._settings.verification_service, self._settings.verification_token
        assert base is not None
        body = {"token": asked.token, "room_id": asked.room, "matrix_server_name": asked.server}
        bearer = token.get_secret_value() if token is not None else None
        found = await _answer(self._http, base, f"{base.rstrip('/')}/verify/user_in_room", bearer, body)
        results = _object(found, "results")
        if results.get("user") is not True:
            raise Refused(UNKNOWN)
        user = _own(asked, found.get("user_id"))
        if results.get("room_membership") is not True:
            raise Refused(NOT_IN_ROOM)
        power = _object(found, "power_levels")
        # The service tells the person's level beside the room's, which has no people any more.
        room = Room({**_object(power, "room"), "users": {user: power.get("user")}})
        return Member(user, room.moderates(user, self._settings.moderator_level))


async def _answer(
    http: Http, base: str, url: str, bearer: str | None = None, body: Json | None = None, *, missing: str = UNKNOWN
) -> Json:
    """An object. Raises Refused: with ``missing`` where the server knows nothing of what was asked."""
    try:
        status, text = await http.ask(url, bearer, body)
    except FetchError as error:
        log.warning("a Matrix server doesn't answer", server=base, reason=str(error))
        raise unavailable() from None
    if status == 404 or (status == 401 and bearer is None):
        raise Refused(missing)
    try:
        found = json.loads(text) if status == 200 else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        # 401 and 403 to a token of ours are the admin's to mend.
        log.error("a Matrix server's answer is of no use; is our token an administrator's?", server=base, status=status)
        raise unavailable()
    return cast(Json, found)


def _own(asked: Asked, user: Any) -> str:
    """The account, where it is that server's own: no server speaks for another's people. Raises Refused."""
    if not isinstance(user, str) or len(user) > 255 or not user.startswith("@"):
        raise Refused(UNKNOWN)
    if user.partition(":")[2] != asked.server:
        log.warning("a Matrix server names another's account", server=asked.server, account=user)
        raise Refused(UNKNOWN)
    return user


def _name(events: list[Any], user: str) -> str:
    """The name that somebody has in the room."""
    for event in events:
        if isinstance(event, dict):
            fields = cast(Json, event)
            if fields.get("type") == "m.room.member" and fields.get("state_key") == user:
                name = _object(fields, "content").get("displayname")
                return "".join(each for each in name if each.isprintable())[:80] if isinstance(name, str) else ""
    return ""


def _object(holder: Mapping[str, Any], name: str) -> Json:
    found = holder.get(name)
    return cast(Json, found) if isinstance(found, dict) else {}


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return cast(list[Any], found) if isinstance(found, list) else []
