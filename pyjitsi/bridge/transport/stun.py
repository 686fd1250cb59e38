"""STUN binding messages as ICE uses them (RFC 8489, RFC 8445 section 7), on aioice's codec.

``local_ufrag_of`` runs for every STUN datagram of the bridge's socket, before anything is known of its sender.
"""

import hmac
import socket
import struct
import zlib

from aioice.stun import Class, Message, Method, parse_message

from pyjitsi.bridge.plane.api import Address

__all__ = [
    "Class",
    "Message",
    "Method",
    "StunError",
    "binding_error",
    "binding_request",
    "binding_success",
    "local_ufrag_of",
    "parse",
    "plain_request",
]

_HEADER = struct.Struct("!HHI")
_ATTRIBUTE = struct.Struct("!HH")
_HEADER_LENGTH = 20
_BINDING_REQUEST = 0x0001
_COOKIE = 0x2112A442
_BINDING_SUCCESS = 0x0101
_USERNAME, _MESSAGE_INTEGRITY, _XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0020
_PRIORITY, _USE_CANDIDATE, _FINGERPRINT = 0x0024, 0x0025, 0x8028
_ICE_CONTROLLED, _ICE_CONTROLLING = 0x8029, 0x802A
_FINGERPRINT_XOR = 0x5354554E
LONGEST_USERNAME = 513  # RFC 8489 section 14.3: fewer than 509 bytes; a little slack costs nothing
_IPV4_MAPPED = "::ffff:"


class StunError(ValueError):
    """A datagram is no STUN binding message; the text says why."""


def local_ufrag_of(data: bytes) -> str | None:
    """The receiver's ufrag of a binding request (USERNAME up to the colon), None for anything else. Never raises."""
    if len(data) < _HEADER_LENGTH:
        return None
    kind, length, cookie = _HEADER.unpack_from(data)
    if kind != _BINDING_REQUEST or cookie != _COOKIE or length != len(data) - _HEADER_LENGTH:
        return None
    position = _HEADER_LENGTH
    while position + 4 <= len(data):
        name, size = _ATTRIBUTE.unpack_from(data, position)
        if name == _USERNAME:
            value = data[position + 4 : position + 4 + size]
            if size > LONGEST_USERNAME or len(value) != size:
                return None
            ufrag, colon, _ = value.partition(b":")
            return ufrag.decode() if ufrag and colon and ufrag.isascii() else None
        position += 4 + size + (-size % 4)
    return None


def parse(data: bytes) -> Message:
    """A binding message with a right FINGERPRINT, if it has one. Integrity is not checked. Raises StunError."""
    try:
        if len(data) >= _HEADER_LENGTH and _HEADER.unpack_from(data)[2] != _COOKIE:
            raise StunError("the STUN magic cookie is missing")
        message = parse_message(data)
    except StunError:
        raise
    except (ValueError, struct.error) as problem:  # struct.error: a fixed-size attribute of another size
        raise StunError(f"malformed STUN message: {problem}") from problem
    if message.message_method != Method.BINDING:
        raise StunError(f"STUN method {message.message_method.name} is not BINDING")
    return message


def binding_request(
    transaction_id: bytes,
    username: str,
    key: bytes,
    *,
    priority: int,
    controlling: bool,
    tie_breaker: int,
    nominate: bool = False,
) -> bytes:
    """A connectivity check (RFC 8445 section 7.2.2), integrity keyed with the receiver's password."""
    name = username.encode()
    body = _ATTRIBUTE.pack(_USERNAME, len(name)) + name + bytes(-len(name) % 4)
    body += _ATTRIBUTE.pack(_PRIORITY, 4) + priority.to_bytes(4, "big")
    body += _ATTRIBUTE.pack(_ICE_CONTROLLING if controlling else _ICE_CONTROLLED, 8) + tie_breaker.to_bytes(8, "big")
    if nominate:
        body += _ATTRIBUTE.pack(_USE_CANDIDATE, 0)
    return _sealed(_BINDING_REQUEST, transaction_id, body, key)


def plain_request(transaction_id: bytes) -> bytes:
    """What a STUN server is asked: where does this come from? (RFC 8489 section 3)"""
    return _HEADER.pack(_BINDING_REQUEST, 0, _COOKIE) + transaction_id


def binding_success(request: Message, address: Address, key: bytes) -> bytes:
    """The answer to a check that came from ``address``; on a dual-stack socket IPv4 peers see their IPv4 address."""
    host, port = address[0], address[1]
    if host.startswith(_IPV4_MAPPED) and "." in host:
        host = host[len(_IPV4_MAPPED) :]
    host = host.partition("%")[0]
    if ":" in host:
        family, packed = 2, socket.inet_pton(socket.AF_INET6, host)
    else:
        family, packed = 1, socket.inet_pton(socket.AF_INET, host)
    mask = _COOKIE.to_bytes(4, "big") + request.transaction_id
    hidden = int.from_bytes(packed, "big") ^ int.from_bytes(mask[: len(packed)], "big")
    body = _ATTRIBUTE.pack(_XOR_MAPPED_ADDRESS, 4 + len(packed)) + _ATTRIBUTE.pack(family, port ^ _COOKIE >> 16)
    return _sealed(_BINDING_SUCCESS, request.transaction_id, body + hidden.to_bytes(len(packed), "big"), key)


def _sealed(kind: int, transaction_id: bytes, body: bytes, key: bytes) -> bytes:
    """A message with MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 sections 14.5, 14.7).

    The two messages of consent, of which each endpoint exchanges some every few seconds, are written here: aioice's
    codec takes four times as long for them.
    """
    body = _HEADER.pack(kind, len(body) + 24, _COOKIE) + transaction_id + body
    body += _ATTRIBUTE.pack(_MESSAGE_INTEGRITY, 20) + hmac.digest(key, body, "sha1")
    body = _HEADER.pack(kind, len(body) - 12, _COOKIE) + body[8:]
    return body + _ATTRIBUTE.pack(_FINGERPRINT, 4) + (zlib.crc32(body) ^ _FINGERPRINT_XOR).to_bytes(4, "big")


def binding_error(request: Message, code: int, reason: str, key: bytes | None) -> bytes:
    """An error answer; ``key`` is None while the sender has proved nothing (RFC 8489 section 9.1.3)."""
    message = Message(Method.BINDING, Class.ERROR, request.transaction_id, {"ERROR-CODE": (code, reason)})
    if key is None:
        message.add_fingerprint()
    else:
        message.add_message_integrity(key)
    return bytes(message)
