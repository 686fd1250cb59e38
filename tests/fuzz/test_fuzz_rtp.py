"""RTP, RTCP, codec descriptors and STUN on bytes that are nearly right: a value or a domain error."""

import random

from hypothesis import given, settings

from pyjitsi.bridge.plane import create
from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.ice import Credentials, IceAgent, local_ufrag_of
from pyjitsi.bridge.transport.stun import StunError
from pyjitsi.rtp import rtcp, transport_cc
from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.packet import RtpPacket, build, build_extensions
from pyjitsi.rtp.vp8 import Vp8Descriptor
from tests.fuzz.mutations import mutated_bytes
from tests.support.media_peer import MediaPeer

PACKETS = [
    build(100, True, 65535, 2**32 - 1, 7, build_extensions({1: b"a", 5: b"bc"}), b"payload"),
    build(41, False, 0, 0, 7, build_extensions({11: b"d" * 40}), b""),
]
COMPOUNDS = [
    rtcp.build_sr(rtcp.SenderInfo(1, 2, 3, 4, 5)) + rtcp.build_pli(1, 2),
    rtcp.build_rr(1, [rtcp.ReportBlock(1, 2, 3, 4, 5, 6, 7)] * 3),
    rtcp.build_nack(1, 2, [3, 4, 60]),
    transport_cc.build(1, 2, 65530, [1.0, None, 1.1, *[1.2] * 40], 7)[0],
    bytes.fromhex("8fce0005000000010000000052454d42010a000000000001"),
]
DESCRIPTORS = [bytes.fromhex("90e0923407601000009d012a80026801"), b"\x10\x00", b"\x80\xff\x12\x34\x56"]
REQUEST = stun.binding_request(b"t" * 12, "local123:remote45", b"p" * 24, priority=1, controlling=False, tie_breaker=1)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(mutated_bytes(PACKETS))
def test_rtp(data: bytes) -> None:
    try:
        RtpPacket(data).payload  # noqa: B018 (read, since that may fail too)
    except RtpError as refused:
        assert str(refused)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(mutated_bytes(COMPOUNDS))
def test_rtcp(data: bytes) -> None:
    try:
        for part in rtcp.split(data):
            for read in (rtcp.sender_info, rtcp.report_blocks, rtcp.nacked, rtcp.keyframe_wanted, rtcp.remb,
                         transport_cc.parse):  # fmt: skip
                try:
                    read(part)
                except RtpError as refused:
                    assert str(refused)
    except RtpError as refused:
        assert str(refused)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(mutated_bytes(DESCRIPTORS))
def test_vp8(data: bytes) -> None:
    try:
        read = Vp8Descriptor(data)
    except RtpError as refused:
        assert str(refused)
    else:
        assert len(read.rewrite(data, 5, 6)) == len(data)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(mutated_bytes([REQUEST]))
def test_stun(data: bytes) -> None:
    local_ufrag_of(data)
    try:
        stun.parse(data)
    except StunError as refused:
        assert str(refused)
    agent = IceAgent(True, Credentials("local123", "p" * 24), tie_breaker=1, rng=random.Random(1))
    agent.receive(data, ("198.51.100.7", 7), 1.0)
    agent.tick(2.0)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(mutated_bytes([*PACKETS, *DESCRIPTORS]))
def test_authenticated_packets_of_any_content_stop_nobody(payload: bytes) -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2)
    plane.set_target(2, ana.video, 2)
    streams = ((100, ana.ssrcs[0]), (96, ana.rtx[0]), (107, ana.ssrcs[0]), (111, ana.audio_ssrc))
    for number, (kind, ssrc) in enumerate(streams):
        ana.send(build(kind, True, number, 9, ssrc, b"", payload), 1.0)
    ana.speak(10, 2.0)
    plane.tick(2.0)
    ben.take(plane.take_transmits())
    assert any(each.payload == b"opus" for each in ben.got)
