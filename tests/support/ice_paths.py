"""ICE restarts for aiortc, which has none: a second aioice connection beside the first, below the same DTLS.

Media goes out over the newest connection that is up, and is taken from all, as a browser does it.
"""

import asyncio
import contextlib
import time
from typing import Any

import aioice.ice
from aioice import Candidate, Connection
from aiortc import RTCPeerConnection

from pyjitsi.xmpp.stanzas import ice_udp

# aioice closes a way for good after six checks in a row that each took over half a second, as they do on a machine that
# is short of processor. A browser takes late answers too (RFC 7675 section 5.1); who goes quiet is noticed here.
aioice.ice.CONSENT_FAILURES = 1 << 30

QUIET = 3.0  # seconds without a packet after which a browser's ICE is "disconnected", more or less


class IcePaths:
    """The ways of one peer connection to its bridge; make it before they are up."""

    def __init__(self, pc: RTCPeerConnection) -> None:
        self._ice: Any = pc.getSenders()[0].transport.transport
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._first: Connection = self._ice._connection
        self._ice._recv = self._arrived.get
        self._ice._send = self._send
        self._pumps: dict[Connection, asyncio.Task[None]] = {}
        self._extra: list[Connection] = []
        self.heard: float = time.monotonic()
        self.generation: int = 0
        self._ice.on("statechange", self._changed)

    def _changed(self) -> None:
        if self._ice.state == "completed":
            self._pump(self._first)

    async def _send(self, data: bytes) -> None:
        """Over the newest way. What none takes is lost: aiortc's senders would end for good where this raised."""
        with contextlib.suppress(ConnectionError):
            await (self.newest or self._first).send(data)

    def _pump(self, connection: Connection) -> None:
        if connection not in self._pumps:
            self._pumps[connection] = asyncio.create_task(self._run(connection))

    async def _run(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                self._arrived.put_nowait(await connection.recv())
                self.heard = time.monotonic()

    @property
    def newest(self) -> Connection | None:
        """The one that media goes out over; None before any is up."""
        return next(reversed(self._pumps), None)

    @property
    def quiet(self) -> bool:
        """Whether nothing came for a while, on a way that was up."""
        return bool(self._pumps) and time.monotonic() - self.heard > QUIET

    async def restart(self, theirs: ice_udp.IceUdpTransport) -> tuple[ice_udp.IceUdpTransport, Connection] | None:
        """A new connection for the bridge's new half, and ours to tell it; None for old news. ``connect`` follows."""
        if theirs.ice_generation is None or theirs.ice_generation <= self.generation:
            return None
        self.generation = theirs.ice_generation
        connection = Connection(ice_controlling=False, components=1)
        self._extra.append(connection)
        await connection.gather_candidates()
        connection.remote_username, connection.remote_password = theirs.ufrag, theirs.pwd
        for each in theirs.candidates:
            remote = Candidate(each.foundation, 1, each.protocol, each.priority, each.ip, each.port, each.type)
            await connection.add_remote_candidate(remote)
        await connection.add_remote_candidate(None)
        ours = ice_udp.IceUdpTransport(
            connection.local_username, connection.local_password, ice_generation=self.generation
        )
        return ours, connection

    async def connect(self, connection: Connection) -> None:
        """Use it once it is up; until then, and where it never is, all stays as it was."""
        with contextlib.suppress(ConnectionError):
            await connection.connect()
            self._pump(connection)

    async def close(self) -> None:
        """End the ways that were added; the first is the peer connection's."""
        for task in self._pumps.values():
            task.cancel()
        await asyncio.gather(*self._pumps.values(), *(each.close() for each in self._extra), return_exceptions=True)
