"""What an ICE agent tells its owner, and the credentials that it is made with (RFC 8445, RFC 8839 section 5.4)."""

import random
import secrets
from dataclasses import dataclass

from pyjitsi.bridge.plane.api import Address
from pyjitsi.xmpp.stanzas.ice_udp import ICE_CHARS, credential_problem


@dataclass(frozen=True, slots=True)
class Credentials:
    """One side's user name fragment and password. Raises ValueError when RFC 8839 section 5.4 forbids them."""

    ufrag: str
    pwd: str

    def __post_init__(self) -> None:
        problem = credential_problem("ufrag", self.ufrag) or credential_problem("pwd", self.pwd)
        if problem is not None:
            raise ValueError(problem)

    def __repr__(self) -> str:
        return f"Credentials(ufrag={self.ufrag!r}, pwd=…)"

    @classmethod
    def generate(cls, rng: random.Random | None = None, *, prefix: str = "") -> "Credentials":
        """New credentials: 48 bits of ufrag after ``prefix`` (lets a load balancer route by ufrag), 144 of password."""
        source = rng or secrets.SystemRandom()
        return cls(
            ufrag=prefix + "".join(source.choice(ICE_CHARS) for _ in range(8)),
            pwd="".join(source.choice(ICE_CHARS) for _ in range(24)),
        )


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The first check with the right password came from ``address``: take its DTLS and media, send it nothing yet.

    A browser starts DTLS as soon as its own check is answered, which may be before ours is.
    """

    address: Address


@dataclass(frozen=True, slots=True)
class Validated:
    """A check of ours to ``address`` was answered: the peer agrees to receive there, so DTLS may start."""

    address: Address


@dataclass(frozen=True, slots=True)
class Selected:
    """Send to ``address`` from now on; comes again when the peer moves."""

    address: Address


@dataclass(frozen=True, slots=True)
class ConsentLost:
    """The selected address did not answer for 30 s and no other does: send nothing. A later Selected takes it back."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No pair became valid in time. The agent is finished."""

    reason: str


IceEvent = Authenticated | Validated | Selected | ConsentLost | Failed
