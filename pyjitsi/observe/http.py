"""``/about/health`` and ``/metrics`` for a service's HTTP server."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest


@dataclass(frozen=True, slots=True)
class Health:
    """How a service is: ``reason`` says what is wrong; ``details`` are figures for people."""

    healthy: bool
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict[str, Any])


def add_observability(app: web.Application, health: Callable[[], Health], *, metrics: bool = True) -> None:
    """Add the two pages; without ``metrics`` where the world can see them."""

    async def about_health(_request: web.Request) -> web.Response:
        now = health()
        body: dict[str, Any] = {"healthy": now.healthy, **now.details}
        if now.reason:
            body["reason"] = now.reason
        return web.json_response(body, status=200 if now.healthy else 500)

    async def figures(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/about/health", about_health)
    if metrics:
        app.router.add_get("/metrics", figures)


class HttpServer:
    """An aiohttp application on one address; what ``start`` can't bind is a StartError."""

    def __init__(self, app: web.Application, host: str, port: int, ssl: Any = None) -> None:
        self._runner: web.AppRunner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._address: tuple[str, int] = (host, port)
        self._ssl: Any = ssl

    async def start(self) -> None:
        """Listen. Raises OSError."""
        await self._runner.setup()
        host, port = self._address
        await web.TCPSite(self._runner, host, port, ssl_context=self._ssl).start()

    async def stop(self) -> None:
        """Close all connections."""
        await self._runner.cleanup()


def require_this_machine(request: web.Request) -> None:
    """Refuse whoever is elsewhere, directly or through a proxy. Raises HTTPForbidden."""
    if not from_this_machine(request):
        raise web.HTTPForbidden(text="only this machine may ask for that\n")


def from_this_machine(request: web.Request) -> bool:
    """Whether loopback sent it, and no proxy on behalf of somebody else."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers or request.remote is None:
        return False
    return ipaddress.ip_address(request.remote.partition("%")[0]).is_loopback
