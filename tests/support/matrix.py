"""A Matrix homeserver for tests, as far as log-in to meetings asks it, with and without sockets; Element's tokens."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from aiohttp import web

from pyjitsi.rooms.auth.keys import FetchError
from tests.support.tokens import by_hand

SERVER, ROOM = "example.org", "!qwertyasdfgh:example.org"
ANN, BEN = "@ann:example.org", "@ben:example.org"
ADMIN = "an administrator's token"


def element_token(token: str, room: str = ROOM, server: str | None = SERVER, **more: Any) -> str:
    """As Element's widget makes it (element-web, src/vector/jitsi/index.ts): signed with a secret that all know."""
    matrix = {"token": token, "room_id": room, "server_name": server}
    body = {"iss": "meet.localhost", "sub": "meet.localhost", "aud": "https://meet.localhost", "room": "*",
            "context": {"matrix": {name: value for name, value in matrix.items() if value is not None},
                        "user": {"avatar": "https://matrix.example.org/a.png", "name": "Whoever I Say"}}}  # fmt: skip
    return by_hand('{"alg":"HS256","typ":"JWT"}', json.dumps(body | more, separators=(",", ":")), b"notused")


def power(levels: Any, **more: Any) -> dict[str, Any]:
    """An event of power levels."""
    return {"type": "m.room.power_levels", "state_key": "", "content": {"users": levels, "users_default": 0, **more}}


def member(user: str, name: str | None) -> dict[str, Any]:
    """An event of somebody's being there."""
    return {"type": "m.room.member", "state_key": user, "content": {"membership": "join", "displayname": name}}


@dataclass
class Homeserver:
    """``tokens`` leads from OpenID tokens to accounts, ``rooms`` from ids to who is in them and their state."""

    tokens: dict[str, Any] = field(default_factory=lambda: {"t-ann": ANN, "t-ben": BEN})
    rooms: dict[str, tuple[list[Any], list[Any]]] = field(
        default_factory=lambda: {
            ROOM: (
                [ANN, BEN],
                [
                    power({"@ann:example.org": 50}),
                    member("@ann:example.org", "Ann Óg"),
                    member("@ben:example.org", None),
                ],
            )
        }
    )
    asked: list[str] = field(default_factory=list[str])
    down: bool = False

    async def ask(self, url: str, bearer: str | None = None, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
        """The answer to a question (``pyjitsi.rooms.auth.matrix.witnesses.Http``)."""
        self.asked.append(url)
        if self.down:
            raise FetchError("TimeoutError")
        parts = urlsplit(url)
        status, answer = self._answer(parts.path, parse_qs(parts.query), bearer, body)
        return status, json.dumps(answer).encode()

    def _answer(
        self, path: str, query: dict[str, list[str]], bearer: str | None, body: dict[str, Any] | None
    ) -> tuple[int, Any]:
        if path == "/_matrix/federation/v1/openid/userinfo":
            user = self.tokens.get(query["access_token"][0])
            return (401, {"errcode": "M_UNKNOWN_TOKEN"}) if user is None else (200, {"sub": user})
        if bearer != ADMIN:
            return 401, {"errcode": "M_UNKNOWN_TOKEN"}
        if path == "/verify/user_in_room":
            assert body is not None
            return 200, self._verified(body)
        *_, room, what = path.split("/")
        found = self.rooms.get(unquote(room))
        if found is None:
            return 404, {"errcode": "M_NOT_FOUND"}
        return 200, {"members": found[0], "total": len(found[0])} if what == "members" else {"state": found[1]}

    def _verified(self, body: dict[str, Any]) -> dict[str, Any]:
        """As the Matrix User Verification Service answers."""
        user = self.tokens.get(body["token"])
        if user is None:
            return {"results": {"user": False, "room_membership": None}, "user_id": None, "power_levels": None}
        members, state = self.rooms.get(body["room_id"], ([], []))
        if user not in members:
            return {"results": {"user": True, "room_membership": False}, "user_id": user, "power_levels": None}
        levels: dict[str, Any] = next(e["content"] for e in state if e["type"] == "m.room.power_levels")
        level = levels["users"].get(user, levels["users_default"])
        rest = {name: value for name, value in levels.items() if name != "users"}
        return {"results": {"user": True, "room_membership": True}, "user_id": user,
                "power_levels": {"room": rest, "user": level}}  # fmt: skip

    def application(self) -> web.Application:
        """The same over HTTP."""

        async def answer(request: web.Request) -> web.Response:
            bearer = request.headers.get("Authorization", "").removeprefix("Bearer ") or None
            body = await request.json() if request.can_read_body else None
            status, text = await self.ask(str(request.url), bearer, body)
            return web.Response(status=status, body=text, content_type="application/json")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        return app
