"""COLIBRI2 over HTTP, for those who drive a bridge without XMPP (2-colibri.md section 6.1); off unless it is wanted."""

import json
from collections.abc import Callable, Iterable

from aiohttp import web

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.conference import Conference
from pyjitsi.observe.http import require_this_machine
from pyjitsi.xmpp.stanzas import colibri2, colibri2_json
from pyjitsi.xmpp.stanzas.errors import StanzaError

PAGE = "/colibri/v2/conferences"


class ConferencePages:
    """``modify`` carries a request out. Whoever asks must be on this machine: there is no other proof of who it is."""

    def __init__(
        self, bridge: Bridge, modify: Callable[[colibri2.ConferenceModify], colibri2.ConferenceModified]
    ) -> None:
        self._bridge: Bridge = bridge
        self._modify: Callable[[colibri2.ConferenceModify], colibri2.ConferenceModified] = modify

    def add_to(self, app: web.Application) -> None:
        """Add the pages."""
        app.router.add_post(PAGE, self._create)
        app.router.add_patch(f"{PAGE}/{{meeting}}", self._change)
        app.router.add_get(PAGE, self._not_offered)
        app.router.add_get(f"{PAGE}/{{meeting}}", self._not_offered)
        app.router.add_get(f"{PAGE}/{{meeting}}/dominant-speaker-identification", self._speaker)

    async def _create(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        return await self._answer(request, None)

    async def _change(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        return await self._answer(request, self._conference(request).meeting_id)

    async def _answer(self, request: web.Request, meeting: str | None) -> web.Response:
        try:
            body: object = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise web.HTTPBadRequest(text="the request is not JSON\n") from None
        try:
            answer = self._modify(colibri2_json.parse_modify(body, meeting))
        except StanzaError as error:
            raise web.HTTPBadRequest(text=f"{error.condition}: {error.text}\n") from None
        return web.json_response(colibri2_json.build_modified(answer))

    async def _not_offered(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        if "meeting" in request.match_info:
            self._conference(request)
        raise web.HTTPNotImplemented(text="conferences are changed here; /debug shows them\n")

    async def _speaker(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        conference = self._conference(request)
        speech = conference.speech
        ordered = _unique((*speech.recent, *conference.endpoints))
        return web.json_response({
            "dominantEndpoint": speech.dominant,
            "dominantSpeakerIdentification": {"dominantEndpoint": speech.dominant, "recent": list(speech.recent)},
            "endpointsBySpeechActivity": ordered,
            "endpointsInLastNOrder": ordered,
        })  # fmt: skip

    def _conference(self, request: web.Request) -> Conference:
        conference = self._bridge.conferences.get(request.match_info["meeting"])
        if conference is None:
            raise web.HTTPNotFound(text="there is no such conference\n")
        return conference


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
