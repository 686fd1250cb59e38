"""Two clients on a plane, with real SRTP: what one sends, the other gets as one clean stream."""

import itertools

import pytest

from pyjitsi.bridge.plane.api import OFF, AudioLevel, Feedback, LayersChanged, Plane
from pyjitsi.rtp import rtcp, transport_cc
from pyjitsi.rtp.packet import RtpPacket, build, build_extensions
from pyjitsi.rtp.sequence import distance
from tests.support.media_peer import MediaPeer, pictures
from tests.support.planes import create


class Meeting:
    """A plane with two peers, and a clock."""

    def __init__(self) -> None:
        self.plane: Plane = create()
        self.plane.add_conference(1, 7001, 7002)
        self.ana: MediaPeer = MediaPeer(self.plane, 1, 1)
        self.ben: MediaPeer = MediaPeer(self.plane, 1, 2)
        self.now: float = 100.0

    def deliver(self, lose: set[int] | None = None) -> None:
        """Hand out what the plane sends; ``lose`` are positions of the list that the network loses."""
        sent = self.plane.take_transmits()
        kept = [each for index, each in enumerate(sent) if index not in (lose or set())]
        self.ana.take(kept)
        self.ben.take(kept)

    def rounds(self, count: int, *, keyframe: bool = False, layers: bool = True) -> None:
        """Ana's camera for so many frames at 30 a second, with temporal layers 0 2 1 2."""
        for index in range(count):
            self.now += 1 / 30
            temporal = (0, 2, 1, 2)[index % 4] if layers and not (keyframe and index == 0) else 0
            self.ana.picture_round(self.now, keyframe=keyframe and index == 0, temporal=temporal)
            self.plane.tick(self.now)
            self.deliver()


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def assert_clean(received: list[RtpPacket]) -> None:
    """Sequence numbers without holes, time that never goes back, picture ids and TL0PICIDX one by one."""
    assert received
    steps = [distance(b.sequence, a.sequence) for a, b in itertools.pairwise(received)]
    assert set(steps) <= {1}
    times = [each.timestamp for each in received]
    assert all((b - a) & 0xFFFFFFFF < 2**31 for a, b in itertools.pairwise(times))
    frames = pictures(received)
    assert {(b.picture_id - a.picture_id) & 0x7FFF for a, b in itertools.pairwise(frames)} <= {1}
    assert {(b.tl0 - a.tl0) & 0xFF for a, b in itertools.pairwise(frames)} <= {0, 1}


def test_nothing_is_sent_of_a_camera_before_it_was_asked_for(meeting: Meeting) -> None:
    meeting.rounds(10, keyframe=True)
    assert meeting.ben.video_of(meeting.ana) == []


def test_the_wanted_layer_comes_as_one_clean_stream_over_every_wrap(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 1 << 6 | 2)
    meeting.rounds(60, keyframe=True)
    received = meeting.ben.video_of(meeting.ana)
    assert_clean(received)
    assert pictures(received)[-1].height == 0
    assert meeting.plane.current_layer(2, meeting.ana.video) == 1 << 6 | 2


def test_a_delta_frame_never_begins_a_stream_and_a_key_frame_is_asked_for(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2 << 6 | 2)
    meeting.rounds(5)
    assert meeting.ben.video_of(meeting.ana) == []
    assert meeting.ana.plis() == [meeting.ana.ssrcs[0]]
    meeting.rounds(5, keyframe=True)
    assert pictures(meeting.ben.video_of(meeting.ana))[0].keyframe


def test_switching_layers_up_and_down_leaves_one_clean_stream(meeting: Meeting) -> None:
    heights: list[int] = []
    for layer in (0, 2, 1, 0, 2):
        meeting.plane.set_target(2, meeting.ana.video, layer << 6 | 2)
        meeting.rounds(8)
        meeting.rounds(12, keyframe=True)
        heights.append([each.height for each in pictures(meeting.ben.video_of(meeting.ana)) if each.height][-1])
    assert heights == [180, 720, 360, 180, 720]
    assert_clean(meeting.ben.video_of(meeting.ana))


