"""Whoever the bridge exchanges media with: how packets arrive (ICE), who it is (DTLS), and the bridge channel.

An ``Endpoint`` is a client, a ``Relay`` another bridge.
"""

import math
import random
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Literal, Protocol

import structlog

from pyjitsi.bridge.plane.api import Address, EndpointId, Plane
from pyjitsi.bridge.transport import dtls_events, ice_events
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.bridge.transport.dtls import DtlsTransport
from pyjitsi.bridge.transport.ice import Credentials
from pyjitsi.bridge.transport.restart import RestartableIce
from pyjitsi.xmpp.stanzas import ice_udp
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("bridge")

PASSWORD_LENGTH = 24
ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
REPLACED, EXPIRED = 1000, 1001  # web-socket close codes (RFC 6455 section 7.4.1)

Claim = Callable[["Peer", Address, bool], bool]
"""Whether a peer may have an address; "proven" if a check of ours was answered from there."""


class Channel(Protocol):
    """An open bridge channel to the client."""

    def send(self, text: str) -> None:
        """Queue a message; a client that does not read is cut off, never waited for."""
        ...

    def close(self, code: int, reason: str) -> None:
        """End it with a web-socket close code."""
        ...


class Data(Protocol):
    """What carries application data of DTLS."""

    def connected(self) -> None:
        """DTLS stands."""
        ...

    def receive(self, data: bytes) -> None:
        """A record of application data."""
        ...

    def close(self) -> None:
        """The peer ends."""
        ...


