"""Session keys of SRTP and SRTCP from what DTLS exported (RFC 3711 section 4.3, RFC 7714 section 11)."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY, AUTH, SALT = 16, 20, 14
MASTER_SALT = 14  # GCM's has 12, and counts as padded


def session_keys(master: bytes) -> bytes:
    """From master key (16 bytes) and salt (12 or 14): for RTP, then RTCP, encryption key, HMAC key and salt."""
    key, salt = master[:KEY], master[KEY:].ljust(MASTER_SALT, b"\0")
    found = bytearray()
    for first in (0, 3):  # the labels of RTP begin with 0, those of RTCP with 3
        for label, length in ((first, KEY), (first + 1, AUTH), (first + 2, SALT)):
            start = bytearray(salt)
            start[7] ^= label
            found += _stream(key, bytes(start) + b"\0\0", length)
    return bytes(found)


def _stream(key: bytes, start: bytes, length: int) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(start)).encryptor()
    return encryptor.update(bytes(length))
