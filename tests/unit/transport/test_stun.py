"""STUN messages are as aioice's codec writes and reads them, byte for byte."""

import ipaddress
from typing import Any

import pytest
from aioice.stun import Class, Message, Method
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.bridge.transport import stun

IDS = st.binary(min_size=12, max_size=12)
KEYS = st.binary(min_size=22, max_size=64)
HOSTS = st.ip_addresses().map(str)


@given(IDS, KEYS, HOSTS, st.integers(0, 65535))
def test_an_answer(transaction_id: bytes, key: bytes, host: str, port: int) -> None:
    request = stun.parse(stun.plain_request(transaction_id))
    expected = Message(Method.BINDING, Class.RESPONSE, transaction_id, {"XOR-MAPPED-ADDRESS": (host, port)})
    if "." in host and ":" in host:
        return  # an IPv4-mapped address is told as IPv4, on purpose
    expected.add_message_integrity(key)
    assert stun.binding_success(request, (host, port), key) == bytes(expected)


@given(
    IDS, KEYS, st.text("abcXYZ019+/:", min_size=3, max_size=40), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1),
    st.booleans(), st.booleans(),
)  # fmt: skip
def test_a_check(
    transaction_id: bytes, key: bytes, username: str, priority: int, tie_breaker: int, controlling: bool, nominate: bool
) -> None:
    role = "ICE-CONTROLLING" if controlling else "ICE-CONTROLLED"
    attributes: dict[str, Any] = {"USERNAME": username, "PRIORITY": priority, role: tie_breaker}
    if nominate:
        attributes["USE-CANDIDATE"] = None
    expected = Message(Method.BINDING, Class.REQUEST, transaction_id, attributes)
    expected.add_message_integrity(key)
    made = stun.binding_request(
        transaction_id, username, key, priority=priority, controlling=controlling, tie_breaker=tie_breaker,
        nominate=nominate,
    )  # fmt: skip
    assert made == bytes(expected)


@given(IDS, KEYS | st.none(), st.sampled_from([(400, "Bad Request"), (401, "Unauthenticated"), (487, "Role Conflict")]))
def test_an_error(transaction_id: bytes, key: bytes | None, error: tuple[int, str]) -> None:
    request = stun.parse(stun.plain_request(transaction_id))
    expected = Message(Method.BINDING, Class.ERROR, transaction_id, {"ERROR-CODE": error})
    if key is None:
        expected.add_fingerprint()
    else:
        expected.add_message_integrity(key)
    made = stun.binding_error(request, *error, key)
    assert made == bytes(expected)
    read = stun.parse(made)
    assert (read.kind, read.error, read.signed) == (stun.Class.ERROR, error, key is not None)


@given(IDS, KEYS, HOSTS, st.integers(0, 65535), st.integers(0, 2**64 - 1), st.booleans())
def test_what_is_read(
    transaction_id: bytes, key: bytes, host: str, port: int, tie_breaker: int, controlling: bool
) -> None:
    role = "ICE-CONTROLLING" if controlling else "ICE-CONTROLLED"
    attributes: dict[str, Any] = {
        "SOFTWARE": "some", "XOR-MAPPED-ADDRESS": (host, port), "USERNAME": "a:b", role: tie_breaker, "PRIORITY": 9,
    }  # fmt: skip
    message = Message(Method.BINDING, Class.REQUEST, transaction_id, attributes)
    message.add_message_integrity(key)
    read = stun.parse(bytes(message))
    assert (read.kind, read.transaction_id, read.username) == (stun.Class.REQUEST, transaction_id, "a:b")
    assert (read.priority, read.nominates, read.error) == (9, False, None)
    assert (read.controlling, read.controlled) == ((tie_breaker, None) if controlling else (None, tie_breaker))
    mapped = read.mapped
    assert mapped is not None
    assert (ipaddress.ip_address(mapped[0]), mapped[1]) == (ipaddress.ip_address(host), port)
    assert read.is_from(key)
    assert not read.is_from(key + b"x")


def attribute(name: int, value: bytes, size: int | None = None) -> bytes:
    return name.to_bytes(2, "big") + (len(value) if size is None else size).to_bytes(2, "big") + value


def message(*attributes: bytes, kind: int = 0x0101) -> bytes:
    body = b"".join(attributes)
    return kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + bytes.fromhex("2112a442") + b"t" * 12 + body


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0\1", "a STUN message of 2 bytes is shorter than its header"),
        (b"\0\1" + bytes(18), "the STUN magic cookie is missing"),
        (message() + b"x", "a STUN message says that 0 bytes follow, and 1 do"),
        (message(kind=3), "STUN method 0x3 is not BINDING"),
        (message(kind=0xC001), "STUN method 0xc001 is not BINDING"),
        (message(attribute(0x24, b"ab")), "STUN attribute 0x0024 has 2 bytes instead of 4"),
        (message(attribute(6, b"abcd", 8)), "STUN attribute 0x0006 is longer than the message"),
        (message(attribute(0x8028, b"abcd")), "the STUN message's FINGERPRINT is wrong"),
    ],
)
def test_what_is_no_message_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(stun.StunError, match=why):
        stun.parse(data)


def test_the_first_of_two_counts_and_what_makes_no_sense_is_not_there() -> None:
    read = stun.parse(message(attribute(6, b"one:"), attribute(6, b"two:"), attribute(0x20, b"\0\3" + bytes(6))))
    assert (read.username, read.mapped, read.signed) == ("one:", None, False)
    read = stun.parse(message(attribute(6, b"\xff\xfe\xff\xfe"), attribute(9, b"\0\0")))
    assert (read.username, read.error) == (None, None)


def test_what_follows_integrity_is_not_believed() -> None:
    sealed = message(attribute(6, b"one:"), attribute(8, bytes(20)), attribute(0x25, b""), attribute(0x24, bytes(4)))
    read = stun.parse(sealed)
    assert (read.username, read.nominates, read.priority) == ("one:", False, None)
    assert read.signed
    assert not read.is_from(b"key")