def test_temporal_layers_that_are_not_wanted_leave_no_holes(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 0)
    meeting.rounds(40, keyframe=True)
    received = meeting.ben.video_of(meeting.ana)
    assert_clean(received)
    assert len(pictures(received)) == 10
    assert {each.temporal for each in pictures(received)} == {0}


def test_a_pause_and_a_return_continue_the_numbers(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(10, keyframe=True)
    meeting.plane.set_target(2, meeting.ana.video, OFF)
    before = len(meeting.ben.video_of(meeting.ana))
    meeting.rounds(10)
    assert len(meeting.ben.video_of(meeting.ana)) == before
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(10, keyframe=True)
    assert len(meeting.ben.video_of(meeting.ana)) > before
    assert_clean(meeting.ben.video_of(meeting.ana))


def test_what_the_network_lost_is_sent_again_by_rtx(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(4, keyframe=True)
    meeting.now += 1 / 30
    meeting.ana.picture_round(meeting.now)
    sent = meeting.plane.take_transmits()
    to_ben = [each for each in sent if each[1] == meeting.ben.address]
    meeting.ben.take(to_ben[1:])
    lost = (meeting.ben.video_of(meeting.ana)[-1].sequence - 1) & 0xFFFF
    meeting.now += 0.2
    meeting.ben.send_rtcp(rtcp.build_nack(9, meeting.ana.ssrcs[0], [lost]), meeting.now)
    meeting.deliver()
    repair = [each for each in meeting.ben.got if each.ssrc == meeting.ana.rtx[0]]
    assert [each.payload[:2] for each in repair] == [lost.to_bytes(2, "big")]
    assert repair[0].payload_type == 96
    assert meeting.plane.counters(2).rtx_sent == 1


def test_a_gap_in_what_a_sender_sends_is_asked_for_and_filled_by_its_rtx(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(4, keyframe=True)
    meeting.now += 1 / 30
    made = meeting.ana.frame(0, meeting.now, packets=3, lose=(1,))
    meeting.deliver()
    (asked,) = [rtcp.nacked(part) for part in meeting.ana.reports if part.type == rtcp.RTPFB and part.count == 1]
    missing = RtpPacket(made[1])
    assert asked == (meeting.ana.ssrcs[0], [missing.sequence])
    wrapped = missing.sequence.to_bytes(2, "big") + missing.payload
    meeting.ana.send(build(96, False, 1, missing.timestamp, meeting.ana.rtx[0], b"", wrapped), meeting.now)
    meeting.deliver()
    received = meeting.ben.video_of(meeting.ana)
    numbers = sorted(distance(each.sequence, received[0].sequence) for each in received)
    assert numbers == list(range(len(numbers)))


def test_a_probe_of_padding_leaves_no_hole(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(4, keyframe=True)
    meeting.ana.sequence[0] = (meeting.ana.sequence[0] + 1) & 0xFFFF
    padded = build(100, False, meeting.ana.sequence[0], 1, meeting.ana.ssrcs[0], b"", bytes(9) + b"\x0a")
    meeting.ana.send(bytes((padded[0] | 0x20,)) + padded[1:], meeting.now)
    meeting.ana.send(build(96, False, 9, 1, meeting.ana.rtx[0], b"", b"\x01"), meeting.now)
    meeting.rounds(4)
    assert_clean(meeting.ben.video_of(meeting.ana))


def test_sound_goes_to_others_with_its_level_and_without_foreign_extensions(meeting: Meeting) -> None:
    meeting.ana.speak(5, meeting.now, level=30)
    meeting.deliver()
    (heard,) = meeting.ben.got
    assert (heard.ssrc, heard.sequence, heard.payload, heard.extensions) == (
        meeting.ana.audio_ssrc, 5, b"opus", {1: bytes((30,))},
    )  # fmt: skip
    assert AudioLevel(1, meeting.ana.audio, 30, meeting.now) in meeting.plane.take_events()
    meeting.plane.set_audio(2, True, (), (meeting.ana.audio,))
    meeting.ana.speak(6, meeting.now)
    meeting.deliver()
    assert len(meeting.ben.got) == 1


def test_what_a_moderator_muted_goes_to_nobody(meeting: Meeting) -> None:
    meeting.plane.set_force_mute(1, True, True)
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.ana.speak(1, meeting.now)
    meeting.rounds(4, keyframe=True)
    assert meeting.ben.got == []
    meeting.plane.set_force_mute(1, False, False)
    meeting.ana.speak(2, meeting.now)
    meeting.deliver()
    assert len(meeting.ben.got) == 1


def test_video_carries_the_receivers_own_transport_numbers(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(6, keyframe=True)
    numbers = [int.from_bytes(each.extensions[5], "big") for each in meeting.ben.video_of(meeting.ana)]
    assert numbers == list(range(1, len(numbers) + 1))
    arrivals: list[float | None] = [meeting.now + index * 0.001 for index in range(len(numbers))]
    arrivals[2] = None
    meeting.plane.take_events()
    meeting.ben.send_rtcp(transport_cc.build(9, 9, 1, arrivals, 0)[0], meeting.now)
    (event,) = [each for each in meeting.plane.take_events() if isinstance(each, Feedback)]
    sizes = {len(each.data) + 16 for each in meeting.ben.video_of(meeting.ana)}  # with the tag
    assert event.endpoint == 2
    assert event.lost_bytes in sizes
    assert min(sizes) <= event.delivered_bytes / (len(numbers) - 1) <= max(sizes)


def test_senders_get_transport_feedback_and_receiver_reports(meeting: Meeting) -> None:
    meeting.rounds(30, keyframe=True)
    feedback = [transport_cc.parse(part) for part in meeting.ana.reports if part.count == rtcp.TRANSPORT_CC_FORMAT]
    assert sum(len(each.arrivals) for each in feedback) >= 30 * 6 - 12
    assert all(arrival is not None for each in feedback for arrival in each.arrivals)
    reports = [rtcp.report_blocks(part) for part in meeting.ana.reports if part.type == rtcp.RR]
    assert {block.ssrc for blocks in reports for block in blocks} == set(meeting.ana.ssrcs)


def test_a_sender_report_has_the_time_of_what_the_receiver_sees(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 1 << 6 | 2)
    meeting.rounds(8, keyframe=True)
    shown = meeting.ben.video_of(meeting.ana)[-1]
    info = rtcp.SenderInfo(meeting.ana.ssrcs[1], 5 << 32, meeting.ana.timestamp, 1, 1)
    meeting.ana.send_rtcp(rtcp.build_sr(info), meeting.now)
    meeting.plane.tick(meeting.now + 1.1)
    meeting.deliver()
    (report,) = [rtcp.sender_info(part) for part in meeting.ben.reports if part.type == rtcp.SR]
    assert report.ssrc == meeting.ana.ssrcs[0]
    assert (report.rtp - shown.timestamp) & 0xFFFFFFFF == round(1.1 * 90000)
    assert report.packets == len(meeting.ben.video_of(meeting.ana))


def test_sender_reports_of_all_that_a_receiver_gets_come_in_one_datagram(meeting: Meeting) -> None:
    ana, ben = meeting.ana, meeting.ben
    meeting.plane.set_target(2, ana.video, 2)
    meeting.rounds(8, keyframe=True)
    ana.speak(0, meeting.now)
    for ssrc in (ana.ssrcs[0], ana.audio_ssrc):
        ana.send_rtcp(rtcp.build_sr(rtcp.SenderInfo(ssrc, 5 << 32, 7, 1, 1)), meeting.now)
    meeting.deliver()
    meeting.plane.tick(meeting.now + 1.1)
    sent = meeting.plane.take_transmits()
    assert [(data[1], len(data)) for data, address in sent if address == ben.address] == [(rtcp.SR, 2 * 28 + 20)]
    ben.take(sent)
    reports = [rtcp.sender_info(part) for part in ben.reports if part.type == rtcp.SR]
    assert {(each.ssrc, each.packets > 0) for each in reports} == {(ana.ssrcs[0], True), (ana.audio_ssrc, True)}


def test_layers_are_measured_and_a_key_frame_tells_the_height(meeting: Meeting) -> None:
    meeting.rounds(70, keyframe=True)
    told = [event for event in meeting.plane.take_events() if isinstance(event, LayersChanged)]
    heights = {layer.index >> 6: layer.height for layer in told[-1].layers}
    assert heights == {0: 180, 1: 360, 2: 720}
    assert all(layer.bitrate > 1000 for layer in told[-1].layers)


def measured(meeting: Meeting) -> dict[int, tuple[float, float]]:
    """Frames and bits a second of each encoding, as told last."""
    told = [event for event in meeting.plane.take_events() if isinstance(event, LayersChanged)]
    return {layer.index >> 6: (layer.frame_rate, layer.bitrate) for layer in told[-1].layers}


def test_what_has_stopped_is_no_layer_any_more(meeting: Meeting) -> None:
    """Nobody must wait for it; pictures of a screen may be a second apart, and stay."""
    meeting.rounds(70, keyframe=True)
    assert set(measured(meeting)) == {0, 1, 2}
    for _ in range(100):
        meeting.now += 1 / 30
        meeting.ana.timestamp = (meeting.ana.timestamp + 3000) & 0xFFFFFFFF
        for encoding in (0, 1):
            meeting.ana.frame(encoding, meeting.now)
        meeting.plane.tick(meeting.now)
    assert set(measured(meeting)) == {0, 1}


def test_what_begins_is_measured_within_two_seconds(meeting: Meeting) -> None:
    meeting.rounds(20, keyframe=True)
    meeting.plane.take_events()
    meeting.rounds(62)
    for frames, _ in measured(meeting).values():
        assert frames == pytest.approx(30, rel=0.1)


def test_where_the_layer_that_is_shown_stops_a_lower_one_is_asked_for(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2 << 6 | 2)
    meeting.rounds(10, keyframe=True)
    assert meeting.plane.current_layer(2, meeting.ana.video) == 2 << 6 | 2
    meeting.deliver()
    before, began = len(meeting.ana.plis()), meeting.now

    def lower(keyframe: bool) -> None:
        meeting.now += 1 / 30
        meeting.ana.timestamp = (meeting.ana.timestamp + 3000) & 0xFFFFFFFF
        for encoding in (0, 1):
            meeting.ana.frame(encoding, meeting.now, keyframe=keyframe)
        meeting.plane.tick(meeting.now)
        meeting.deliver()

    while len(meeting.ana.plis()) == before:
        lower(keyframe=False)
        assert meeting.now - began < 1.0
    assert meeting.now - began > 0.5, "a moment's pause is none"
    lower(keyframe=True)
    assert meeting.plane.current_layer(2, meeting.ana.video) >> 6 == 1
    shown = len(meeting.ben.video_of(meeting.ana))
    lower(keyframe=False)
    assert len(meeting.ben.video_of(meeting.ana)) == shown + 2


def test_pictures_of_a_screen_that_are_seconds_apart_stop_nothing(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2 << 6 | 2)
    meeting.rounds(2, keyframe=True)
    meeting.deliver()
    before = len(meeting.ana.plis())
    for _ in range(8):
        meeting.now += 2.0
        meeting.ana.picture_round(meeting.now)
        meeting.plane.tick(meeting.now)
        meeting.deliver()
    assert len(meeting.ana.plis()) == before


def test_key_frames_are_asked_for_within_limits(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(4, keyframe=True)
    before = len(meeting.ana.plis())
    for step in range(300):
        meeting.ben.send_rtcp(rtcp.build_pli(9, meeting.ana.ssrcs[0]), meeting.now + step / 30)
    meeting.deliver()
    assert 1 <= len(meeting.ana.plis()) - before <= 3


def test_other_codecs_pass_with_continuous_numbers(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    for number in (10, 11, 12):
        meeting.ana.send(build(107, True, number, number * 3000, meeting.ana.ssrcs[0], b"", b"\x65nal"), meeting.now)
    meeting.deliver()
    received = meeting.ben.video_of(meeting.ana)
    assert [each.payload for each in received] == [b"\x65nal"] * 3
    assert [distance(each.sequence, received[0].sequence) for each in received] == [0, 1, 2]


def test_sources_that_go_end_their_routes_and_may_come_back(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(4, keyframe=True)
    meeting.plane.set_sources(1, ())
    seen = len(meeting.ben.got)
    meeting.rounds(4, keyframe=True)
    assert len(meeting.ben.got) == seen
    assert (meeting.plane.counters(1).dropped or {})["unknown-ssrc"] > 0
    meeting.plane.remove_conference(1)
    meeting.ana.speak(9, meeting.now)
    assert meeting.plane.take_transmits() == []


def test_build_extensions_of_nothing_is_nothing() -> None:
    assert build_extensions({}) == b""


def test_what_is_late_from_before_a_switch_takes_nobodys_number(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 0 << 6 | 2)
    meeting.rounds(5, keyframe=True)
    early = meeting.ana.frame(1, meeting.now, packets=1, lose=(0,))  # of the middle encoding, and on its way for long
    meeting.plane.set_target(2, meeting.ana.video, 1 << 6 | 2)
    meeting.rounds(5, keyframe=True)
    before = len(meeting.ben.video_of(meeting.ana))
    meeting.ana.send(early[0], meeting.now)
    meeting.deliver()
    assert len(meeting.ben.video_of(meeting.ana)) == before
    assert_clean(meeting.ben.video_of(meeting.ana))


def test_a_camera_that_comes_back_is_asked_for_anew(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(3, keyframe=True)
    assert meeting.ben.video_of(meeting.ana)
    before = len(meeting.ben.got)
    meeting.plane.remove_endpoint(meeting.ana.id)
    meeting.ana = MediaPeer(meeting.plane, 1, meeting.ana.id)
    meeting.rounds(3, keyframe=True)
    assert len(meeting.ben.got) == before


def test_short_picture_ids_come_round_again_and_old_decisions_do_not(meeting: Meeting) -> None:
    """VP8's ids may have seven bits (RFC 7741 section 4.2): after 128 pictures the same ones come again."""
    meeting.plane.set_target(2, meeting.ana.video, 0)
    for index in range(400):
        meeting.now += 1 / 30
        temporal = 0 if index % 3 == 0 else 2
        head = bytes((0x90, 0xE0, index & 0x7F, index // 3 & 0xFF, temporal << 6))
        frame = b"\x10\0\0\x9d\x01\x2a\0\x05\xb4\0" if index == 0 else b"\x01"
        data = build(100, True, index, index * 3000, meeting.ana.ssrcs[0], b"", head + frame + index.to_bytes(2, "big"))
        meeting.ana.send(data, meeting.now)
    meeting.deliver()
    received = meeting.ben.video_of(meeting.ana)
    assert [int.from_bytes(each.payload[-2:], "big") for each in received] == list(range(0, 400, 3))
    assert {(b.picture_id - a.picture_id) & 0x7F for a, b in itertools.pairwise(pictures(received))} == {1}


def test_a_key_frame_is_asked_for_where_what_was_lost_is_gone(meeting: Meeting) -> None:
    meeting.plane.set_target(2, meeting.ana.video, 2)
    meeting.rounds(300, keyframe=True)
    received = meeting.ben.video_of(meeting.ana)
    asked = len(meeting.ana.plis())
    meeting.ben.send_rtcp(rtcp.build_nack(9, meeting.ana.ssrcs[0], [received[-5].sequence]), meeting.now + 1)
    meeting.deliver()
    assert len(meeting.ana.plis()) == asked
    never_sent = (received[-1].sequence + 40) & 0xFFFF
    meeting.ben.send_rtcp(rtcp.build_nack(9, meeting.ana.ssrcs[0], [never_sent]), meeting.now + 2)
    meeting.deliver()
    assert len(meeting.ana.plis()) == asked
    for step in range(100):
        old = [each.sequence for each in received[:3]]
        meeting.ben.send_rtcp(rtcp.build_nack(9, meeting.ana.ssrcs[0], old), meeting.now + 3 + step / 50)
        meeting.plane.tick(meeting.now + 3 + step / 50)
        meeting.deliver()
    assert 1 <= len(meeting.ana.plis()) - asked <= 3
