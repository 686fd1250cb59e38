"""DTLS records (RFC 6347 section 4.1): cutting what OpenSSL wrote into datagrams.

A memory BIO is a byte stream, so the borders between records are found again by their length fields.
"""

import struct
from collections.abc import Iterator

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
