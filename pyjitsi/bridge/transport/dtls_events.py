"""What a DTLS transport tells its owner."""

from dataclasses import dataclass, field

from pyjitsi.bridge.plane.api import SrtpKeys


@dataclass(frozen=True, slots=True)
class Connected:
    """The handshake is done and the peer's certificate is the signalled one; application data may be sent."""

    keys: SrtpKeys = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApplicationData:
    """What one datagram's record carried: an SCTP packet."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The handshake failed: there are no keys and never will be. ``reason`` is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer said close_notify, or this side closed."""


DtlsEvent = Connected | ApplicationData | Failed | Closed
