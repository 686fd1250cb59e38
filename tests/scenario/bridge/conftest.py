"""A bridge on free ports, and clients of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pyjitsi.bridge import service
from pyjitsi.bridge.service import BridgeService
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.up.state import free_port
from pyjitsi.xmpp.settings import ClientSettings
from tests.scenario.bridge.client import Client
from tests.scenario.bridge.focus import BREWERY, FakeConnection, Focus

Join = Callable[[str], Awaitable[Client]]


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


@pytest.fixture
async def bridge(connection: FakeConnection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BridgeService]:
    """A bridge that is in its brewery."""
    http, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    values: dict[str, Any] = {
        "xmpp": {"domain": "auth.meet.example", "password": "not-used"},
        "brewery": BREWERY,
        "nickname": "jvb-1",
        "udp_port": udp,
        "http_port": http,
        "websocket_base": f"ws://127.0.0.1:{http}/colibri-ws",
        "bind_addresses": ["127.0.0.1"],
        "colibri_http": True,
    }

    def client(_settings: ClientSettings) -> FakeConnection:
        return connection

    monkeypatch.setattr(service, "client", client)
    monkeypatch.setattr(service, "INTERVAL", 0.5)
    running = BridgeService(BridgeSettings.model_validate(values))
    await running.start()
    connection.presence(f"{BREWERY}/jvb-1")
    async with asyncio.timeout(5):
        await running.ready()
    yield running
    await running.stop()


@pytest.fixture
def focus(connection: FakeConnection) -> Focus:
    return Focus(connection)


@pytest.fixture
async def join(bridge: BridgeService, focus: Focus) -> AsyncIterator[Join]:
    """Lets clients in, and sends them home after the test."""
    clients: list[Client] = []

    async def one(identity: str) -> Client:
        client = Client(focus, identity)
        clients.append(client)
        await client.join()
        return client

    yield one
    await asyncio.gather(*(client.leave() for client in clients), return_exceptions=True)
