"""The media port: one UDP socket an address family, read in batches."""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog

from pyjitsi import clock
from pyjitsi.bridge.plane.api import Address

log = structlog.get_logger("bridge")

BATCH = 64  # datagrams read before others get their turn
RECEIVE_BUFFER = 4 << 20
LONGEST = 2048


class MediaPort:
    """Sockets that share a port. ``on_datagrams`` is called after each batch, so that answers leave at once."""

    def __init__(
        self, addresses: tuple[str, ...], port: int, on_datagram: Callable[[bytes, Address, float], None],
        after_batch: Callable[[], None],
    ) -> None:  # fmt: skip
        self._addresses: tuple[str, ...] = addresses
        self._port: int = port
        self._on_datagram: Callable[[bytes, Address, float], None] = on_datagram
        self._after_batch: Callable[[], None] = after_batch
        self._sockets: list[socket.socket] = []
        self._out: dict[bool, socket.socket] = {}
        self.unsent: int = 0

    def open(self) -> None:
        """Bind. Raises OSError."""
        loop = asyncio.get_running_loop()
        for text in self._addresses or ("0.0.0.0", "::"):
            six = ":" in text
            opened = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
            try:
                if six:
                    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RECEIVE_BUFFER)
                opened.setblocking(False)
                opened.bind((text, self._port))
            except OSError as error:
                opened.close()
                if six and not self._addresses and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    continue  # a machine without IPv6
                raise
            self._sockets.append(opened)
            self._out.setdefault(six, opened)
            loop.add_reader(opened, self._readable, opened)

    def close(self) -> None:
        """Close all sockets."""
        for opened in self._sockets:
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()
        self._sockets.clear()
        self._out.clear()

    def _readable(self, opened: socket.socket) -> None:
        for _ in range(BATCH):
            try:
                data, address = opened.recvfrom(LONGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:  # an ICMP error of something that was sent
                log.debug("receive", error=str(error))
                continue
            self._on_datagram(data, (address[0], address[1]), clock.monotonic())
        self._after_batch()

    def send(self, data: bytes, address: Address) -> None:
        """Send; what the kernel can't take now is lost and counted, as a network would."""
        out = self._out.get(":" in address[0])
        try:
            if out is not None:
                out.sendto(data, address)
        except OSError:
            self.unsent += 1
