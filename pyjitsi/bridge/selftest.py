"""The bridge tries itself: two clients of its own meet on it, by real datagrams, and one must hear the other.

ICE, DTLS and SRTP are those that every client uses; what fails for the two fails for everybody. A bridge that answers
the focus but forwards nothing is found this way.
"""

import asyncio
import random
import secrets
import socket
from collections.abc import Callable

import structlog

from pyjitsi import clock
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.plain_srtp import PlainSrtp
from pyjitsi.bridge.plane.api import Address, Codec, Encoding, Source
from pyjitsi.bridge.transport import dtls_events
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.bridge.transport.dtls import DtlsTransport
from pyjitsi.bridge.transport.ice import Credentials, IceAgent
from pyjitsi.bridge.udp import MediaPort
from pyjitsi.rtp import packet as rtp
from pyjitsi.xmpp.stanzas.ice_udp import Candidate, Fingerprint, IceUdpTransport

log = structlog.get_logger("bridge")

INTERVAL = 20.0
LIMIT = 5.0  # seconds for all of it
STEP = 0.02
MEETING = "self-test"
OPUS = Codec(111, "opus", 48000, "audio")


class SelfTestError(Exception):
    """What went wrong, in words."""


class _Client:
    """One of the two: an endpoint of the bridge, and the client at the other end of a socket."""

    def __init__(self, endpoint: Endpoint, at: Address, now: float) -> None:
        self.endpoint: Endpoint = endpoint
        self.at: Address = at
        self.ssrc: int = secrets.randbelow(2**32 - 2) + 1
        self.heard: set[int] = set()
        self.srtp: PlainSrtp | None = None
        self.sequence: int = 0
        certificate = Certificate.generate(clock.wall())
        mine = Credentials.generate()
        self._ice: IceAgent = IceAgent(
            False, mine, tie_breaker=secrets.randbits(64), rng=random.Random(secrets.randbits(64))
        )
        self._dtls: DtlsTransport = DtlsTransport(certificate, now=now)
        theirs = Candidate("1", 1, "udp", 1, at[0], at[1], "host")
        self._ice.set_remote(endpoint.credentials, (theirs,), now)
        name, value = certificate.fingerprint
        endpoint.set_transport(
            IceUdpTransport(mine.ufrag, mine.pwd, fingerprints=(Fingerprint(name, value, "active"),)), now
        )
        self._socket: socket.socket = socket.socket(
            socket.AF_INET6 if ":" in at[0] else socket.AF_INET, socket.SOCK_DGRAM
        )
        self._socket.setblocking(False)
        self._started: bool = False

    def step(self, now: float) -> None:
        """Take what has come, and send what is due."""
        while True:
            try:
                data, sender = self._socket.recvfrom(2048)
            except (BlockingIOError, InterruptedError, OSError):
                break
            self._receive(data, (sender[0], sender[1]), now)
        self._ice.tick(now)
        self._ice.take_events()
        if self._ice.selected is not None and not self._started:
            self._started = True
            name, value = self.endpoint.certificate.fingerprint
            self._dtls.start("client", (Fingerprint(name, value, "passive"),), now)
        if self._started:
            self._dtls.tick(now)
        for event in self._dtls.take_events():
            if isinstance(event, dtls_events.Connected):
                self.srtp = PlainSrtp(event.keys)
                self._dtls.rest()
            elif isinstance(event, dtls_events.Failed):
                raise SelfTestError(f"DTLS: {event.reason}")
        out = [data for data, _ in self._ice.take_transmits()] + self._dtls.take_transmits()
        if self.srtp is not None:
            self.sequence += 1
            block = rtp.build_extensions({})
            plain = rtp.build(111, False, self.sequence, self.sequence * 960, self.ssrc, block, b"\xf8\xff\xfe")
            out.append(self.srtp.protect(plain))
        for data in out:
            self._socket.sendto(data, self.at)

    def _receive(self, data: bytes, sender: Address, now: float) -> None:
        first = data[0] if data else 0
        if first <= 3:
            self._ice.receive(data, sender, now)
        elif 20 <= first <= 63:
            self._dtls.receive(data, now)
        elif self.srtp is not None and not rtp.is_rtcp(data):
            opened = self.srtp.unprotect(data)
            if opened is not None:
                self.heard.add(rtp.RtpPacket(opened).ssrc)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


SETTLING = 300.0  # seconds in which a failure is forgiven even where it is sticky


class SelfTest:
    """Runs now and then; ``failure`` is what the last run found, None while all is well.

    ``sticky``: what fails once the bridge had time to settle counts for good, as JVB's sticky-failures.
    """

    def __init__(self, bridge: Bridge, port: MediaPort, flush: Callable[[], None], *, sticky: bool = False) -> None:
        self._sticky: bool = sticky
        self._began: float = clock.monotonic()
        self.failure: str | None = None
        self._bridge: Bridge = bridge
        self._port: MediaPort = port
        self._flush: Callable[[], None] = flush

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            before = self.failure
            try:
                await self.once()
            except SelfTestError as error:
                self.failure = str(error)
                if before is None:
                    log.error("the self-test failed", reason=self.failure)
            else:
                if before is not None and self._sticky and clock.monotonic() - self._began > SETTLING:
                    continue
                self.failure = None
                if before is not None:
                    log.info("the self-test passes again")

    async def once(self) -> None:
        """One run. Raises SelfTestError."""
        bound = self._port.bound
        if not bound:
            raise SelfTestError("no UDP port is open")
        bridge, began = self._bridge, clock.monotonic()
        conference = bridge.open_test(MEETING, began)
        clients: list[_Client] = []
        try:
            for number in range(2):
                endpoint = bridge.admit(conference, f"self-test-{number}", True, False, began)
                client = _Client(endpoint, bound[0], began)
                clients.append(client)
                bridge.plane.set_media(endpoint.key, (OPUS,), {})
                source = Source(f"self-test-{number}-a0", "audio", (Encoding(client.ssrc),))
                bridge.plane.set_sources(endpoint.key, (source,))
            await self._exchange(clients, began)
        finally:
            for client in clients:
                client.close()
            bridge.close_test(conference)

    async def _exchange(self, clients: list[_Client], began: float) -> None:
        one, two = clients
        while True:
            now = clock.monotonic()
            for client in clients:
                client.step(now)
            if two.ssrc in one.heard and one.ssrc in two.heard:
                return
            if now - began > LIMIT:
                stage = "nothing is forwarded" if one.srtp and two.srtp else "no client can connect"
                raise SelfTestError(f"{stage} within {LIMIT:g} s")
            await asyncio.sleep(STEP)
            self._flush()
