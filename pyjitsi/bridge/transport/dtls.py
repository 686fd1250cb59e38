"""DTLS 1.2 with SRTP keys (RFC 6347, RFC 5764, RFC 8122), on OpenSSL with memory BIOs.

Datagrams that come before ``start`` are kept, because a browser's ClientHello may be faster than the signalling. The
peer's certificate is compared with the signalled fingerprints inside the handshake: a wrong one ends it with an alert,
and no key is ever exported.

OpenSSL's retransmission timer begins at 1 s and reads the machine's clock. A flight that nobody has answered is
therefore sent again as it was after 0.2 s and 0.6 s of ``now``: the peer drops what it has as a replay.

Where nothing but keys was wanted, ``rest`` lets go of OpenSSL's state, which is most of what an idle peer costs.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, X509, dump_certificate

from pyjitsi.bridge.transport.certificate import Certificate, digest, strongest
from pyjitsi.bridge.transport.dtls_events import ApplicationData, Closed, Connected, DtlsEvent, Failed
from pyjitsi.bridge.transport.records import datagrams, sealed_handshake, sensible
from pyjitsi.bridge.transport.srtp_keys import EXPORTER_LABEL, OFFER, PROFILES, exporter_length, split_keys
from pyjitsi.xmpp.stanzas.ice_udp import Fingerprint

__all__ = [
    "ApplicationData",
    "Certificate",
    "Closed",
    "Connected",
    "DtlsEvent",
    "DtlsTransport",
    "Failed",
    "Fingerprint",
]

HANDSHAKE_TIMEOUT = 30.0  # seconds after start
MTU = 1200  # bytes of a datagram of ours; every path that carries video carries this
MAX_EARLY = 128  # datagrams kept before start
REPEATS = (0.2, 0.6)  # seconds after an unanswered flight
LONGEST_DATA = 16384  # bytes in one record
_DTLS_1_2 = 0xFEFD
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256"
)

Role = Literal["server", "client"]


@dataclass(slots=True)
class _Expected:
    """What the peer's certificate must be, and whether it was."""

    hash: str
    values: frozenset[str]
    verified: bool = False
    problem: str | None = None

    def check(self, der: bytes) -> bool:
        actual = digest(self.hash, der)
        self.verified = actual in self.values
        if not self.verified:
            self.problem = f"the peer's certificate has the {self.hash} fingerprint {actual}, which was not signalled"
        return self.verified


def _verify(connection: SSL.Connection, peer: X509, _error: int, depth: int, _ok: int) -> bool:
    """OpenSSL's certificate callback: a self-signed certificate is as good as any, if it is the signalled one."""
    expected = connection.get_app_data()
    if depth != 0:
        return True
    # As it came, unread: a certificate that makes no sense is a wrong one, and no error of ours.
    return expected.check(dump_certificate(FILETYPE_ASN1, peer))


@lru_cache(maxsize=4)
def _context(certificate: Certificate) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    # A resumed session would show no certificate, a renegotiated one another.
    context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # an association idles but for consent of the channel: 34 KB each
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _verify)
    context.set_cipher_list(_CIPHERS)
    context.use_certificate(certificate.x509)
    context.use_privatekey(certificate.key)
    context.set_tlsext_use_srtp(OFFER)
    return context


