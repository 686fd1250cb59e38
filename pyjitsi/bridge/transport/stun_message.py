"""A received STUN binding message (RFC 8489 section 5), as far as ICE reads it; ``stun`` writes them.

Each endpoint sends some every few seconds, so no more is read than is used. Only the first attribute of a kind counts,
and after MESSAGE-INTEGRITY none but FINGERPRINT (sections 14, 14.5); unknown ones are passed over.
"""

import enum
import hmac
import socket
import struct
import zlib
from typing import Final

from pyjitsi.bridge.plane.api import Address

HEADER: Final = struct.Struct("!HHI")
ATTRIBUTE: Final = struct.Struct("!HH")
HEADER_LENGTH = 20
COOKIE = 0x2112A442
FINGERPRINT_XOR = 0x5354554E
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0009, 0x0020
PRIORITY, USE_CANDIDATE, FINGERPRINT = 0x0024, 0x0025, 0x8028
ICE_CONTROLLED, ICE_CONTROLLING = 0x8029, 0x802A
BINDING = 0x0001
CLASS_BITS = 0x0110
IPV4, IPV6 = 1, 2
_SIZES: Final = {MESSAGE_INTEGRITY: 20, PRIORITY: 4, FINGERPRINT: 4, ICE_CONTROLLED: 8, ICE_CONTROLLING: 8}
_READ: Final = {*_SIZES, USERNAME, ERROR_CODE, XOR_MAPPED_ADDRESS, USE_CANDIDATE}


class StunError(ValueError):
    """A datagram is no STUN binding message; the text says why."""


class Class(enum.IntEnum):
    """What a message is, by the bits of its type."""

    REQUEST = 0x000
    INDICATION = 0x010
    RESPONSE = 0x100
    ERROR = 0x110


class Message:
    """See the module's text. What an attribute is None of is not there."""

    __slots__ = ("_attributes", "_covered", "kind", "transaction_id")

    def __init__(self, data: bytes) -> None:
        """Read a datagram. Integrity is not checked, FINGERPRINT is where there is one. Raises StunError."""
        if len(data) < HEADER_LENGTH:
            raise StunError(f"a STUN message of {len(data)} bytes is shorter than its header")
        kind, length, cookie = HEADER.unpack_from(data)
        if cookie != COOKIE:
            raise StunError("the STUN magic cookie is missing")
        if length != len(data) - HEADER_LENGTH:
            raise StunError(f"a STUN message says that {length} bytes follow, and {len(data) - HEADER_LENGTH} do")
        if kind & ~CLASS_BITS != BINDING:
            raise StunError(f"STUN method {kind & ~CLASS_BITS:#x} is not BINDING")
        self.kind: Class = Class(kind & CLASS_BITS)
        self.transaction_id: bytes = data[8:HEADER_LENGTH]
        self._covered: bytes | None = None  # by MESSAGE-INTEGRITY
        self._attributes: dict[int, bytes] = {}
        self._read(data)

    def _read(self, data: bytes) -> None:
        found, position, end = self._attributes, HEADER_LENGTH, len(data)
        while position + 4 <= end:
            name, size = ATTRIBUTE.unpack_from(data, position)
            start = position + 4
            if start + size > end:
                raise StunError(f"STUN attribute {name:#06x} is longer than the message")
            if name in _READ and name not in found and (self._covered is None or name == FINGERPRINT):
                if _SIZES.get(name, size) != size:
                    raise StunError(f"STUN attribute {name:#06x} has {size} bytes instead of {_SIZES[name]}")
                found[name] = data[start : start + size]
                if name == FINGERPRINT and found[name] != fingerprint(_cut(data, position, 8)):
                    raise StunError("the STUN message's FINGERPRINT is wrong")
                if name == MESSAGE_INTEGRITY:
                    self._covered = _cut(data, position, 24)
            position = start + size + (-size % 4)

    @property
    def username(self) -> str | None:
        """USERNAME; one that is no text is none."""
        try:
            return self._attributes[USERNAME].decode()
        except (KeyError, UnicodeDecodeError):
            return None

    @property
    def priority(self) -> int | None:
        """PRIORITY."""
        return self._number(PRIORITY)

    @property
    def nominates(self) -> bool:
        """Whether there is USE-CANDIDATE."""
        return USE_CANDIDATE in self._attributes

    @property
    def controlling(self) -> int | None:
        """The tie-breaker in ICE-CONTROLLING."""
        return self._number(ICE_CONTROLLING)

    @property
    def controlled(self) -> int | None:
        """The tie-breaker in ICE-CONTROLLED."""
        return self._number(ICE_CONTROLLED)

    @property
    def error(self) -> tuple[int, str] | None:
        """ERROR-CODE: number and reason."""
        value = self._attributes.get(ERROR_CODE)
        if value is None or len(value) < 4:
            return None
        return value[2] * 100 + value[3], value[4:].decode(errors="replace")

    @property
    def mapped(self) -> Address | None:
        """XOR-MAPPED-ADDRESS; one of no known family is none."""
        value = self._attributes.get(XOR_MAPPED_ADDRESS)
        if value is None or len(value) not in (8, 20) or value[1] != (IPV4 if len(value) == 8 else IPV6):
            return None
        port = int.from_bytes(value[2:4], "big") ^ COOKIE >> 16
        family = socket.AF_INET if len(value) == 8 else socket.AF_INET6
        return socket.inet_ntop(family, masked(value[4:], self.transaction_id)), port

    @property
    def signed(self) -> bool:
        """Whether there is MESSAGE-INTEGRITY, right or wrong."""
        return self._covered is not None

    def is_from(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and was made with this key."""
        if self._covered is None:
            return False
        return hmac.compare_digest(self._attributes[MESSAGE_INTEGRITY], hmac.digest(key, self._covered, "sha1"))

    def _number(self, name: int) -> int | None:
        value = self._attributes.get(name)
        return None if value is None else int.from_bytes(value, "big")


def _cut(data: bytes, end: int, more: int) -> bytes:
    """A message up to ``end``, with the length that it has when ``more`` bytes follow (sections 14.5, 14.7)."""
    return data[:2] + (end - HEADER_LENGTH + more).to_bytes(2, "big") + data[4:end]


def fingerprint(data: bytes) -> bytes:
    """FINGERPRINT of a message whose length includes it already."""
    return (zlib.crc32(data) ^ FINGERPRINT_XOR).to_bytes(4, "big")


def masked(packed: bytes, transaction_id: bytes) -> bytes:
    """An address under the mask of XOR-MAPPED-ADDRESS, and back (section 14.2)."""
    mask = COOKIE.to_bytes(4, "big") + transaction_id
    size = len(packed)
    return (int.from_bytes(packed, "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")
