"""Fuzz: any datagram is a STUN message or a StunError, and the ICE agent takes them all without a word."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.ice import Candidate, Credentials, IceAgent, Selected, Validated

US, THEM = Credentials("localufrag", "l" * 24), Credentials("remoteufrag", "r" * 24)
PEER = ("198.51.100.7", 40001)
GOOD = stun.binding_request(
    b"t" * 12, "localufrag:remoteufrag", b"w" * 24, priority=1, controlling=False, tie_breaker=3, nominate=False
)


def _attribute(kind: int, size: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + size.to_bytes(2, "big") + value


def _message(kind: int, attributes: list[bytes], off: int) -> bytes:
    body = b"".join(attributes)
    return (
        kind.to_bytes(2, "big")
        + max(0, len(body) + off).to_bytes(2, "big")
        + bytes.fromhex("2112a442")
        + b"t" * 12
        + body
    )


def _damaged(at: int, byte: int, cut: int) -> bytes:
    data = bytearray(GOOD)
    data[at % len(data)] = byte
    return bytes(data[: len(data) - cut])


KINDS = st.sampled_from([0x0001, 0x0011, 0x0101, 0x0111, 0x0003, 0x0103])
NAMES = st.sampled_from(
    [0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x0020, 0x0024, 0x0025, 0x8022, 0x8028, 0x8029, 0x802A, 0xC057]
)
attributes = st.builds(_attribute, NAMES, st.integers(0, 24), st.binary(max_size=24))
datagrams = (
    st.builds(_message, KINDS, st.lists(attributes, max_size=5), st.sampled_from([0, 0, 0, -4, 4]))
    | st.builds(_damaged, st.integers(0, 200), st.integers(0, 255), st.integers(0, 12))
    | st.binary(max_size=60)
)


@given(datagrams)
@settings(max_examples=600, derandomize=True, deadline=None)
def test_any_datagram_is_a_message_or_refused(data: bytes) -> None:
    ufrag = stun.local_ufrag_of(data)
    assert ufrag is None or ufrag.encode() + b":" in data
    try:
        stun.parse(data)
    except stun.StunError as error:
        assert str(error)


@given(st.lists(datagrams, max_size=6))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_an_agent_believes_none_of_it(received: list[bytes]) -> None:
    agent = IceAgent(True, US, tie_breaker=7, rng=random.Random(7))
    agent.set_remote(THEM, [Candidate("1", 1, "udp", 1, *PEER, "host")], 0.0)
    for at, data in enumerate(received):
        agent.receive(data, PEER, float(at) / 10)
        agent.tick(float(at) / 10)
        agent.take_transmits()
    assert not [event for event in agent.take_events() if isinstance(event, Validated | Selected)]
