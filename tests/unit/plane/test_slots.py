"""SSRC rewriting on a plane, with real SRTP: sources take turns under one slot, as one clean stream."""

import itertools

import pytest

from pyjitsi.bridge.plane.api import Encoding, Plane, Probe, Source
from pyjitsi.bridge.plane.endpoint import MID
from pyjitsi.rtp import packet, rtcp
from pyjitsi.rtp.sequence import distance
from tests.support.media_peer import CODECS, EXTENSIONS, MediaPeer, pictures
from tests.support.planes import create
from tests.unit.plane.test_forwarding import assert_clean

SLOT = Encoding(9001, 9002)
VOICE = Encoding(9003, 9004)


class Stage:
    """Ana and Cat, and Ben, who sees both under the same SSRCs."""

    def __init__(self) -> None:
        self.plane: Plane = create()
        self.plane.add_conference(1, 7001, 7002)
        self.ana: MediaPeer = MediaPeer(self.plane, 1, 1)
        self.ben: MediaPeer = MediaPeer(self.plane, 1, 2, rewriting=True)
        self.cat: MediaPeer = MediaPeer(self.plane, 1, 3)
        self.now: float = 100.0

    def show(self, who: MediaPeer, layer: int = 2) -> None:
        """Give somebody the slot."""
        for each in (self.ana, self.cat):
            self.plane.set_slot(2, each.video, None)
            self.plane.set_target(2, each.video, layer)
        self.plane.set_slot(2, who.video, SLOT)

    def rounds(self, count: int, *, keyframe: bool = False) -> None:
        """Both cameras for so many frames."""
        for index in range(count):
            self.now += 1 / 30
            for who in (self.ana, self.cat):
                who.picture_round(self.now, keyframe=keyframe and index == 0)
            self.plane.tick(self.now)
            sent = self.plane.take_transmits()
            for peer in (self.ana, self.ben, self.cat):
                peer.take(sent)

    def speak(self, who: MediaPeer, *numbers: int, level: int = 20) -> None:
        """So many packets of somebody's voice."""
        for number in numbers:
            self.now += 0.02
            who.speak(number, self.now, level)
        self.ben.take(self.plane.take_transmits())


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_without_a_slot_nothing_is_sent(stage: Stage) -> None:
    stage.plane.set_target(2, stage.ana.video, 2)
    stage.rounds(5, keyframe=True)
    stage.speak(stage.ana, 1, 2)
    assert stage.ben.got == []


def test_sources_take_turns_as_one_clean_stream(stage: Stage) -> None:
    for who in (stage.ana, stage.cat, stage.ana):
        stage.show(who)
        stage.rounds(6)
        stage.rounds(10, keyframe=True)
    assert {each.ssrc for each in stage.ben.got} == {9001}
    assert_clean(stage.ben.under(9001))
    assert [each.keyframe for each in pictures(stage.ben.under(9001))].count(True) == 3


def test_another_source_begins_with_a_key_frame_that_is_asked_for(stage: Stage) -> None:
    stage.show(stage.ana)
    stage.rounds(5, keyframe=True)
    before = len(stage.ben.got)
    stage.show(stage.cat)
    stage.rounds(5)
    assert len(stage.ben.got) == before, "of a picture that nobody can decode"
    assert stage.cat.plis()
    stage.rounds(5, keyframe=True)
    assert pictures(stage.ben.got[before:])[0].keyframe


def test_time_goes_on_as_it_passes(stage: Stage) -> None:
    stage.show(stage.ana)
    stage.rounds(5, keyframe=True)
    last = stage.ben.got[-1].timestamp
    stage.now += 2.0
    stage.show(stage.cat)
    stage.rounds(1, keyframe=True)
    assert (stage.ben.got[-1].timestamp - last) & 0xFFFFFFFF == pytest.approx((2 + 1 / 30) * 90000, abs=2)


