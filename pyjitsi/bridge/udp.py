"""The media port: one UDP socket for each address of ours, all on one port, read in batches.

A socket an address, because a peer's ICE agent throws away what does not come from the address that it asked: one
socket for all would answer from whichever address the kernel prefers on that route.
"""

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, runtime_checkable

import structlog

from pyjitsi import clock
from pyjitsi.bridge import steering
from pyjitsi.bridge.plane.api import Address

log = structlog.get_logger("bridge")

BATCH = 64  # datagrams read before others get their turn
BUFFER = 4 << 20  # bytes; the kernel cuts it to net.core.rmem_max
LONGEST = 2048
MAX_WAYS = 20_000  # remote addresses whose socket is remembered; anybody can send from any number of them


@runtime_checkable
class ReadingPlane(Protocol):
    """A plane that reads sockets in its own threads."""

    @property
    def threads(self) -> int:
        """How many there are; each wants a socket of its own for each address."""
        ...

    def serve(self, descriptor: int, zone: str = "", thread: int = 0) -> None:
        """Read a socket in a thread. Raises OSError."""
        ...

    def release(self, descriptor: int) -> None:
        """Read it no more."""
        ...

    def start(
        self, way: Callable[[Address, int], int], arrived_by: Callable[[Address, int], None],
        steer: Callable[[Mapping[int, int]], None],
    ) -> int:  # fmt: skip
        """Begin; what is returned becomes readable when there are events. ``steer`` is told which thread each remote
        port belongs to. Raises OSError."""
        ...

    def stop(self) -> None:
        """End."""
        ...

    @property
    def unsent(self) -> int:
        """What the kernel would not take of the plane."""
        ...


