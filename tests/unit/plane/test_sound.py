"""Sound with redundancy (RED) to those who know it and those who don't, and of the loudest alone; with real SRTP."""

import itertools
from collections.abc import Mapping

import pytest

from pyjitsi.bridge.plane.api import Codec, Plane
from pyjitsi.rtp import packet
from pyjitsi.rtp.packet import RtpPacket
from tests.support.media_peer import CODECS, MediaPeer
from tests.support.planes import create

RED = Codec(112, "red", 48000, "audio")


def opus(number: int) -> bytes:
    """What the packet of a number says."""
    return b"opus %d" % number


def red(number: int, *, distance: int = 2) -> bytes:
    """A payload with the redundancy of packets before (RFC 2198)."""
    blocks = [(number - back, opus(number - back)) for back in range(distance, 0, -1)]
    head = b"".join(
        bytes((0x80 | 111,)) + ((number - earlier) * 960 << 10 | len(block)).to_bytes(3, "big")
        for earlier, block in blocks
    )
    return head + bytes((111,)) + b"".join(block for _, block in blocks) + opus(number)


class Stage:
    """Ana sends RED; Ben knows it, Cat does not."""

    def __init__(self) -> None:
        self.plane: Plane = create()
        self.plane.add_conference(1, 7001, 7002)
        self.ana, self.ben, self.cat = (MediaPeer(self.plane, 1, number) for number in (1, 2, 3))
        for each in (self.ana, self.ben):
            self.plane.set_media(each.id, (*CODECS, RED), {})
        self.now: float = 10.0

    def send(self, number: int, payload: bytes, *, level: int = 20, kind: int = 112) -> None:
        """One packet of Ana's."""
        self.now += 0.02
        block = packet.build_extensions({1: bytes((level,))})
        self.ana.send(packet.build(kind, False, number & 0xFFFF, number * 960, self.ana.audio_ssrc, block, payload),
                      self.now)  # fmt: skip

    def take(self) -> None:
        sent = self.plane.take_transmits()
        for each in (self.ben, self.cat):
            each.take(sent)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def heard(received: list[RtpPacket]) -> list[tuple[int, int, int, bytes]]:
    return [(each.payload_type, each.sequence, each.timestamp // 960, each.payload) for each in received]


def test_who_knows_red_gets_it_as_it_came_and_others_the_primary_block(stage: Stage) -> None:
    for number in range(10, 14):
        stage.send(number, red(number))
    stage.take()
    assert heard(stage.ben.got) == [(112, number, number, red(number)) for number in range(10, 14)]
    assert heard(stage.cat.got) == [(111, number, number, opus(number)) for number in range(10, 14)]
    assert {each.extensions[1] for each in stage.cat.got} == {bytes((20,))}


@pytest.mark.parametrize("lost", [{12}, {12, 13}])
def test_what_was_lost_is_made_of_redundancy_for_who_does_not_know_it(stage: Stage, lost: set[int]) -> None:
    for number in range(10, 16):
        if number not in lost:
            stage.send(number, red(number))
    stage.take()
    assert heard(stage.cat.got) == [(111, number, number, opus(number)) for number in range(10, 16)]
    assert [each.sequence for each in stage.ben.got] == [number for number in range(10, 16) if number not in lost]


def test_what_redundancy_can_not_tell_stays_a_hole(stage: Stage) -> None:
    for number in (10, 14, 15):
        stage.send(number, red(number))
    stage.take()
    assert [each.sequence for each in stage.cat.got] == [10, 12, 13, 14, 15]


def test_what_comes_late_after_it_was_made_is_not_sent_twice(stage: Stage) -> None:
    for number in (10, 12, 11, 13):
        stage.send(number, red(number))
    stage.take()
    assert [each.sequence for each in stage.cat.got] == [10, 11, 12, 13]
    assert [each.sequence for each in stage.ben.got] == [10, 12, 11, 13]


def test_what_was_made_is_remembered_for_a_second(stage: Stage) -> None:
    for number in (10, 12, *range(13, 60), 11):
        stage.send(number, red(number))
    stage.take()
    assert [each.sequence for each in stage.cat.got] == list(range(10, 60))


def test_what_was_left_out_is_not_made_again(stage: Stage) -> None:
    stage.send(10, red(10))
    stage.plane.set_force_mute(1, True, False)
    stage.send(11, red(11))
    stage.plane.set_force_mute(1, False, False)
    stage.send(12, red(12))
    stage.take()
    assert [(each.sequence, each.payload) for each in stage.cat.got] == [(10, opus(10)), (11, opus(12))]


@pytest.mark.parametrize(
    "payload",
    [b"\xef", b"\xef\0\0", b"\xef\0\x03\xff\x6f", bytes((111,)), b"\xef\0\0\0" * 9 + b"oo", b"\xf0\0\0\x01\x70aab"],
)
def test_malformed_redundancy_goes_to_nobody_who_would_have_to_read_it(stage: Stage, payload: bytes) -> None:
    stage.send(10, payload)
    stage.send(11, red(11))
    stage.take()
    assert [each.payload for each in stage.cat.got] == [opus(11)]


def test_plain_opus_passes_between_those_who_know_red(stage: Stage) -> None:
    stage.send(10, opus(10), kind=111)
    stage.take()
    assert heard(stage.ben.got) == heard(stage.cat.got) == [(111, 10, 10, opus(10))]


# The loudest alone.


def crowd(count: int) -> tuple[Plane, MediaPeer, list[MediaPeer]]:
    """Ben, and so many who speak."""
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ben = MediaPeer(plane, 1, 1)
    return plane, ben, [MediaPeer(plane, 1, number) for number in range(2, 2 + count)]


def speak(
    plane: Plane, ben: MediaPeer, levels: Mapping[MediaPeer, int], packets: int, start: int = 0
) -> list[list[int]]:
    """All speak; returns the sequence numbers that Ben got of each."""
    before = {who: len(ben.under(who.audio_ssrc)) for who in levels}
    for number in range(start, start + packets):
        for who, level in levels.items():
            quiet = level + 40 if number % 25 == 0 and level < 80 else level  # speech pauses; noise does not
            who.speak(number, 10 + number / 50, quiet)
    ben.take(plane.take_transmits())
    return [[each.sequence for each in ben.under(who.audio_ssrc)][before[who] :] for who in levels]


def test_all_are_heard_unless_it_is_asked_for() -> None:
    plane, ben, people = crowd(5)
    got = speak(plane, ben, dict(zip(people, (20, 30, 40, 50, 90), strict=True)), 20)
    assert got == [list(range(20))] * 5


def test_only_the_loudest_are_heard_and_their_numbers_have_no_holes() -> None:
    plane, ben, people = crowd(5)
    plane.set_loudest(1, 3, ())
    levels: dict[MediaPeer, int] = dict(zip(people, (20, 30, 40, 50, 60), strict=True))
    speak(plane, ben, levels, 50)
    got = speak(plane, ben, levels, 50, 50)
    assert [len(each) > 40 for each in got] == [True, True, True, False, False]
    levels[people[0]] = 110
    levels[people[4]] = 15
    speak(plane, ben, levels, 50, 100)
    got = speak(plane, ben, levels, 50, 150)
    assert [len(each) > 40 for each in got] == [False, True, True, False, True]
    for who in people:
        numbers = [each.sequence for each in ben.under(who.audio_ssrc)]
        assert all(b - a == 1 for a, b in itertools.pairwise(numbers))
    assert (plane.counters(people[3].id).dropped or {})["not-loudest"] > 100


def test_who_is_named_is_heard_however_quiet() -> None:
    plane, ben, people = crowd(5)
    plane.set_loudest(1, 2, (people[4].audio,))
    levels = dict(zip(people, (20, 30, 40, 50, 60), strict=True))
    speak(plane, ben, levels, 50)
    assert [len(each) > 45 for each in speak(plane, ben, levels, 50, 50)] == [True, True, False, False, True]
    plane.set_loudest(1, 0, ())
    assert [len(each) for each in speak(plane, ben, levels, 20, 100)] == [20] * 5


def test_fewer_than_may_be_heard_are_all_heard_and_who_stopped_makes_room() -> None:
    plane, ben, people = crowd(4)
    plane.set_loudest(1, 3, ())
    levels = dict(zip(people[:3], (20, 30, 110), strict=True))
    assert [len(each) for each in speak(plane, ben, levels, 30)] == [30] * 3
    others = dict(zip(people[1:], (30, 110, 111), strict=True))
    got = speak(plane, ben, others, 40, 30)
    assert len(got[2]) >= 30, "within 150 ms after the first stopped"
