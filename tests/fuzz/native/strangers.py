"""A whole bridge and what anybody on the network can send it, and the parsers in Python behind the plane."""

import logging
import random
from functools import cache

import structlog

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import HostAddress
from pyjitsi.bridge.messages import MessageError, parse
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.bridge.transport.dtls import DtlsTransport, Fingerprint
from pyjitsi.bridge.transport.ice import Candidate, Credentials, IceAgent, Selected, Validated
from pyjitsi.bridge.transport.records import datagrams
from tests.fuzz.native.meeting import SENDER, SSRCS, Meeting
from tests.fuzz.native.reader import Reader

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
LONGEST = 70_000
US, THEM = Credentials("localufrag", "l" * 24), Credentials("remoteufrag", "r" * 24)
PEER = ("198.51.100.7", 40001)


@cache
def _certificate() -> Certificate:
    return Certificate.generate(1_790_000_000.0)


def receive(data: bytes) -> None:
    """Datagrams from known and unknown addresses, none of them authentic, as long as they like."""
    reader, meeting = Reader(data), Meeting()
    assert isinstance(meeting.plane, CompiledPlane)
    bridge = Bridge(meeting.plane, _certificate(), (HostAddress("192.0.2.10", 10000),), "wss://meet.example/ws")
    held = bridge.admit(bridge.open("m", "r", meeting.now), "one", True, False, meeting.now)
    held.ice.set_remote(THEM, [Candidate("1", 1, "udp", 1, *PEER, "host")], meeting.now)
    meeting.plane.bind(("203.0.113.9", 9), held.key)
    meeting.plane.answer_checks(held.key, ("203.0.113.9", 9), "ours:theirs", "p" * 24, controlling=True)
    while reader.more():
        what = reader.byte()
        datagram = reader.chunk(LONGEST)
        if what & 0x40:
            datagram = (datagram * 70_000)[:: max(1, len(datagram))] if what & 0x20 else datagram * (what % 16)
        if what & 0x80 and len(datagram) > 12:
            datagram = bytes((0x90, 100)) + datagram[2:8] + SSRCS[what % 7].to_bytes(4, "big") + datagram[12:]
        address = (("198.51.100.1", SENDER), ("203.0.113.9", 9), PEER, ("2001:db8::7", 7))[what % 4]
        meeting.plane.receive(datagram[:LONGEST], address, meeting.now)
        bridge.pump(meeting.now)
        meeting.now += 0.01
    bridge.tick(meeting.now)
    bridge.take_transmits()
    assert bridge.faults == 0
    assert not held.validated
    meeting.speak()


def stun_messages(data: bytes) -> None:
    """STUN for an agent that nobody can prove anything to."""
    reader = Reader(data)
    agent = IceAgent(True, US, tie_breaker=7, rng=random.Random(7))
    agent.set_remote(THEM, [Candidate("1", 1, "udp", 1, *PEER, "host")], 0.0)
    now = 0.0
    while reader.more():
        now += 0.01
        message = reader.chunk(LONGEST)
        stun.local_ufrag_of(message)
        try:
            stun.parse(message)
        except stun.StunError as refused:
            assert str(refused)
        agent.receive(message, PEER, now)
        agent.tick(now)
        agent.take_transmits()
    assert not [event for event in agent.take_events() if isinstance(event, Validated | Selected)]


def dtls_records(data: bytes) -> None:
    """Records for an association that has begun, and the cutting of our own flights into datagrams."""
    reader = Reader(data)
    association = DtlsTransport(_certificate(), now=0.0)
    association.start("server", [Fingerprint("sha-256", "00:" * 31 + "00", "active")], 0.0)
    while reader.more():
        association.receive(reader.chunk(LONGEST), 0.0)
        association.tick(0.0)
        association.take_transmits()
    assert not association.connected
    assert b"".join(datagrams(data, 1200)) == data


def channel(data: bytes) -> None:
    """A message of the bridge channel."""
    try:
        parse(data.decode("utf-8", "surrogateescape"))
    except MessageError as refused:
        assert refused.reason
