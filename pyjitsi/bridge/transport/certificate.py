"""The bridge's self-signed DTLS certificate and the check of the peer's (RFC 8122 section 5)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pyjitsi.xmpp.stanzas.ice_udp import Fingerprint

VALID_BEFORE = timedelta(days=1)  # peers' clocks may be behind
VALID_AFTER = timedelta(days=7)
HASHES = ("sha-512", "sha-384", "sha-256", "sha-1")  # accepted in fingerprints, strongest first
_FUNCTIONS = {name: name.replace("-", "") for name in HASHES}


def digest(hash_name: str, der: bytes) -> str:
    """A certificate's fingerprint value: upper-case hexadecimal bytes joined by colons."""
    return hashlib.new(_FUNCTIONS[hash_name], der).digest().hex(":").upper()


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """An ECDSA P-256 key and its certificate. One serves every endpoint of a process."""

    key: ec.EllipticCurvePrivateKey
    x509: x509.Certificate

    @classmethod
    def generate(cls, now_wall: float) -> "Certificate":
        """A new one, valid from a day before ``now_wall`` (seconds since the epoch) to a week after."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pyjitsi")])
        now = datetime.fromtimestamp(now_wall, UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - VALID_BEFORE)
            .not_valid_after(now + VALID_AFTER)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    @property
    def der(self) -> bytes:
        """The certificate as it goes over the wire."""
        return self.x509.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> tuple[str, str]:
        """``("sha-256", "AA:BB…")`` for the signalling."""
        return "sha-256", digest("sha-256", self.der)


def strongest(fingerprints: Sequence[Fingerprint]) -> tuple[str, frozenset[str]]:
    """The strongest hash that the peer signalled and its values; weaker ones are not looked at (RFC 8122 section 5.1).

    Raises ValueError without any fingerprint that can be checked: such a peer cannot be told from an impostor.
    """
    if not fingerprints:
        raise ValueError("the peer signalled no certificate fingerprint")
    for name in HASHES:
        values = frozenset(each.value.upper() for each in fingerprints if each.hash.lower() == name)
        if values:
            return name, values
    offered = ", ".join(sorted({each.hash[:20] for each in fingerprints}))
    raise ValueError(f"the peer's fingerprints use {offered}, none of {', '.join(HASHES)}")
