"""SRTP by AES-128-GCM alone (RFC 7714), for a few packets: what the self-test's clients speak.

It is neither of those that the planes have, so that what both ends get wrong alike is found. There is no roll-over and
no window: a test is over long before.
"""

import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pyjitsi.bridge.plane.api import SrtpKeys
from pyjitsi.bridge.plane.keys import session_keys
from pyjitsi.rtp import packet as rtp

KEY, SALT = slice(0, 16), slice(36, 48)  # of RTP in session keys


class PlainSrtp:
    """Both directions of one client; "receive" and "send" are the client's. Raises ValueError of another profile."""

    def __init__(self, keys: SrtpKeys) -> None:
        if keys.profile != "AEAD_AES_128_GCM":
            raise ValueError(f"{keys.profile} is not spoken here")
        inbound, outbound = session_keys(keys.receive), session_keys(keys.send)
        self._inbound: tuple[AESGCM, bytes] = AESGCM(inbound[KEY]), inbound[SALT]
        self._outbound: tuple[AESGCM, bytes] = AESGCM(outbound[KEY]), outbound[SALT]

    def protect(self, data: bytes) -> bytes:
        """The SRTP packet. Raises ValueError where the data is no RTP packet."""
        cipher, salt = self._outbound
        head = rtp.RtpPacket(data).payload_start
        return data[:head] + cipher.encrypt(_nonce(data, salt), data[head:], data[:head])

    def unprotect(self, data: bytes) -> bytes | None:
        """The RTP packet inside, or None where it is not authentic."""
        cipher, salt = self._inbound
        try:
            head = rtp.RtpPacket(data).payload_start
            return data[:head] + cipher.decrypt(_nonce(data, salt), data[head:], data[:head])
        except (ValueError, InvalidTag):
            return None


def _nonce(data: bytes, salt: bytes) -> bytes:
    """RFC 7714 section 8.1, with the roll-over counter 0."""
    sequence, _, ssrc = struct.unpack_from("!HII", data, 2)
    start = struct.pack("!HIIH", 0, ssrc, 0, sequence)
    return bytes(left ^ right for left, right in zip(start, salt, strict=True))