def test_what_was_lost_comes_again_under_the_slots_rtx(stage: Stage) -> None:
    stage.show(stage.ana)
    stage.rounds(4, keyframe=True)
    lost = stage.ben.got[-1].sequence
    stage.ben.send_rtcp(rtcp.build_nack(5, 9001, [lost]), stage.now + 0.2)
    stage.ben.take(stage.plane.take_transmits())
    assert [each.payload[:2] for each in stage.ben.under(9002)] == [lost.to_bytes(2, "big")]
    stage.show(stage.cat)
    stage.ben.send_rtcp(rtcp.build_nack(5, 9001, [lost]), stage.now + 0.4)
    stage.ben.take(stage.plane.take_transmits())
    assert len(stage.ben.under(9002)) == 1, "what was another source's is not sent again"


def test_rtx_numbers_go_on_over_a_change(stage: Stage) -> None:
    for who in (stage.ana, stage.cat):
        stage.show(who)
        stage.rounds(4, keyframe=True)
        for _ in range(3):
            stage.now += 0.3
            stage.ben.send_rtcp(rtcp.build_nack(5, 9001, [stage.ben.under(9001)[-1].sequence]), stage.now)
            stage.ben.take(stage.plane.take_transmits())
    assert [each.sequence for each in stage.ben.under(9002)] == list(range(6))


def test_a_request_for_a_key_frame_finds_whose_slot_it_is(stage: Stage) -> None:
    for who in (stage.ana, stage.cat):
        stage.show(who)
        stage.now += 5
        stage.ben.send_rtcp(rtcp.build_pli(5, 9001), stage.now)
        stage.plane.tick(stage.now)
        sent = stage.plane.take_transmits()
        for each in (stage.ana, stage.cat):
            each.take(sent)
    assert (stage.ana.plis(), stage.cat.plis()) == ([stage.ana.ssrcs[0]], [stage.cat.ssrcs[0]])


def test_a_sender_report_is_of_the_slot(stage: Stage) -> None:
    stage.show(stage.cat)
    stage.rounds(5, keyframe=True)
    shown = stage.ben.under(9001)[-1]
    info = rtcp.SenderInfo(stage.cat.ssrcs[0], 5 << 32, stage.cat.timestamp, 1, 1)
    stage.cat.send_rtcp(rtcp.build_sr(info), stage.now)
    stage.plane.tick(stage.now + 1.1)
    stage.ben.take(stage.plane.take_transmits())
    (report,) = [rtcp.sender_info(part) for part in stage.ben.reports if part.type == rtcp.SR]
    assert report.ssrc == 9001
    assert (report.rtp - shown.timestamp) & 0xFFFFFFFF == round(1.1 * 90000)


def test_voices_take_turns_over_every_wrap(stage: Stage) -> None:
    turns = itertools.cycle((stage.ana, stage.cat))
    at = {1: 65_500, 3: 30_000}
    for _ in range(6):
        who = next(turns)
        for each in (stage.ana, stage.cat):
            stage.plane.set_slot(2, each.audio, None)
        stage.plane.set_slot(2, who.audio, VOICE)
        stage.speak(who, *range(at[who.id], at[who.id] + 40))
        at[who.id] += 40
    heard = stage.ben.under(9003)
    assert len(heard) == 240
    assert {distance(b.sequence, a.sequence) for a, b in itertools.pairwise(heard)} == {1}
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(heard)} == {960}


def test_a_late_packet_of_before_the_turn_takes_nobodys_number(stage: Stage) -> None:
    stage.plane.set_slot(2, stage.ana.audio, VOICE)
    stage.speak(stage.ana, 10, 11)
    stage.plane.set_slot(2, stage.ana.audio, None)
    stage.plane.set_slot(2, stage.cat.audio, VOICE)
    stage.speak(stage.cat, 500, 501, 499, 502)
    numbers = [each.sequence for each in stage.ben.under(9003)]
    assert numbers == [10, 11, 12, 13, 14]


def test_who_is_heard_again_after_a_wrap_can_be_decrypted() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2)

    def speak(numbers: range) -> None:
        for number in numbers:
            ana.speak(number, 100 + number / 50)
        ben.take(plane.take_transmits())

    speak(range(65_520, 65_560))
    plane.set_audio(2, False, (), ())
    speak(range(65_560, 65_580))
    plane.set_audio(2, True, (), ())
    speak(range(65_580, 65_600))
    assert len(ben.got) == 60
    assert {distance(b.sequence, a.sequence) for a, b in itertools.pairwise(ben.got)} == {1}