class Peer:
    """Control state of one peer. ``key`` is its number in the plane.

    ``zone`` names the socket that is the peer's alone, where it has one; addresses reached through it carry it
    (``192.0.2.1%zone``), so that the same remote address through two sockets is two addresses.
    """

    farewell: str = "endpoint closed"

    def __init__(
        self, identity: str, key: EndpointId, room: str, plane: Plane, certificate: Certificate, controlling: bool,
        claim: Claim, now: float, *, zone: str = "",
    ) -> None:  # fmt: skip
        self.id: str = identity
        self.key: EndpointId = key
        self.created: float = now
        self.plane: Plane = plane
        self.certificate: Certificate = certificate
        self.zone: str = zone
        rng = random.Random(secrets.randbits(64))
        self.ice: RestartableIce = RestartableIce(controlling, Credentials.generate(), rng, zone=zone)
        self.dtls: DtlsTransport = DtlsTransport(certificate, now=now)
        self.password: str = "".join(secrets.choice(ALPHANUMERIC) for _ in range(PASSWORD_LENGTH))
        self.validated: set[Address] = set()
        self.destination: Address | None = None
        self.connected: bool = False
        self.failed: str | None = None
        self.reached: bool = False  # ICE found a way, whatever came later
        self.activity: float = 0.0
        self.dropped: Counter[str] = Counter()
        self.channel: Channel | None = None
        self.data: Data | None = None
        self.complained: set[str] = set()  # reasons for which a message was refused, logged once each
        self.log = log.bind(room=room, endpoint=identity)
        self._claim: Claim = claim
        self.due: float = 0.0  # when timers run next; what comes in between makes it now
        self._fingerprints: tuple[ice_udp.Fingerprint, ...] = ()
        self._role: Literal["server", "client"] = "server"

    @property
    def credentials(self) -> Credentials:
        """Ours, of ICE as it is in use."""
        return self.ice.local

    @property
    def connecting(self) -> bool:
        """Whether ICE or DTLS is under way, whose timers are close together."""
        return self.ice.pending is not None or not (self.connected or self.failed is not None)

    # From COLIBRI2.

    def set_transport(self, transport: ice_udp.IceUdpTransport, now: float) -> None:
        """The peer's half of the transport, or of a restart where it names a generation. Raises StanzaError."""
        restarted = transport.ice_generation
        if transport.fingerprints and restarted is None:
            self._fingerprints = transport.fingerprints
            self._role = "client" if transport.fingerprints[0].setup == "passive" else "server"
        if transport.ufrag and transport.pwd:
            try:
                remote = Credentials(transport.ufrag, transport.pwd)
            except ValueError as error:
                raise StanzaError("bad-request", str(error)) from None
            if restarted is not None:
                self.ice.answer(restarted, remote, transport.candidates, now)
            elif not self.connected:
                self.ice.set_remote(remote, transport.candidates, now)
        self._start_dtls(now)
        self.due = 0.0

    # Datagrams.

    def stun(self, data: bytes, address: Address, now: float) -> None:
        """A STUN message that names this peer or comes from one of its addresses."""
        if self.connecting or address != self.destination:
            self.due = 0.0  # consent on the pair in use makes no timer earlier
        self.ice.receive(data, address, now)
        self.progress(now)
        if address in self.validated:
            self.activity = now  # consent is activity too: somebody who only listens is there

    def note_checks(self) -> None:
        """Those that the plane answered count as well."""
        self.activity = max(self.activity, self.plane.last_check(self.key))

    def dtls_datagram(self, data: bytes, address: Address, now: float) -> None:
        """DTLS from an address; one that ICE never authenticated is dropped."""
        if address not in self.validated:
            self.dropped["dtls-unvalidated"] += 1
            return
        self.due = 0.0
        self.dtls.receive(data, now)
        self.progress(now)

    def tick(self, now: float) -> None:
        """Run ICE's and DTLS's timers, for which ``due`` has come; there may be something to send then."""
        due = self.ice.next_timeout()
        if due is not None and due <= now:
            self.ice.tick(now)
        due = self.dtls.next_timeout()
        if due is not None and due <= now:
            self.dtls.tick(now)
        self.progress(now)
        times = (self.ice.next_timeout(), self.dtls.next_timeout())
        self.due = min((time for time in times if time is not None), default=math.inf)

    def progress(self, now: float) -> None:
        """Act on what ICE and DTLS have to say."""
        for event in self.ice.take_events():
            match event:
                case ice_events.Authenticated(address):
                    self._accept_from(address, proven=False)
                case ice_events.Validated(address):
                    self._accept_from(address, proven=True)
                    if self.destination is None:
                        self._send_to(address)
                    self._start_dtls(now)
                case ice_events.Selected(address):
                    self._accept_from(address, proven=True)
                    self._send_to(address)
                    self._start_dtls(now)
                case ice_events.ConsentLost():
                    self.log.info("no consent to send any more")
                    self._send_to(None)
                case ice_events.Failed(reason):
                    self._fail(f"ICE: {reason}")
        for event in self.dtls.take_events():
            match event:
                case dtls_events.Connected(keys):
                    self.plane.set_keys(self.key, keys)
                    self.connected = True
                    self.log.info("connected", profile=keys.profile)
                    if self.data is not None:
                        self.data.connected()
                    else:
                        self.dtls.rest()
                case dtls_events.ApplicationData(data) if self.data is not None:
                    self.data.receive(data)
                case dtls_events.Failed(reason):
                    self._fail(f"DTLS: {reason}")
                case dtls_events.ApplicationData() | dtls_events.Closed():
                    pass  # not asked for; and the focus says when a peer ends

    def _accept_from(self, address: Address, *, proven: bool) -> None:
        if address not in self.validated and self._claim(self, address, proven):
            self.validated.add(address)
            self.plane.bind(address, self.key)

    def _send_to(self, address: Address | None) -> None:
        self.destination = address
        self.reached = self.reached or address is not None
        self.plane.set_destination(self.key, address)
        ours, theirs = self.ice.local, self.ice.remote
        if theirs is None:
            address = None
        user = "" if theirs is None else f"{ours.ufrag}:{theirs.ufrag}"
        self.plane.answer_checks(self.key, address, user, ours.pwd, controlling=self.ice.controlling)

    def _start_dtls(self, now: float) -> None:
        if self.dtls.started or self.destination is None or not self._fingerprints or self.failed is not None:
            return
        try:
            self.dtls.start(self._role, self._fingerprints, now)
        except ValueError as error:
            self._fail(f"DTLS: {error}")

    def _fail(self, reason: str) -> None:
        if self.failed is None:
            self.failed = reason
            self.log.warning("failed", reason=reason)

    def lost(self, address: Address) -> None:
        """Another peer proved to be at this address: a NAT gave it away."""
        self.validated.discard(address)

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        """STUN and DTLS to send."""
        out = self.ice.take_transmits()
        flight = self.dtls.take_transmits()
        if self.destination is not None:
            out += [(data, self.destination) for data in flight]
        return out

    @property
    def dtls_role(self) -> Literal["client", "server"]:
        """Ours."""
        return self._role

    def send_data(self, data: bytes) -> None:
        """Send application data. Raises ValueError where it is too long for a record."""
        self.dtls.send(data)

    # Bridge channel.

    def say(self, message: str) -> None:
        """Send a message where the channel is open; otherwise it is lost, and state is told anew when it opens."""
        if self.channel is not None:
            self.channel.send(message)

    def opened(self, channel: Channel) -> None:
        """A channel is there; it replaces the one before."""
        before, self.channel = self.channel, channel
        if before is not None:
            before.close(REPLACED, "replaced")

    def closed(self, channel: Channel) -> None:
        """A channel went; perhaps another took its place already."""
        if self.channel is channel:
            self.channel = None

    def close(self) -> None:
        """The peer ends."""
        channel, self.channel = self.channel, None
        if channel is not None:
            channel.close(EXPIRED, self.farewell)
        data, self.data = self.data, None
        if data is not None:
            data.close()