class DtlsTransport:
    """One DTLS association. ``receive`` takes any bytes; what is wrong with them shows as an event or not at all."""

    def __init__(self, certificate: Certificate, *, now: float) -> None:
        self.created = now
        self.connected = False
        self.finished = False  # after Failed or Closed
        self.resting = False
        self._certificate = certificate
        self._ssl: SSL.Connection | None = None
        self._expected: _Expected | None = None
        self._server = True
        self._early: deque[bytes] = deque(maxlen=MAX_EARLY)
        self._deadline: float | None = None
        self._openssl_due: float | None = None
        self._flight: list[bytes] = []
        self._repeats: list[float] = []
        self._transmits: list[bytes] = []
        self._events: list[DtlsEvent] = []

    @property
    def started(self) -> bool:
        """Whether ``start`` was called."""
        return self._expected is not None

    def start(self, role: Role, fingerprints: Sequence[Fingerprint], now: float) -> None:
        """Begin the handshake; a client sends its hello now. Raises ValueError without a usable fingerprint."""
        if self.started or self.finished:
            raise ValueError("DTLS was started already")
        name, values = strongest(fingerprints)
        self._expected = _Expected(name, values)
        self._ssl = SSL.Connection(_context(self._certificate))
        self._ssl.set_app_data(self._expected)
        self._ssl.set_ciphertext_mtu(MTU)
        self._deadline = now + HANDSHAKE_TIMEOUT
        self._server = role == "server"
        if self._server:
            self._ssl.set_accept_state()
        else:
            self._ssl.set_connect_state()
            self._advance(now)
        while self._early:
            self.receive(self._early.popleft(), now)

    def receive(self, data: bytes, now: float) -> None:
        """A datagram whose first byte is 20 to 63 (RFC 7983); before ``start`` the newest 128 are kept."""
        if self.finished or not data:
            return
        if self.resting:
            if sealed_handshake(data):
                self._transmits += self._flight
            return
        if self._ssl is None:
            self._early.append(data)
            return
        data = sensible(data)
        if data:
            self._ssl.bio_write(data)
            self._advance(now)

    def send(self, data: bytes) -> None:
        """Application data, one record; dropped unless connected. Raises ValueError over 16384 bytes."""
        if len(data) > LONGEST_DATA:
            raise ValueError(f"{len(data)} bytes do not fit into a DTLS record")
        if self._ssl is None or not self.connected or self.finished or not data:
            return
        try:
            self._ssl.send(data)
        except SSL.Error as problem:
            self._close(f"sending failed: {_words(problem)}")
        self._transmits += self._output()

    def rest(self) -> None:
        """Free what only application data needs; to be called once connected, where none is to be carried.

        A peer that missed the end of the handshake repeats its last flight and is sent ours again, as it was (RFC 6347
        section 4.2.4). Anything else that comes is dropped, ``send`` sends nothing, and ``close`` says nothing.
        """
        if self.connected and not self.finished:
            self.resting = True
            self._ssl = None
            self._openssl_due = None

    def close(self) -> None:
        """Say close_notify and be done."""
        if self.finished:
            return
        if self._ssl is not None:
            try:
                self._ssl.shutdown()
            except SSL.Error:
                pass  # in the middle of a handshake there is nothing to shut down
            self._transmits += self._output()
        self._finish(Closed())

    def tick(self, now: float) -> None:
        """Run the timers that are due."""
        if self._ssl is None or self.finished:
            return
        if self._deadline is not None and now >= self._deadline:
            self._finish(Failed(f"the DTLS handshake took longer than {HANDSHAKE_TIMEOUT:.0f} s"))
            return
        if self._openssl_due is not None and now >= self._openssl_due:
            try:
                self._ssl.DTLSv1_handle_timeout()
            except SSL.Error as problem:
                self._close(f"the DTLS handshake failed: {_words(problem)}")
                return
            self._transmits += self._output()
            self._read_timer(now)
        if self._repeats and now >= self._repeats[0]:
            self._repeats = [due for due in self._repeats if due > now]
            self._transmits += self._flight

    def next_timeout(self) -> float | None:
        """When to call ``tick``, None while nothing is due."""
        if self.finished:
            return None
        times = (self._deadline, self._openssl_due, self._repeats[0] if self._repeats else None)
        return min((time for time in times if time is not None), default=None)

    def take_transmits(self) -> list[bytes]:
        """Datagrams to send, in order; the list is handed over."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def take_events(self) -> list[DtlsEvent]:
        """Events since the last call, in order; the list is handed over."""
        events, self._events = self._events, []
        return events

    def _advance(self, now: float) -> None:
        """Let OpenSSL work on what has come."""
        before = self.connected
        try:
            if not self.connected:
                self._handshake()
            if self.connected:
                self._read()
        except SSL.Error as problem:
            self._transmits += self._output()
            expected = self._expected
            named = expected.problem if expected is not None else None
            self._close(named or f"the DTLS handshake failed: {_words(problem)}")
            return
        if self.finished:
            return
        output = self._output()
        self._transmits += output
        self._read_timer(now)
        if self.connected:
            self._repeats = []
            if not before:
                self._flight = output  # of a server, its last; a client has said all
        elif output:
            self._flight, self._repeats = output, [now + delay for delay in REPEATS]

    def _handshake(self) -> None:
        ssl, expected = self._ssl, self._expected
        if ssl is None or expected is None:
            return
        try:
            ssl.do_handshake()
        except SSL.WantReadError:
            return
        if not expected.verified:  # a second lock on the door: nothing known to us gets here
            self._finish(Failed("the handshake ended without a look at the peer's certificate"))
            return
        profile = ssl.get_selected_srtp_profile()
        if profile not in PROFILES:
            self._transmits += self._output()
            self._finish(Failed("the peer offers no SRTP protection profile that the bridge has"))
            return
        material = ssl.export_keying_material(EXPORTER_LABEL, exporter_length(profile))
        self.connected = True
        self._deadline = None
        self._events.append(Connected(split_keys(profile, material, server=self._server)))

    def _read(self) -> None:
        if self._ssl is None:
            return
        while True:
            try:
                data = self._ssl.recv(LONGEST_DATA)
            except SSL.WantReadError:
                return
            except SSL.ZeroReturnError:
                self.close()
                return
            if data:
                self._events.append(ApplicationData(data))

    def _output(self) -> list[bytes]:
        if self._ssl is None:
            return []
        chunks: list[bytes] = []
        while True:
            try:
                chunks.append(self._ssl.bio_read(65536))
            except SSL.Error:
                return datagrams(b"".join(chunks), MTU)

    def _read_timer(self, now: float) -> None:
        left = self._ssl.DTLSv1_get_timeout() if self._ssl is not None else None
        self._openssl_due = None if left is None else now + left

    def _close(self, problem: str) -> None:
        self._finish(Closed() if self.connected else Failed(problem))

    def _finish(self, event: DtlsEvent) -> None:
        if self.finished:
            return
        self.finished = True
        self._flight, self._repeats = [], []
        self._early.clear()
        self._events.append(event)


def _words(problem: SSL.Error) -> str:
    """OpenSSL's reason without its library names."""
    stack = problem.args[0] if problem.args else None
    if isinstance(stack, list) and stack and isinstance(stack[-1], tuple):
        return str(stack[-1][-1])
    return str(problem) or type(problem).__name__
