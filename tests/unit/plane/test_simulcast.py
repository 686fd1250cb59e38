"""Simulcast of every codec through both planes: a receiver goes from encoding to encoding as one clean stream."""

import itertools
from collections.abc import Callable

import pytest

from pyjitsi.bridge.plane.api import Codec
from pyjitsi.bridge.plane.endpoint import DEPENDENCY, TRANSPORT_CC
from pyjitsi.rtp import packet, rtcp, vp9
from pyjitsi.rtp.packet import RtpPacket
from pyjitsi.rtp.sequence import distance
from tests.support.descriptors import KEY_FRAME, bits
from tests.support.media_peer import MediaPeer
from tests.support.planes import create

CODECS = (
    Codec(45, "av1", 90000, "video"),
    Codec(46, "rtx", 90000, "video", apt=45),
    Codec(101, "vp9", 90000, "video"),
    Codec(97, "rtx", 90000, "video", apt=101),
    Codec(107, "h264", 90000, "video"),
    Codec(99, "rtx", 90000, "video", apt=107),
)
RTX = {45: 46, 101: 97, 107: 99}
# A frame: (payload type, dependency descriptor, payload) by encoding, running number, and whether it is a key frame.
Frame = Callable[[int, int, bool], tuple[int, bytes, bytes]]


def tag(encoding: int, number: int) -> bytes:
    """What a frame says, by which it is known again."""
    return b"%d:%05d" % (encoding, number)


def descriptor(encoding: int, number: int, key: bool) -> bytes:
    """A dependency descriptor of one spatial layer; each encoding has frame numbers of its own."""
    frame = (0xFFF0 + encoding * 1000 + number & 0xFFFF).to_bytes(2, "big")
    return KEY_FRAME[:1] + frame + KEY_FRAME[3:] if key else bits("11 000001") + frame


def h264(encoding: int, number: int, key: bool) -> tuple[int, bytes, bytes]:
    """A sequence parameter set or a slice, alone in its packet; nothing else tells of frames."""
    return 107, b"", (b"\x67" if key else b"\x41") + tag(encoding, number)


def h264_described(encoding: int, number: int, key: bool) -> tuple[int, bytes, bytes]:
    """The same with a descriptor."""
    return 107, descriptor(encoding, number, key), b"\x41" + tag(encoding, number)


def av1(encoding: int, number: int, key: bool) -> tuple[int, bytes, bytes]:
    """AV1 is never without one."""
    return 45, descriptor(encoding, number, key), b"\x10" + tag(encoding, number)


def vp9_frame(encoding: int, number: int, key: bool) -> tuple[int, bytes, bytes]:
    """One spatial layer; ids near their end, and others in each encoding."""
    picture = 0x7FF0 + encoding * 100 + number & 0x7FFF
    head = bytes((0xAC if key else 0xEC, 0x80 | picture >> 8, picture & 255, 0, number + encoding * 50 & 255))
    return 101, b"", head + tag(encoding, number)


class Stage:
    """Ana sends three encodings of one camera to Ben."""

    def __init__(self, frame: Frame) -> None:
        self.plane = create()
        self.plane.add_conference(1, 7001, 7002)
        self.ana, self.ben = MediaPeer(self.plane, 1, 1), MediaPeer(self.plane, 1, 2)
        for each in (self.ana, self.ben):
            self.plane.set_media(each.id, CODECS, {TRANSPORT_CC: 5, DEPENDENCY: 6})
        self.now: float = 10.0
        self.number: int = 0
        self._frame: Frame = frame

    def rounds(self, count: int, *, keyframe: bool = False) -> None:
        """So many frames of every encoding, each a packet."""
        for index in range(count):
            self.now += 1 / 30
            self.number += 1
            for encoding, ssrc in enumerate(self.ana.ssrcs):
                kind, told, payload = self._frame(encoding, self.number, keyframe and index == 0)
                block = packet.build_extensions({6: told} if told else {})
                sequence = 65_500 + encoding * 77 + self.number & 0xFFFF
                stamp = self.number * 3000 + encoding * 1_000_000
                self.ana.send(packet.build(kind, True, sequence, stamp, ssrc, block, payload), self.now)
            self.plane.tick(self.now)
        sent = self.plane.take_transmits()
        self.ben.take(sent)
        self.ana.take(sent)

    @property
    def received(self) -> list[RtpPacket]:
        """The picture as Ben got it."""
        return self.ben.video_of(self.ana)


def turns(received: list[RtpPacket]) -> list[list[RtpPacket]]:
    """What came, cut where another encoding begins."""
    return [list(each) for _, each in itertools.groupby(received, lambda each: each.payload[-7:-6])]


@pytest.fixture(params=[h264, h264_described, av1, vp9_frame])
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


def test_every_switch_is_at_a_key_frame_and_leaves_one_clean_stream(stage: Stage) -> None:
    for encoding in (0, 2, 1, 2, 0):
        stage.plane.set_target(2, stage.ana.video, encoding << 6 | 7)
        stage.rounds(5)
        stage.rounds(10, keyframe=True)
    received = stage.received
    # On the way up, an encoding between may show one frame: its key frame came first.
    assert [int(each[0].payload[-7:-6]) for each in turns(received) if len(each) > 1] == [0, 2, 1, 2, 0]
    assert {distance(b.sequence, a.sequence) for a, b in itertools.pairwise(received)} == {1}
    steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(received)]
    assert all(2900 < step < 40_000 for step in steps), steps
    begun = {each[0].payload[-5:] for each in turns(received)}
    assert begun == {b"%05d" % number for number in (6, 21, 36, 51, 66)}, "the key frames"


def test_until_the_wanted_one_has_a_key_frame_the_one_before_goes_on(stage: Stage) -> None:
    stage.plane.set_target(2, stage.ana.video, 7)
    stage.rounds(5, keyframe=True)
    before = len(stage.received)
    stage.plane.set_target(2, stage.ana.video, 2 << 6 | 7)
    stage.rounds(6)
    assert len(stage.received) == before + 6
    assert len(turns(stage.received)) == 1
    assert stage.ana.plis(), "it is asked for"


def test_what_is_lost_after_a_switch_is_of_the_right_encoding(stage: Stage) -> None:
    for encoding in (0, 2):
        stage.plane.set_target(2, stage.ana.video, encoding << 6 | 7)
        stage.rounds(6, keyframe=True)
    old, new = stage.received[3], stage.received[-2]
    stage.ben.send_rtcp(rtcp.build_nack(5, stage.ana.ssrcs[0], [old.sequence, new.sequence]), stage.now + 1)
    stage.ben.take(stage.plane.take_transmits())
    again = [each for each in stage.ben.got if each.ssrc == stage.ana.rtx[0]]
    assert {each.payload[2:] for each in again} == {old.payload, new.payload}
    assert {each.payload_type for each in again} == {RTX[new.payload_type]}


@pytest.mark.parametrize("frame", [h264_described, av1, vp9_frame])
def test_frame_numbers_go_on_over_a_switch(frame: Frame) -> None:
    stage = Stage(frame)
    for encoding in (0, 2, 1):
        stage.plane.set_target(2, stage.ana.video, encoding << 6 | 7)
        stage.rounds(6, keyframe=True)
    if frame is vp9_frame:
        numbers = [vp9.describe(each.payload).picture_id for each in stage.received]
        mask = 0x7FFF
    else:
        numbers = [int.from_bytes(each.extensions[6][1:3], "big") for each in stage.received]
        mask = 0xFFFF
    assert {(b - a) & mask for a, b in itertools.pairwise(numbers)} == {1}