class MediaPort:
    """Sockets that share a port. ``after_batch`` is called after each batch, so that answers leave at once.

    ``unsent`` counts what the kernel would not take, ``failed`` datagrams whose handling raised.
    """

    def __init__(
        self, addresses: Iterable[str], port: int, on_datagram: Callable[[bytes, Address, float], None],
        after_batch: Callable[[], None], *, optional: bool = False, plane: ReadingPlane | None = None,
    ) -> None:  # fmt: skip
        """``optional`` says that an address which can't be bound is left out, unless it is the last.

        A ``plane`` that reads sockets itself gets them; ``on_datagram`` is not called then.
        """
        self._plane: ReadingPlane | None = plane
        self._notified: int = -1
        self._by_descriptor: dict[int, socket.socket] = {}
        self._addresses: tuple[str, ...] = tuple(addresses)
        self._port: int = port
        self._on_datagram: Callable[[bytes, Address, float], None] = on_datagram
        self._after_batch: Callable[[], None] = after_batch
        self._optional: bool = optional
        self._sockets: list[socket.socket] = []
        self._siblings: dict[socket.socket, list[socket.socket]] = {}  # on the same port, one for each further thread
        self._ways: dict[Address, socket.socket] = {}
        self._defaults: dict[tuple[str, bool, bool], socket.socket] = {}
        self._zones: dict[str, list[socket.socket]] = {}
        self._unsent: int = 0
        self._steers: bool = True
        self.failed: int = 0

    def open(self) -> None:
        """Bind. Raises OSError."""
        loop = asyncio.get_running_loop()
        problem: OSError | None = None
        for text in self._addresses:
            try:
                opened = _bound(text, self._port)
            except OSError as error:
                if self._optional and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    problem = error
                    log.info("an address can't be bound", address=text, reason=error.strerror)
                    continue
                self.close()
                raise
            self._sockets.append(opened)
            self._defaults.setdefault(("", *_kind(text)), opened)
            self._read(opened, "")
            self._open_siblings(opened, text)
        if problem is not None and not self._sockets:
            raise problem
        if self._plane is not None:
            self._notified = self._plane.start(self._way, self._arrived_by, self._steer)
            loop.add_reader(self._notified, self._events)

    def _open_siblings(self, opened: socket.socket, text: str) -> None:
        """Sockets of the other threads on a port; the kernel spreads what comes over all of them."""
        if self._plane is None or self._plane.threads == 1:
            return
        # Only now: the first one was to fail where another process has the port.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._siblings[opened] = []
        for thread in range(1, self._plane.threads):
            sibling = _bound(text, opened.getsockname()[1], shared=True)
            self._siblings[opened].append(sibling)
            self._by_descriptor[sibling.fileno()] = opened
            self._plane.serve(sibling.fileno(), "", thread)

    def _read(self, opened: socket.socket, zone: str) -> None:
        if self._plane is None:
            asyncio.get_running_loop().add_reader(opened, self._readable, opened, f"%{zone}" if zone else "")
        else:
            self._by_descriptor[opened.fileno()] = opened
            self._plane.serve(opened.fileno(), zone)

    def _unread(self, opened: socket.socket) -> None:
        if self._plane is None:
            asyncio.get_running_loop().remove_reader(opened)
        else:
            for each in (opened, *self._siblings.get(opened, ())):
                self._plane.release(each.fileno())
                self._by_descriptor.pop(each.fileno(), None)

    def _events(self) -> None:
        os.eventfd_read(self._notified)
        self._after_batch()

    def _way(self, address: Address, thread: int) -> int:
        found = self._socket(address)
        if found is None:
            return -2  # nowhere
        siblings = self._siblings.get(found)
        return siblings[thread - 1].fileno() if siblings and thread else found.fileno()

    def _steer(self, threads: Mapping[int, int]) -> None:
        try:
            for opened in self._siblings:
                steering.attach(opened, steering.program(threads, six=opened.family == socket.AF_INET6))
        except OSError as error:
            if self._steers:
                log.info("the kernel steers no datagrams to threads; they hand them over", reason=error.strerror)
            self._steers = False

    def _arrived_by(self, address: Address, descriptor: int) -> None:
        opened = self._by_descriptor.get(descriptor)
        if opened is not None:
            self._note_way(address, opened)

    def _note_way(self, address: Address, opened: socket.socket) -> None:
        ways = self._ways
        if ways.get(address) is not opened:
            if len(ways) >= MAX_WAYS:
                del ways[next(iter(ways))]
            ways[address] = opened

    def open_zone(self, zone: str) -> dict[str, int]:
        """Open a fresh port on each address, for one peer; datagrams there come from ``address%zone``.

        Returns the ports by address. Raises OSError.
        """
        ports: dict[str, int] = {}
        sockets = self._zones[zone] = []
        for opened_already in self._sockets:
            text = opened_already.getsockname()[0]
            try:
                opened = _bound(text, 0)
            except OSError:
                self.close_zone(zone)
                raise
            sockets.append(opened)
            ports[text] = opened.getsockname()[1]
            self._defaults.setdefault((zone, *_kind(text)), opened)
            self._read(opened, zone)
        return ports

    @property
    def unsent(self) -> int:
        """Datagrams that the kernel would not take."""
        return self._unsent + (0 if self._plane is None else self._plane.unsent)

    @property
    def bound(self) -> list[Address]:
        """What is listened on."""
        return [each.getsockname()[:2] for each in self._sockets]

    def close_zone(self, zone: str) -> None:
        """Close the ports of one peer."""
        for opened in self._zones.pop(zone, []):
            self._unread(opened)
            opened.close()
        for key in [key for key in self._defaults if key[0] == zone]:
            del self._defaults[key]
        for address in [address for address in self._ways if address[0].endswith(f"%{zone}")]:
            del self._ways[address]

    def close(self) -> None:
        """Close all sockets."""
        for zone in list(self._zones):
            self.close_zone(zone)
        if self._plane is not None and self._notified >= 0:
            asyncio.get_running_loop().remove_reader(self._notified)
            self._plane.stop()
            self._notified = -1
        for opened in self._sockets:
            self._unread(opened)
            for each in (opened, *self._siblings.pop(opened, ())):
                each.close()
        self._sockets.clear()
        self._defaults.clear()
        self._ways.clear()

    def _readable(self, opened: socket.socket, zone: str) -> None:
        for _ in range(BATCH):
            try:
                data, sender = opened.recvfrom(LONGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:  # an ICMP error of something that was sent
                log.debug("receive", error=str(error))
                continue
            address = (sender[0] + zone, sender[1])
            self._note_way(address, opened)
            try:
                self._on_datagram(data, address, clock.monotonic())
            except Exception:
                if not self.failed:
                    log.exception("a datagram could not be handled; more of these are only counted")
                self.failed += 1
        self._after_batch()

    def send(self, datagrams: Iterable[tuple[bytes, Address]]) -> None:
        """Send each from where its peer sends to; what the kernel can't take now is lost, as in a network."""
        for data, address in datagrams:
            out = self._socket(address)
            try:
                if out is not None:
                    out.sendto(data, (address[0].partition("%")[0], address[1]))
            except OSError:
                self._unsent += 1

    def send_from(self, local: str, data: bytes, address: Address) -> None:
        """Send from one of our addresses, whichever way the peer was heard on before."""
        for opened in self._sockets:
            if opened.getsockname()[0] == local:
                try:
                    opened.sendto(data, address)
                except OSError:
                    self._unsent += 1

    def _socket(self, address: Address) -> socket.socket | None:
        """The one that an address came by, or the one for its kind."""
        if (known := self._ways.get(address)) is not None:
            return known
        ip, _, zone = address[0].partition("%")
        six, loopback = _kind(ip)
        return self._defaults.get((zone, six, loopback)) or self._defaults.get((zone, six, False))


def _kind(text: str) -> tuple[bool, bool]:
    """Whether IPv6, and whether loopback."""
    return ":" in text, ipaddress.ip_address(text).is_loopback


def _bound(text: str, port: int, *, shared: bool = False) -> socket.socket:
    six = ":" in text
    opened = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if six:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        opened.setblocking(False)
        opened.bind((text, port))
    except OSError:
        opened.close()
        raise
    return opened
