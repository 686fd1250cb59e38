"""SRTP keys out of a DTLS handshake (RFC 5764 section 4.2)."""

from typing import Literal

from pyjitsi.bridge.plane.api import SrtpKeys

EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"
# OpenSSL's name of a profile, libsrtp's, and the lengths of key and salt; in the bridge's order of preference. GCM with
# a 128-bit key is the cheapest per packet and offered by every current browser (RFC 7714 section 14.2).
Profile = Literal["AEAD_AES_128_GCM", "AES128_CM_SHA1_80"]
PROFILES: dict[bytes, tuple[Profile, int, int]] = {
    b"SRTP_AEAD_AES_128_GCM": ("AEAD_AES_128_GCM", 16, 12),
    b"SRTP_AES128_CM_SHA1_80": ("AES128_CM_SHA1_80", 16, 14),
}
OFFER = b":".join(PROFILES)


def exporter_length(openssl_name: bytes) -> int:
    """How many bytes to export for a profile."""
    _, key, salt = PROFILES[openssl_name]
    return 2 * (key + salt)


def split_keys(openssl_name: bytes, material: bytes, *, server: bool) -> SrtpKeys:
    """The exported client key, server key, client salt and server salt, as the keys of this side's two directions."""
    profile, key, salt = PROFILES[openssl_name]
    client = material[:key] + material[2 * key : 2 * key + salt]
    other = material[key : 2 * key] + material[2 * key + salt : 2 * (key + salt)]
    return SrtpKeys(profile, receive=client, send=other) if server else SrtpKeys(profile, receive=other, send=client)
