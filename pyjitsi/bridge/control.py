"""What the bridge's HTTP server says and does for those who run it."""

import json
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from pyjitsi import __version__, clock
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import candidates
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.drain import Drain
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.relay import Relay
from pyjitsi.observe.http import Health, require_this_machine


class ControlServer:
    """``/about/version``, ``/about/candidates`` and ``/debug`` to read; drain, shutdown and handover to act.

    Addresses and shapes are JVB's (2-colibri.md section 6.1), so that its operators' scripts work. Whoever acts must be
    on this machine.
    """

    def __init__(
        self, bridge: Bridge, drain: Drain, generation: str | None, health: Callable[[], Health],
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._bridge: Bridge = bridge
        self._drain: Drain = drain
        self._generation: str | None = generation
        self._health: Callable[[], Health] = health
        self._changed: Callable[[], None] = changed

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/about/version", self._version)
        app.router.add_get("/about/candidates", self._candidates)
        app.router.add_post("/colibri/handover", self._handover)
        app.router.add_get("/colibri/drain", self._drain_state)
        app.router.add_post("/colibri/drain/{wish:enable|disable}", self._set_drain)
        app.router.add_post("/colibri/shutdown", self._shutdown)
        app.router.add_get("/stats", self._stats)
        app.router.add_get("/debug", self._debug)
        app.router.add_get("/debug/{conference}", self._debug_conference)
        app.router.add_get("/debug/{conference}/{endpoint}", self._debug_conference)

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

    async def _stats(self, request: web.Request) -> web.Response:
        """The state of the meetings that collectors of statistics (rtcstats) may read, by meeting."""
        require_this_machine(request)
        shown = [each for each in self._bridge.conferences.values() if each.rtcstats]
        return web.json_response({each.meeting_id: describe(each, full=True) for each in shown})

    async def _debug(self, request: web.Request) -> web.Response:
        """All conferences by name, with ``?full=true`` by what is in them."""
        require_this_machine(request)
        full = request.query.get("full") == "true"
        health = self._health()
        state = "SHUTTING_DOWN" if self._drain.moving else "GRACEFUL_SHUTDOWN" if self._drain.refusing else "RUNNING"
        return web.json_response({
            "shutdown_state": state,
            "drain": self._drain.announced,
            "time": round(clock.wall() * 1000),
            "load_management": {
                "endpoints": self._bridge.endpoint_count, "max_endpoints": self._bridge.max_endpoints,
                "reducer_enabled": str(self._bridge.last_n.reducing).lower(),
                "reducer": {"jvbLastN": self._bridge.last_n.enforced},
            },
            "health": {
                "success": health.healthy, "hardFailure": not health.healthy,
                "responseCode": 200 if health.healthy else 500, "message": health.reason,
            },
            "conferences": {
                each.public_id: describe(each, full=full) for each in self._bridge.conferences.values()
            },
        })  # fmt: skip

    async def _debug_conference(self, request: web.Request) -> web.Response:
        """One conference or endpoint, whole unless ``?full=false``; what is not there is null, as with JVB."""
        require_this_machine(request)
        wanted, full = request.match_info["conference"], request.query.get("full") != "false"
        found = next((each for each in self._bridge.conferences.values() if each.public_id == wanted), None)
        if found is None:
            return web.json_response({"conferences": {wanted: "null"}})
        described = describe(found, full=full)
        name = request.match_info.get("endpoint")
        if name is not None:
            endpoint = found.endpoints.get(name)
            described["endpoints"] = {name: "null" if endpoint is None else _describe_endpoint(endpoint, full=full)}
        return web.json_response({"conferences": {wanted: described}})


def describe(conference: Conference, *, full: bool) -> dict[str, Any]:
    """A conference as JVB's ``/debug`` shows it."""
    return {
        "id": conference.public_id,
        "name": conference.name,
        "meeting_id": conference.meeting_id,
        "rtcstatsEnabled": conference.rtcstats,
        "endpoints": {each.id: _describe_endpoint(each, full=full) for each in conference.endpoints.values()},
        "relays": {each.id: _describe_relay(each, full=full) for each in conference.relays},
    }


def _describe_endpoint(endpoint: Endpoint, *, full: bool) -> dict[str, Any]:
    if not full:
        return {"connected": endpoint.connected}
    ice = endpoint.ice
    return {
        "connected": endpoint.connected, "active": endpoint.active, "failed": endpoint.failed,
        "bitrate": round(endpoint.estimate.bitrate), "targets": endpoint.targets,
        "ice": {
            "connected": endpoint.destination is not None,
            "restart": None if ice.pending is None else ice.pending.generation,
            "restarts": dict(ice.restarts),
        },
    }  # fmt: skip


def _describe_relay(relay: Relay, *, full: bool) -> dict[str, Any]:
    if not full:
        return {"connected": relay.connected}
    return {
        "mesh": relay.mesh, "connected": relay.connected, "channel": relay.channel is not None,
        "endpoints": sorted(relay.endpoints), "wanted_there": relay.wants, "wanted_here": relay.told,
    }  # fmt: skip
