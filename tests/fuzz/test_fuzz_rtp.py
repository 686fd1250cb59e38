"""RTP packets that are nearly right: a value or a domain error, and nobody else in the room notices."""

from hypothesis import given, settings

from pyjitsi.bridge.plane import create
from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.packet import RtpPacket, build, build_extensions
from tests.fuzz.mutations import mutated_bytes
from tests.support.media_peer import MediaPeer

PACKETS = [
    build(100, True, 65535, 2**32 - 1, 7, build_extensions({1: b"a", 5: b"bc"}), b"payload"),
    build(41, False, 0, 0, 7, build_extensions({11: b"d" * 40}), b""),
]
DESCRIPTORS = [bytes.fromhex("90e0923407601000009d012a80026801"), b"\x10\x00", b"\x80\xff\x12\x34\x56"]


@settings(max_examples=500, derandomize=True, deadline=None)
@given(mutated_bytes(PACKETS))
def test_rtp(data: bytes) -> None:
    try:
        RtpPacket(data).payload  # noqa: B018 (read, since that may fail too)
    except RtpError as refused:
        assert str(refused)


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
