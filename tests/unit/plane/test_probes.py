"""Probes: bursts of what was sent of late, paced, and what their feedback says; and what other receivers report."""

from pyjitsi.bridge.plane.api import Feedback, LossReport, Plane, Probe, ReceiverLimit
from pyjitsi.rtp import packet, rtcp, transport_cc
from tests.support import planes
from tests.support.media_peer import MediaPeer

NUMBER = 5  # the extension


def meeting() -> tuple[Plane, MediaPeer, MediaPeer]:
    plane = planes.create()
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2)
    plane.set_target(2, ana.video, 2)
    return plane, ana, ben


def run(plane: Plane, peer: MediaPeer, start: float, seconds: float) -> list[tuple[float, packet.RtpPacket]]:
    """Tick each 2 ms; returns what the peer got, and when."""
    found: list[tuple[float, packet.RtpPacket]] = []
    for step in range(round(seconds / 0.002)):
        now = start + step * 0.002
        plane.tick(now)
        before = len(peer.got)
        peer.take(plane.take_transmits())
        found += [(now, each) for each in peer.got[before:]]
    return found


def numbers_of(got: list[tuple[float, packet.RtpPacket]]) -> list[int]:
    """The transport-wide numbers of packets."""
    return [int.from_bytes(each.extensions[NUMBER], "big") for _, each in got]


def test_a_probe_repeats_what_was_sent_of_late_at_its_own_pace() -> None:
    plane, ana, ben = meeting()
    ana.picture_round(10.0, keyframe=True)
    for step in range(9):
        ana.picture_round(10.033 + step * 0.033)
    ben.take(plane.take_transmits())
    sent = [each.sequence for each in ben.video_of(ana)]
    plane.tick(10.5)
    plane.probe(2, Probe(3, 160_000.0, 5, 800))
    got = run(plane, ben, 10.5, 0.2)
    assert {each.ssrc for _, each in got} == {ana.rtx[0]}
    assert len(got) >= 5
    assert {int.from_bytes(each.payload[:2], "big") for _, each in got} <= set(sent)
    octets = [len(each.data) + 16 for _, each in got]  # and the tag
    assert sum(octets[:-1]) < 800 <= sum(octets)
    took = got[-1][0] - got[0][0]
    assert 0.7 < sum(octets[:-1]) * 8 / took / 160_000 < 1.1, "paced, not all at once"


def test_where_nothing_was_sent_it_is_only_padding() -> None:
    plane, _, ben = meeting()
    plane.tick(10.0)
    plane.probe(2, Probe(1, 400_000.0, 5, 1000))
    got = run(plane, ben, 10.0, 0.2)
    assert len(got) == 5
    assert {each.ssrc for _, each in got} == {7001}, "the conference's own, which clients know"
    assert all(each.data[0] & 0x20 and not each.payload for _, each in got)
    assert [each.sequence for _, each in got] == list(range(got[0][1].sequence, got[0][1].sequence + 5))


def test_who_has_no_transport_wide_numbers_is_not_probed() -> None:
    plane = planes.create()
    plane.add_conference(1, 7001, 7002)
    ben = MediaPeer(plane, 1, 2, mesh="m")
    plane.tick(10.0)
    plane.probe(2, Probe(1, 400_000.0, 5, 1000))
    assert run(plane, ben, 10.0, 0.1) == []


def test_feedback_tells_of_the_probe_and_of_what_was_lost() -> None:
    plane, ana, ben = meeting()
    ana.picture_round(10.0, keyframe=True)
    plane.probe(2, Probe(7, 400_000.0, 6, 600))
    got = run(plane, ben, 10.0, 0.1)
    numbers = numbers_of(got)
    media = len([each for _, each in got if each.ssrc == ana.ssrcs[0]])
    first = min(numbers)
    arrivals: list[float | None] = [500.0 + index * 0.004 for index in range(len(numbers))]
    arrivals[1] = None
    message, _ = transport_cc.build(5, ana.ssrcs[0], first, arrivals, 0)
    ben.send_rtcp(message, 10.2)
    told = [each for each in plane.take_events() if isinstance(each, Feedback)]
    assert len(told) == 1
    assert told[0].lost_bytes > 0 and told[0].delivered_bytes > told[0].lost_bytes
    assert told[0].probe is not None
    assert (told[0].probe.cluster, told[0].probe.packets) == (7, len(numbers) - media)
    assert abs(told[0].probe.last_arrived - told[0].probe.first_arrived - 0.004 * (len(numbers) - media - 1)) < 1e-3


def test_a_queue_that_grows_is_overuse() -> None:
    plane, ana, ben = meeting()
    ana.picture_round(10.0, keyframe=True)
    over, at = False, 500.0
    for step in range(1, 60):
        now = 10.0 + step * 0.033
        ana.picture_round(now)
        got = run(plane, ben, now, 0.004)
        at += 0.033 + 0.008  # each frame takes 8 ms longer
        message, _ = transport_cc.build(5, ana.ssrcs[0], numbers_of(got)[0], [at] * len(got), step)
        ben.send_rtcp(message, now + 0.02)
        over |= any(isinstance(each, Feedback) and each.overused for each in plane.take_events())
    assert over


def test_feedback_on_what_was_never_sent_tells_nothing() -> None:
    plane, _, ben = meeting()
    message, _ = transport_cc.build(5, 9, 40_000, [1.0, None, 2.0], 0)
    ben.send_rtcp(message, 10.0)
    assert not [each for each in plane.take_events() if isinstance(each, Feedback)]


def test_a_receivers_own_estimate_is_told() -> None:
    plane, _, ben = meeting()
    body = bytes(8) + b"REMB" + bytes((1, 5 << 2 | 1, 0, 3)) + bytes(4)
    ben.send_rtcp(b"\x8f\xce" + (len(body) // 4).to_bytes(2, "big") + body, 10.0)
    limits = [each for each in plane.take_events() if isinstance(each, ReceiverLimit)]
    assert [each.bitrate for each in limits] == [(65536 + 3) * 32.0]


def test_reports_of_loss_come_from_who_knows_no_transport_wide_feedback() -> None:
    plane = planes.create()
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2, extensions={})
    plane.set_target(2, ana.video, 2)
    ana.picture_round(10.0, keyframe=True)
    ben.take(plane.take_transmits())
    block = rtcp.ReportBlock(ana.ssrcs[0], 64, 0, 0, 0, 0, 0)
    ben.send_rtcp(rtcp.build_rr(5, [block]), 10.1)
    told = [each for each in plane.take_events() if isinstance(each, LossReport)]
    assert [(each.endpoint, each.fraction) for each in told] == [(2, 0.25)]
