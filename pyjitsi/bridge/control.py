"""What the bridge's HTTP server says and does for those who run it."""

import ipaddress
from collections.abc import Callable

from aiohttp import web

from pyjitsi import __version__, clock
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import candidates
from pyjitsi.bridge.drain import Drain


class ControlServer:
    """``/about/version`` and ``/about/candidates`` to read, ``/colibri/handover`` to act, from this machine alone."""

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

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"name": "pyjitsi", "version": __version__, "generation": self._generation})

    async def _candidates(self, _request: web.Request) -> web.Response:
        offered = candidates(self._bridge.hosts)
        return web.json_response(
            {"candidates": [{"type": each.type, "ip": each.ip, "port": each.port} for each in offered]}
        )

    async def _handover(self, request: web.Request) -> web.Response:
        """End after the meetings, so that the service manager starts what is installed now."""
        if not from_this_machine(request):
            raise web.HTTPForbidden(text="only this machine may ask for that\n")
        now = clock.monotonic()
        self._drain.begin(now, refuse=False)
        self._changed()
        return web.json_response(
            {
                "conferences": len(self._bridge.conferences),
                "endpoints": self._bridge.endpoint_count,
                "seconds": round(self._drain.remaining(now)),
            }
        )


def from_this_machine(request: web.Request) -> bool:
    """Whether loopback sent it, and no proxy on behalf of somebody else."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers or request.remote is None:
        return False
    return ipaddress.ip_address(request.remote.partition("%")[0]).is_loopback
