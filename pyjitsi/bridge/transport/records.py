"""DTLS records (RFC 6347 section 4.1): cutting what OpenSSL wrote into datagrams.

A memory BIO is a byte stream, so the borders between records are found again by their length fields.
"""

import struct
from collections.abc import Iterator

_APPLICATION_DATA, _HANDSHAKE = 23, 22
_CLEAR = bytes(2)  # epoch 0
_MESSAGE_HEAD = 12  # bytes before a handshake message's fragment
HEADER_LENGTH = 13
_LENGTH = struct.Struct("!H")


def split(stream: bytes) -> Iterator[bytes]:
    """The records of a stream, whole; an incomplete tail comes last as it is."""
    position = 0
    while position < len(stream):
        end = len(stream)
        if position + HEADER_LENGTH <= len(stream):
            end = min(end, position + HEADER_LENGTH + _LENGTH.unpack_from(stream, position + 11)[0])
        yield stream[position:end]
        position = end


def datagrams(stream: bytes, limit: int) -> list[bytes]:
    """The stream as datagrams of at most ``limit`` bytes, never cut inside a record; a longer record goes alone."""
    result: list[bytes] = []
    current = b""
    for record in split(stream):
        if current and len(current) + len(record) > limit:
            result.append(current)
            current = b""
        current += record
    if current:
        result.append(current)
    return result


def sensible(datagram: bytes) -> bytes:
    """A received datagram without the records that nobody honest sends, and that would end OpenSSL's handshake.

    Anybody who can forge an address can send what is not encrypted: so bad records are dropped, as RFC 6347 section
    4.1.2.7 asks, where they can be told. These are application data in the clear, handshake messages too short for
    their head (section 4.2.2), fragments of nothing, and such as end beyond their message.
    """
    return b"".join(record for record in split(datagram) if _sensible(record))


def sealed_handshake(datagram: bytes) -> bool:
    """Whether there is an encrypted handshake message: Finished, since nothing is renegotiated."""
    return any(
        len(record) >= HEADER_LENGTH and record[0] == _HANDSHAKE and record[3:5] != _CLEAR for record in split(datagram)
    )


def _sensible(record: bytes) -> bool:
    if len(record) < HEADER_LENGTH or record[3:5] != _CLEAR:
        return True  # cut short, which OpenSSL drops, or sealed
    if record[0] == _APPLICATION_DATA:
        return False
    if record[0] != _HANDSHAKE:
        return True
    body = record[HEADER_LENGTH:]
    while body:
        if len(body) < _MESSAGE_HEAD:
            return False
        length, offset, part = (int.from_bytes(body[at : at + 3], "big") for at in (1, 6, 9))
        if (part == 0) != (length == 0) or offset + part > length or _MESSAGE_HEAD + part > len(body):
            return False
        body = body[_MESSAGE_HEAD + part :]
    return True
