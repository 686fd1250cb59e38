"""STUN binding messages as ICE writes them (RFC 8489, RFC 8445 section 7); ``stun_message`` reads them.

``local_ufrag_of`` runs for every STUN datagram of the bridge's socket, before anything is known of its sender.
"""

import hmac
import socket

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport.stun_message import (
    ATTRIBUTE,
    BINDING,
    COOKIE,
    ERROR_CODE,
    FINGERPRINT,
    HEADER,
    HEADER_LENGTH,
    ICE_CONTROLLED,
    ICE_CONTROLLING,
    IPV4,
    IPV6,
    MESSAGE_INTEGRITY,
    PRIORITY,
    USE_CANDIDATE,
    USERNAME,
    XOR_MAPPED_ADDRESS,
    Class,
    Message,
    StunError,
    fingerprint,
    masked,
)

__all__ = [
    "Class",
    "Message",
    "StunError",
    "binding_error",
    "binding_request",
    "binding_success",
    "local_ufrag_of",
    "parse",
    "plain_request",
]

LONGEST_USERNAME = 513  # RFC 8489 section 14.3: fewer than 509 bytes; a little slack costs nothing
_IPV4_MAPPED = "::ffff:"


def local_ufrag_of(data: bytes) -> str | None:
    """The receiver's ufrag of a binding request (USERNAME up to the colon), None for anything else. Never raises."""
    if len(data) < HEADER_LENGTH:
        return None
    kind, length, cookie = HEADER.unpack_from(data)
    if kind != BINDING or cookie != COOKIE or length != len(data) - HEADER_LENGTH:
        return None
    position = HEADER_LENGTH
    while position + 4 <= len(data):
        name, size = ATTRIBUTE.unpack_from(data, position)
        if name == USERNAME:
            value = data[position + 4 : position + 4 + size]
            if size > LONGEST_USERNAME or len(value) != size:
                return None
            ufrag, colon, _ = value.partition(b":")
            return ufrag.decode() if ufrag and colon and ufrag.isascii() else None
        position += 4 + size + (-size % 4)
    return None


def parse(data: bytes) -> Message:
    """A binding message with a right FINGERPRINT, if it has one. Integrity is not checked. Raises StunError."""
    return Message(data)


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
    body = ATTRIBUTE.pack(USERNAME, len(name)) + name + bytes(-len(name) % 4)
    body += ATTRIBUTE.pack(PRIORITY, 4) + priority.to_bytes(4, "big")
    body += ATTRIBUTE.pack(ICE_CONTROLLING if controlling else ICE_CONTROLLED, 8) + tie_breaker.to_bytes(8, "big")
    if nominate:
        body += ATTRIBUTE.pack(USE_CANDIDATE, 0)
    return _sealed(BINDING, transaction_id, body, key)


def plain_request(transaction_id: bytes) -> bytes:
    """What a STUN server is asked: where does this come from? (RFC 8489 section 3)"""
    return HEADER.pack(BINDING, 0, COOKIE) + transaction_id


def binding_success(request: Message, address: Address, key: bytes) -> bytes:
    """The answer to a check that came from ``address``; on a dual-stack socket IPv4 peers see their IPv4 address."""
    host, port = address[0], address[1]
    if host.startswith(_IPV4_MAPPED) and "." in host:
        host = host[len(_IPV4_MAPPED) :]
    host = host.partition("%")[0]
    if ":" in host:
        family, packed = IPV6, socket.inet_pton(socket.AF_INET6, host)
    else:
        family, packed = IPV4, socket.inet_pton(socket.AF_INET, host)
    body = ATTRIBUTE.pack(XOR_MAPPED_ADDRESS, 4 + len(packed)) + ATTRIBUTE.pack(family, port ^ COOKIE >> 16)
    body += masked(packed, request.transaction_id)
    return _sealed(BINDING | Class.RESPONSE, request.transaction_id, body, key)


def binding_error(request: Message, code: int, reason: str, key: bytes | None) -> bytes:
    """An error answer; ``key`` is None while the sender has proved nothing (RFC 8489 section 9.1.3)."""
    value = bytes((0, 0, code // 100, code % 100)) + reason.encode()
    body = ATTRIBUTE.pack(ERROR_CODE, len(value)) + value + bytes(-len(value) % 4)
    return _sealed(BINDING | Class.ERROR, request.transaction_id, body, key)


def _sealed(kind: int, transaction_id: bytes, body: bytes, key: bytes | None) -> bytes:
    """A message with MESSAGE-INTEGRITY, where there is a key, and FINGERPRINT (RFC 8489 sections 14.5, 14.7)."""
    if key is not None:
        covered = HEADER.pack(kind, len(body) + 24, COOKIE) + transaction_id + body
        body += ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + hmac.digest(key, covered, "sha1")
    whole = HEADER.pack(kind, len(body) + 8, COOKIE) + transaction_id + body
    return whole + ATTRIBUTE.pack(FINGERPRINT, 4) + fingerprint(whole)
