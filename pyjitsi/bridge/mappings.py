"""Which public addresses NAT gives to the media port, as STUN servers see it (RFC 8489 section 6.3; JVB's harvester).

Asked from the media port itself, so that the answer is the mapping that clients' packets would take. Sans-I/O: ``ask``
begins a round, ``take_transmits`` says what to send from which address of ours, ``receive`` takes the answers.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.stun import Class

STUN_PORT = 3478
FIRST_INTERVAL = 0.5  # seconds (RFC 8489 section 6.2.1)
TRIES = 5
LAST_WAIT = 8.0  # after the last of them


@dataclass(slots=True)
class _Request:
    local: Address
    server: Address
    data: bytes
    due: float
    interval: float = FIRST_INTERVAL
    left: int = TRIES


class Mappings:
    """``found`` has the public addresses of each of ours that was answered about; none where there is no NAT."""

    def __init__(self, locals_: Iterable[Address], rng: random.Random) -> None:
        """``rng`` (``secrets.SystemRandom()``) makes transaction ids, all that an answer is known by."""
        self.found: dict[str, tuple[Address, ...]] = {}
        self._locals: tuple[Address, ...] = tuple(locals_)
        self._rng: random.Random = rng
        self._open: dict[bytes, _Request] = {}
        self._round: dict[str, tuple[Address, ...]] = {}

    def ask(self, servers: Iterable[Address], now: float) -> None:
        """Begin a round: ask each server from each address of its family. The round before is over."""
        self._open.clear()
        self._round = {}
        for server in servers:
            for local in self._locals:
                if (":" in local[0]) == (":" in server[0]):
                    transaction = self._rng.randbytes(12)
                    self._open[transaction] = _Request(local, server, stun.plain_request(transaction), now)

    @property
    def answered(self) -> bool:
        """Whether anybody answered in this round."""
        return bool(self._round)

    @property
    def waiting(self) -> bool:
        """Whether answers may still come."""
        return bool(self._open)

    def receive(self, data: bytes, address: Address) -> bool:
        """Take a STUN datagram; False for one that was not asked for here."""
        request = self._open.get(data[8:20])
        if request is None or address[:2] != request.server:
            return False
        try:
            answer = stun.parse(data)
        except stun.StunError:
            return True  # it may yet answer well
        mapped = answer.mapped
        if answer.kind is Class.RESPONSE and mapped is not None:
            local = request.local
            seen = self._round.get(local[0], ())
            if mapped != local and mapped not in seen:
                # A mapping that is made by hand often keeps the port where what goes out gets another.
                seen += tuple(dict.fromkeys((mapped, (mapped[0], local[1]))))
            self._round[local[0]] = self.found[local[0]] = tuple(dict.fromkeys(seen))
            del self._open[data[8:20]]
        return True

    def take_transmits(self, now: float) -> list[tuple[str, bytes, Address]]:
        """What is due to be sent: from where, what, and where to. Requests that nobody answers are given up."""
        out: list[tuple[str, bytes, Address]] = []
        for transaction, request in list(self._open.items()):
            if request.due > now:
                continue
            if request.left == 0:
                del self._open[transaction]
                continue
            request.left -= 1
            request.due = now + (request.interval if request.left else LAST_WAIT)
            request.interval *= 2
            out.append((request.local[0], request.data, request.server))
        return out


def split_server(server: str) -> tuple[str, int]:
    """Host and port of ``host``, ``host:port``, ``[2001:db8::1]:port``. Raises ValueError."""
    host, colon, port = server.rpartition(":")
    if not colon or server.endswith("]") or (":" in host and not host.endswith("]")):
        host, port = server, str(STUN_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{server!r} is no STUN server; write host, host:port or [address]:port")
    return host, int(port)
