"""A bridge whose focus is whoever posts a conference-modify: ``python -m tests.bench.sfu.serve ADDRESS [THREADS]``.

The bridge is the real service; only XMPP is left out, which no packet touches.
"""

import asyncio
import sys
from collections import deque
from xml.etree.ElementTree import fromstring, tostring

from aiohttp import web

from pyjitsi.bridge import service
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.service import BridgeService
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.observe import logs
from pyjitsi.service import run
from pyjitsi.xmpp.settings import ClientSettings
from tests.scenario.bridge.focus import BREWERY, FakeConnection

DOOR, HTTP = 8099, 9090


async def main(address: str, threads: int | None = None) -> None:
    """Run until SIGTERM."""
    connection = FakeConnection()

    def client(_settings: ClientSettings) -> FakeConnection:
        return connection

    service.client = client  # pyright: ignore[reportAttributeAccessIssue]
    settings = BridgeSettings.model_validate(
        {
            "xmpp": {"domain": "auth.meet.example", "password": "not-used"},
            "brewery": BREWERY,
            "http_host": address,
            "http_port": HTTP,
            "websocket_base": f"ws://{address}:{HTTP}/colibri-ws",
            "bind_addresses": [address],
            "start_bitrate": 1_000_000_000,  # the load reports nothing that an estimate could be made of
            "drain_seconds": 0,
            "plane_threads": threads,
        }
    )

    async def ask(request: web.Request) -> web.Response:
        answer = await connection.ask(fromstring(await request.text()))
        return web.Response(body=b"" if answer is None else tostring(answer))

    async def figures(_request: web.Request) -> web.Response:
        plane = bridge.bridge.plane
        assert isinstance(plane, CompiledPlane)
        waits = [each.take_waits() for each in plane.engines]
        return web.json_response({
            "lock_waits": sum(count for count, _ in waits),
            "longest_wait_us": max(longest for _, longest in waits) * 1e6,
            "handed": sum(each.handed for each in plane.engines),
        })  # fmt: skip

    async def tables(_request: web.Request) -> web.Response:
        held, plane = bridge.bridge, bridge.bridge.plane
        assert isinstance(plane, CompiledPlane)
        parts = (held, held.demux, plane, plane.keyframes, bridge._port)  # pyright: ignore[reportPrivateUsage]
        sizes = {
            f"{type(part).__name__}.{name}": len(value)
            for part in parts
            for name in getattr(part, "__dict__", None) or getattr(type(part), "__slots__", ())
            if isinstance(value := getattr(part, name), dict | set | list | deque)
        }
        return web.json_response({"faults": held.faults, "unsent": plane.unsent, "sizes": sizes})

    door = web.Application()
    door.router.add_get("/tables", tables)
    door.router.add_get("/figures", figures)
    door.router.add_post("/colibri", ask)
    runner = web.AppRunner(door)
    await runner.setup()
    await web.TCPSite(runner, address, DOOR).start()
    bridge = BridgeService(settings)
    asyncio.get_running_loop().call_later(0.5, lambda: connection.presence(f"{BREWERY}/jvb"))
    await run(bridge)
    await runner.cleanup()


if __name__ == "__main__":
    logs.configure("bridge", "warning")
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))
