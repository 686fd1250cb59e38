"""Conference requests over HTTP (``POST /conference-request/v1``), with Jicofo's shapes and errors."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from pyjitsi.focus.metrics import REFUSED, REQUESTS
from pyjitsi.xmpp.stanzas import conference as requests
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.tenants import within

STATUS = {"not-authorized": 403, "forbidden": 403, "bad-request": 400, "not-acceptable": 400}


def add_conference_requests(
    app: web.Application,
    handle: Callable[[requests.ConferenceRequest], Awaitable[requests.ConferenceAnswer]],
    rooms_domain: str,
) -> None:
    """Add the page; ``handle`` raises StanzaError. ``rooms_domain`` is where rooms are."""

    async def post(request: web.Request) -> web.Response:
        try:
            try:
                body = await request.json()
            except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
                raise StanzaError("bad-request", "the request is not JSON") from None
            REQUESTS.labels("http").inc()
            asked = requests.parse_json(body)
            answer = await handle(replace(asked, room=within(asked.room, rooms_domain)))
        except StanzaError as error:
            REFUSED.labels("conference", error.condition).inc()
            return web.Response(status=STATUS.get(error.condition, 503), text=error.text)
        return web.json_response(requests.build_json(replace(answer, room=asked.room)))

    async def options(_request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_post("/conference-request/v1", post)
    app.router.add_options("/conference-request/v1", options)
