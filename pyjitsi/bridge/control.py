"""What the bridge's HTTP server says and does for those who run it."""

import json
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from pyjitsi import __version__, clock
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import candidates
from pyjitsi.bridge.drain import Drain
from pyjitsi.observe.http import require_this_machine


class ControlServer:
    """``/about/version``, ``/about/candidates`` and ``/debug`` to read; drain, shutdown and handover to act.

    Addresses and shapes are JVB's (2-colibri.md section 6.1), so that its operators' scripts work. Whoever acts must be
    on this machine.
    """

    def __init__(self, bridge: Bridge, drain: Drain, generation: str | None, changed: Callable[[], None]) -> None:
        self._bridge: Bridge = bridge
        self._drain: Drain = drain
        self._generation: str | None = generation
        self._changed: Callable[[], None] = changed

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/about/version", self._version)
        app.router.add_get("/about/candidates", self._candidates)
        app.router.add_post("/colibri/handover", self._handover)
        app.router.add_get("/colibri/drain", self._drain_state)
        app.router.add_post("/colibri/drain/{wish:enable|disable}", self._set_drain)
        app.router.add_post("/colibri/shutdown", self._shutdown)
        app.router.add_get("/debug", self._debug)

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"name": "pyjitsi", "version": __version__, "generation": self._generation})

    async def _candidates(self, _request: web.Request) -> web.Response:
        offered = candidates(self._bridge.hosts)
        return web.json_response(
            {"candidates": [{"type": each.type, "ip": each.ip, "port": each.port} for each in offered]}
        )

    async def _handover(self, request: web.Request) -> web.Response:
        """End after the meetings, because another generation has come up beside; ``?stay=true`` calls that off."""
        require_this_machine(request)
        now = clock.monotonic()
        if request.query.get("stay") == "true":
            self._drain.stay()
        else:
            self._drain.begin(now, refuse=False)
        self._changed()
        return web.json_response(
            {
                "conferences": len(self._bridge.conferences),
                "endpoints": self._bridge.endpoint_count,
                "seconds": round(self._drain.remaining(now)),
            }
        )

    async def _drain_state(self, _request: web.Request) -> web.Response:
        return web.json_response({"drain": self._drain.announced})

    async def _set_drain(self, request: web.Request) -> web.Response:
        """Ask the focus to prefer others; nothing else changes."""
        require_this_machine(request)
        self._drain.held = request.match_info["wish"] == "enable"
        self._changed()
        return web.Response()

    async def _shutdown(self, request: web.Request) -> web.Response:
        """End: after the meetings, or with people moved away at once."""
        require_this_machine(request)
        try:
            body = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            body = None
        wish = cast(dict[str, Any], body).get("graceful-shutdown") if isinstance(body, dict) else None
        if str(wish).lower() not in ("true", "false"):  # JVB's own script sends the text
            raise web.HTTPBadRequest(text='the body must be {"graceful-shutdown": true} or false\n')
        self._drain.shut_down(clock.monotonic(), at_once=str(wish).lower() == "false")
        self._changed()
        return web.Response()

    async def _debug(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        conferences = {
            each.public_id: {
                "id": each.public_id,
                "name": each.name,
                "meeting_id": each.meeting_id,
                "endpoints": {
                    endpoint.id: {"connected": endpoint.connected, "active": endpoint.active, "failed": endpoint.failed,
                                  "bitrate": round(endpoint.estimate.bitrate), "targets": endpoint.targets}
                    for endpoint in each.endpoints.values()
                },
                "relays": {
                    relay.id: {"mesh": relay.mesh, "connected": relay.connected, "channel": relay.channel is not None,
                               "endpoints": sorted(relay.endpoints), "wanted_there": relay.wants,
                               "wanted_here": relay.told}
                    for relay in each.relays
                },
            }
            for each in self._bridge.conferences.values()
        }  # fmt: skip
        state = "SHUTTING_DOWN" if self._drain.moving else "GRACEFUL_SHUTDOWN" if self._drain.refusing else "RUNNING"
        return web.json_response({"shutdown_state": state, "drain": self._drain.announced, "conferences": conferences})