def test_a_picture_that_comes_back_goes_on_where_it_was() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2)
    plane.set_target(2, ana.video, 2)
    pairs = tuple(Encoding(ssrc, rtx) for ssrc, rtx in zip(ana.ssrcs, ana.rtx, strict=True))
    for turn in range(2):
        for index in range(5):
            ana.picture_round(100 + turn + index / 30, keyframe=index == 0)
        ben.take(plane.take_transmits())
        plane.set_sources(1, ())
        plane.set_sources(1, (Source(ana.video, "video", pairs),))
    assert_clean(ben.video_of(ana))


def test_silence_is_left_out_without_a_hole(stage: Stage) -> None:
    stage.plane.set_slot(2, stage.ana.audio, VOICE)
    stage.speak(stage.ana, 1, 2)
    stage.speak(stage.ana, *range(3, 50), level=127)
    stage.speak(stage.ana, 50, 51)
    heard = stage.ben.under(9003)
    assert [each.sequence for each in heard] == [1, 2, 3, 4, 5, 6, 7]
    assert [each.timestamp // 960 for each in heard] == [1, 2, 3, 4, 5, 50, 51]


def test_what_is_sent_says_the_m_line_of_its_slot(stage: Stage) -> None:
    """Media, what is sent again, and sound; the senders' own m-lines are nobody else's."""
    stage.plane.set_media(2, CODECS, EXTENSIONS | {MID: 10})
    stage.plane.set_media(3, CODECS, EXTENSIONS | {MID: 10})
    stage.plane.set_slot(2, stage.ana.audio, Encoding(9003, 9004, "a12"))
    stage.speak(stage.ana, 1, 2)
    assert [(each.ssrc, each.extensions) for each in stage.ben.got] == [(9003, {1: b"\x14", 10: b"a12"})] * 2
    stage.plane.set_slot(2, stage.ana.video, Encoding(9001, 9002, "v0"))
    for each in (2, 3):
        stage.plane.set_target(each, stage.ana.video, 2)
    stage.rounds(3, keyframe=True)
    lost = stage.ben.under(9001)[-1]
    stage.ben.send_rtcp(rtcp.build_nack(5, 9001, [lost.sequence]), stage.now + 0.2)
    stage.ben.take(stage.plane.take_transmits())
    sent = stage.ben.under(9001) + stage.ben.under(9002)
    assert {each.extensions[10] for each in sent} == {b"v0"}
    assert len(stage.ben.under(9002)) == 1
    assert all(len(each.extensions[5]) == 2 for each in sent)
    assert all(10 not in each.extensions for each in stage.cat.got), "who has no slots needs none"
    stage.plane.set_slot(2, stage.ana.video, None)
    stage.plane.set_slot(2, stage.cat.video, Encoding(9001, 9002))
    stage.plane.set_target(2, stage.cat.video, 2)
    before = len(stage.ben.got)
    stage.rounds(1, keyframe=True)
    assert [10 in each.extensions for each in stage.ben.got[before:]] == [False] * 2


def test_padding_is_for_no_m_line(stage: Stage) -> None:
    stage.plane.set_media(2, CODECS, EXTENSIONS | {MID: 10})
    stage.plane.set_slot(2, stage.ana.audio, Encoding(9003, 9004, "a0"))
    stage.speak(stage.ana, 1)
    stage.plane.probe(2, Probe(1, 300_000.0, 5, 500))
    for _ in range(5):
        stage.now += 0.02
        stage.plane.tick(stage.now)
    stage.ben.take(stage.plane.take_transmits())
    padding = stage.ben.under(7001)
    assert len(padding) >= 5
    assert all(10 not in each.extensions for each in padding)


def test_a_senders_m_line_is_not_passed_on(stage: Stage) -> None:
    for each in (1, 2):
        stage.plane.set_media(each, CODECS, EXTENSIONS | {MID: 10})
    stage.plane.set_slot(2, stage.ana.audio, VOICE)
    block = packet.build_extensions({1: b"\x14", 10: b"0"})
    stage.ana.send(packet.build(111, False, 1, 960, stage.ana.audio_ssrc, block, b"opus"), stage.now)
    stage.ben.take(stage.plane.take_transmits())
    assert [each.extensions for each in stage.ben.got] == [{1: b"\x14"}]
