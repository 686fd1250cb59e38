"""The messages of consent are as aioice's codec writes them, byte for byte."""

from typing import Any

from aioice.stun import Class, Message, Method
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.bridge.transport import stun

IDS = st.binary(min_size=12, max_size=12)
KEYS = st.binary(min_size=22, max_size=64)
HOSTS = st.ip_addresses().map(str)


@given(IDS, KEYS, HOSTS, st.integers(0, 65535))
def test_an_answer(transaction_id: bytes, key: bytes, host: str, port: int) -> None:
    request = Message(Method.BINDING, Class.REQUEST, transaction_id)
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
