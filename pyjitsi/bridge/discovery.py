"""Asks STUN servers for the public addresses of the media port, at the start and again and again, and offers them."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterable, Sequence

import structlog

from pyjitsi import clock
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import with_mappings
from pyjitsi.bridge.mappings import Mappings, split_server
from pyjitsi.bridge.plane.api import Address

log = structlog.get_logger("bridge")
LOOK = 0.05  # seconds between looks at a round that is under way


class Discovery:
    """See the module's text. ``send`` sends from an address of ours: (from, datagram, to)."""

    def __init__(
        self, bridge: Bridge, servers: Sequence[str], interval: float, send: Callable[[str, bytes, Address], None]
    ) -> None:
        self._bridge: Bridge = bridge
        self._hosts = bridge.hosts
        self._servers: Sequence[str] = servers
        self._interval: float = interval
        self._send: Callable[[str, bytes, Address], None] = send
        asking = [(each.ip, each.port) for each in bridge.hosts if not each.public and not each.loopback]
        self._mappings: Mappings = Mappings(asking, secrets.SystemRandom())
        self._silent: bool = False

    @property
    def found(self) -> bool:
        """Whether any server ever answered."""
        return bool(self._mappings.found)

    async def run(self) -> None:
        """Ask until cancelled."""
        self._bridge.on_stun = self._mappings.receive
        while True:
            await self.once()
            await asyncio.sleep(self._interval)

    async def once(self) -> None:
        """One round; what was found before stays where nobody answers."""
        before = dict(self._mappings.found)
        servers = [address for each in self._servers for address in await _addresses(each)]
        self._mappings.ask(servers, clock.monotonic())
        while True:
            for local, data, to in self._mappings.take_transmits(clock.monotonic()):
                self._send(local, data, to)
            if not self._mappings.waiting:
                break
            await asyncio.sleep(LOOK)
        found = self._mappings.found
        if found != before:
            self._bridge.hosts = with_mappings(self._hosts, found)
            public = sorted({f"{each[0]}:{each[1]}" for pairs in found.values() for each in pairs})
            log.info("public addresses by STUN", addresses=public)
        silent = not self._mappings.answered
        if silent and not self._silent:
            log.warning("no STUN server answered; what was found before is kept", servers=list(self._servers))
        self._silent = silent


async def _addresses(server: str) -> Iterable[Address]:
    """A server's addresses, one of each family; none where its name can't be resolved."""
    name, port = split_server(server)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("a STUN server's name can't be resolved", server=server, reason=error.strerror)
        return ()
    first: dict[int, Address] = {}
    for family, _, _, _, address in found:
        first.setdefault(family, (str(address[0]), int(address[1])))
    return first.values()
