"""What was sent of late can be asked for again, however fast a stream becomes and however little room it began with."""

import pytest

from pyjitsi.bridge.plane.api import Plane
from pyjitsi.rtp import packet, rtcp
from tests.support import planes
from tests.support.media_peer import MediaPeer

EACH = 1100  # bytes


class Stream:
    """Ana's picture, of so many packets a second, on its way to ben."""

    def __init__(self) -> None:
        self.plane: Plane = planes.create()
        self.plane.add_conference(1, 7001, 7002)
        self.ana, self.ben = MediaPeer(self.plane, 1, 1), MediaPeer(self.plane, 1, 2)
        self.plane.set_target(2, self.ana.video, 2)
        self.now: float = 10.0
        self.number: int = 100
        self.sent: list[tuple[int, float]] = []  # ben's sequence numbers, and when

    def run(self, seconds: float, rate: float, size: int = EACH) -> None:
        end = self.now + seconds
        while self.now < end:
            self.number += 1
            self.now += 1 / rate
            head = b"\x10\x10\0\0\x9d\x01\x2a\0\x05\xd0\x02" if self.number == 101 else b"\x10\x11"
            data = packet.build(100, True, self.number & 0xFFFF, 3000, self.ana.ssrcs[0], b"", head.ljust(size, b"x"))
            self.ana.send(data, self.now)
            before = len(self.ben.got)
            self.ben.take(self.plane.take_transmits())
            self.plane.take_events()
            self.sent += [(each.sequence, self.now) for each in self.ben.got[before:]]

    def again(self, sequence: int) -> bool:
        """Whether ben gets it again, and the same."""
        original = next(each for each in self.ben.got if each.payload_type == 100 and each.sequence == sequence)
        before = len(self.ben.got)
        self.ben.send_rtcp(rtcp.build_nack(9, self.ana.ssrcs[0], [sequence]), self.now)
        self.ben.take(self.plane.take_transmits())
        got = self.ben.got[before:]
        return [each.payload for each in got] == [sequence.to_bytes(2, "big") + original.payload]


@pytest.mark.parametrize(
    "speeds", [[30.0], [265.0], [30.0, 265.0], [265.0, 30.0, 265.0]], ids=lambda speeds: " then ".join(map(str, speeds))
)
def test_what_was_sent_within_half_a_second_is_sent_again(speeds: list[float]) -> None:
    stream = Stream()
    for rate in speeds:
        stream.run(0.3, rate)  # the store grows on the way
    stream.now += 0.01
    late = [sequence for sequence, at in stream.sent if stream.now - at < 0.5]
    assert len(late) > 8
    assert all(stream.again(sequence) for sequence in late)


def test_small_packets_have_places_too() -> None:
    stream = Stream()
    stream.run(0.6, 400.0, size=60)
    assert all(stream.again(sequence) for sequence, at in stream.sent if stream.now - at < 0.5)


def test_what_was_overwritten_is_not_taken_for_something_else() -> None:
    stream = Stream()
    stream.run(1.0, 100.0)
    first = stream.sent[0][0]
    stream.run(4.0, 1000.0)
    assert not stream.again(first)
