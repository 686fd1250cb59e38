"""The media port on loopback: answers leave from the address that was asked, and one bad datagram is one."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.udp import MediaPort
from pyjitsi.up.state import free_port


@pytest.fixture
async def client() -> AsyncIterator[socket.socket]:
    """A socket that knocks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knocking:
        knocking.bind(("127.0.0.1", 0))
        knocking.setblocking(False)
        yield knocking


class Echo:
    """A port that sends everything back."""

    def __init__(self, *addresses: str, optional: bool = False, port: int = 0) -> None:
        self.number = port or free_port(socket.SOCK_DGRAM)
        self.waiting: list[tuple[bytes, Address]] = []
        self.on_datagram: Callable[[bytes], None] = lambda _: None
        self.port = MediaPort(addresses, self.number, self._datagram, self._flush, optional=optional)

    def _datagram(self, data: bytes, address: Address, _at: float) -> None:
        self.on_datagram(data)
        self.waiting.append((data, address))

    def _flush(self) -> None:
        self.port.send(self.waiting)
        self.waiting = []


async def receive(client: socket.socket) -> tuple[bytes, Address]:
    async with asyncio.timeout(3):
        return await asyncio.get_running_loop().sock_recvfrom(client, 2048)


async def test_answers_come_from_the_address_that_was_asked(client: socket.socket) -> None:
    echo = Echo("127.0.0.1", "127.0.0.2")
    echo.port.open()
    try:
        for asked in ("127.0.0.2", "127.0.0.1", "127.0.0.2"):
            client.sendto(b"knock", (asked, echo.number))
            assert await receive(client) == (b"knock", (asked, echo.number))
    finally:
        echo.port.close()


async def test_a_datagram_that_fails_takes_no_other_with_it(client: socket.socket) -> None:
    echo = Echo("127.0.0.1")

    def fail(data: bytes) -> None:
        if data == b"bad":
            raise RuntimeError("a bug")

    echo.on_datagram = fail
    echo.port.open()
    try:
        with capture_logs() as logs:
            for data in (b"bad", b"one", b"bad", b"two"):
                client.sendto(data, ("127.0.0.1", echo.number))
            assert [(await receive(client))[0] for _ in range(2)] == [b"one", b"two"]
        assert echo.port.failed == 2
        assert len(logs) == 1
    finally:
        echo.port.close()


async def test_what_can_not_be_sent_is_counted(client: socket.socket) -> None:
    echo = Echo("127.0.0.1")
    echo.port.open()
    try:
        echo.port.send([(b"x" * 70_000, client.getsockname()), (b"fits", client.getsockname())])
        assert (await receive(client))[0] == b"fits"
        assert echo.port.unsent == 1
    finally:
        echo.port.close()


async def test_an_address_that_went_is_left_out_only_where_nobody_named_it() -> None:
    gone = "203.0.113.77"
    optional = Echo("127.0.0.1", gone, optional=True)
    optional.port.open()
    optional.port.close()
    with pytest.raises(OSError, match="assign requested address"):
        Echo("127.0.0.1", gone).port.open()
    with pytest.raises(OSError, match="assign requested address"):
        Echo(gone, optional=True).port.open()


async def test_a_port_in_use_is_an_error() -> None:
    first = Echo("127.0.0.1")
    first.port.open()
    try:
        with pytest.raises(OSError, match="in use"):
            Echo("127.0.0.1", optional=True, port=first.number).port.open()
    finally:
        first.port.close()
