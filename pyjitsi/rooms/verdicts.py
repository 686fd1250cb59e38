"""What Prosody asks: one question by name, one answer, JSON both ways.

``POST /verdict/NAME`` with the secret that this service and Prosody share (``meet_verdict.lib.lua`` asks). A question
has a module of its own, which gives a ``Verdict``; log-in (JWT, LDAP, OpenID Connect) and entry belong into the folder
``pyjitsi/rooms/auth``, whose verdicts ``all_of`` adds here. A verdict that fails is an error, and lets nobody in.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web

from pyjitsi.rooms.auth.verdicts import Auth

log = structlog.get_logger("rooms")

Verdict = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


async def _ping(question: dict[str, Any]) -> dict[str, Any]:
    """Whether Prosody reaches us, and has the right secret."""
    return {"pong": question.get("ping")}


def all_of(auth: Auth) -> dict[str, Verdict]:
    """Every verdict by name."""
    return {"ping": _ping, "login": auth.login, "password": auth.password, "enter": auth.enter}


def add_verdicts(app: web.Application, verdicts: Mapping[str, Verdict], secret: str) -> None:
    """Add the routes."""
    expected = f"Bearer {secret}".encode()

    async def answer(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected):
            raise web.HTTPUnauthorized(text="only our Prosody may ask\n")
        verdict = verdicts.get(request.match_info["name"])
        if verdict is None:
            raise web.HTTPNotFound(text="no such verdict\n")
        try:
            question = json.loads(await request.text())
        except (ValueError, RecursionError):
            raise web.HTTPBadRequest(text="a question is a JSON object\n") from None
        if not isinstance(question, dict):
            raise web.HTTPBadRequest(text="a question is a JSON object\n")
        try:
            return web.json_response(await verdict(question))
        except Exception:
            log.exception("a verdict failed", verdict=request.match_info["name"])
            raise web.HTTPInternalServerError(text="the verdict failed; see the log of meet-rooms\n") from None

    app.router.add_post("/verdict/{name}", answer)
