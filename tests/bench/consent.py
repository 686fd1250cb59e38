"""ICE and nothing above it: what keeps an endpoint alive at the bridge for somebody who has no media (RFC 7675)."""

import asyncio
import random
import secrets
from typing import Literal

from pyjitsi.bridge.transport import stun
from pyjitsi.xmpp.stanzas.ice_udp import IceUdpTransport

INTERVAL = 10.0  # seconds between checks; a bridge gives a silent endpoint a minute


class Consent(asyncio.DatagramProtocol):
    """One person's end: checks the bridge's first address now and then, and answers the bridge's own checks."""

    def __init__(self, ours: IceUdpTransport) -> None:
        self._ours: IceUdpTransport = ours
        self._transport: asyncio.DatagramTransport | None = None
        self._checking: asyncio.Task[None] | None = None
        self.answered: int = 0

    async def start(self, theirs: IceUdpTransport) -> None:
        """Begin, from a port of its own."""
        loop = asyncio.get_running_loop()
        bridge = next(each for each in theirs.candidates if each.type == "host" and ":" not in each.ip)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=(bridge.ip, bridge.port))
        self._checking = loop.create_task(
            self._check(f"{theirs.ufrag}:{self._ours.ufrag}", (theirs.pwd or "").encode())
        )

    async def _check(self, username: str, key: bytes) -> None:
        tie_breaker, pause = secrets.randbits(64), 0.1
        while self._transport is not None:
            self._transport.sendto(
                stun.binding_request(
                    secrets.token_bytes(12), username, key, priority=1, controlling=False, tie_breaker=tie_breaker
                )
            )
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(INTERVAL, pause * 3)

    def close(self) -> None:
        """Fall silent."""
        if self._checking is not None:
            self._checking.cancel()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind = self._kind(data)
        if kind == "answer":
            self.answered += 1
        elif kind == "check" and self._transport is not None:
            key = (self._ours.pwd or "").encode()
            self._transport.sendto(stun.binding_success(stun.parse(data), addr, key))

    def _kind(self, data: bytes) -> Literal["check", "answer", "other"]:
        if stun.local_ufrag_of(data) == self._ours.ufrag:
            return "check"
        return "answer" if data[:2] == b"\x01\x01" else "other"
