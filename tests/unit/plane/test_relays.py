"""Relays on a plane, with real SRTP: everything crosses once, as it came, and never back where it came from."""

from pyjitsi.bridge.plane.api import OFF
from pyjitsi.rtp import rtcp
from tests.support.media_peer import MediaPeer
from tests.support.planes import create

NUMBERS = list(range(65_531, 65_536)) + list(range(5))


def test_a_relay_gets_every_encoding_as_it_was_sent() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, ben, cat = (MediaPeer(plane, 1, number) for number in (1, 2, 3))
    lima = MediaPeer(plane, 1, 9, mesh="0")
    for peer in (ben, cat):
        plane.set_target(peer.id, ana.video, 2)
    for round_ in range(5):
        ana.picture_round(100 + round_ / 30, keyframe=round_ == 0)
        ana.speak(round_, 100 + round_ / 30)
    sent = plane.take_transmits()
    lima.take(sent)
    for index, ssrc in enumerate(ana.ssrcs):
        came = [each for each in lima.got if each.ssrc == ssrc]
        assert [each.sequence for each in came] == NUMBERS, f"encoding {index}"
    assert [each.sequence for each in lima.got if each.ssrc == ana.audio_ssrc] == [0, 1, 2, 3, 4]
    assert {1} == {identity for each in lima.got for identity in each.extensions}  # levels stay, transport-cc ends


def test_what_is_lost_between_bridges_is_sent_again_as_rtx_of_its_encoding() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, lima = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 9, mesh="0")
    ana.picture_round(100.0, keyframe=True)
    plane.take_transmits()
    lima.send_rtcp(rtcp.build_nack(9, ana.ssrcs[2], [65_532]), 100.1)
    lima.take(plane.take_transmits())
    (again,) = lima.got
    assert (again.ssrc, again.payload_type, again.payload[:2]) == (ana.rtx[2], 96, (65_532).to_bytes(2, "big"))


def test_nothing_goes_back_into_the_mesh_that_it_came_over() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ben = MediaPeer(plane, 1, 2)
    lima, rome, visitors = (MediaPeer(plane, 1, n, mesh=m) for n, m in ((7, "0"), (8, "0"), (9, "1")))
    plane.set_target(ben.id, lima.video, 2)
    lima.picture_round(100.0, keyframe=True)
    sent = plane.take_transmits()
    for peer in (ben, rome, visitors, lima):
        peer.take(sent)
    assert ben.video_of(lima)
    assert len({each.ssrc for each in visitors.got}) == 3
    assert not rome.got
    assert not lima.got


def test_an_encoding_that_nobody_behind_a_relay_wants_does_not_cross() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, lima = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 9, mesh="0")
    for target, crossing in ((1 << 6 | 63, ana.ssrcs[:2]), (OFF, []), (7 << 6, ana.ssrcs)):
        plane.set_target(lima.id, ana.video, target)
        lima.got.clear()
        ana.picture_round(100.0, keyframe=True)
        lima.take(plane.take_transmits())
        assert sorted({each.ssrc for each in lima.got}) == crossing


def test_a_key_frame_is_asked_of_the_sender_through_the_relay() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, lima = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 9, mesh="0")
    lima.send_rtcp(rtcp.build_pli(9, ana.ssrcs[0]), 100.0)
    ana.take(plane.take_transmits())
    assert ana.plis() == [ana.ssrcs[0]]
    # And ours of somebody behind it.
    plane.set_target(ana.id, lima.video, 2)
    lima.take(plane.take_transmits())
    lima.frame(0, 100.5)
    lima.take(plane.take_transmits())
    assert lima.plis() == [lima.ssrcs[0]]


def test_a_relay_that_ends_leaves_nothing_behind() -> None:
    plane = create()
    plane.add_conference(1, 7001, 7002)
    ana, lima = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 9, mesh="0")
    plane.set_target(ana.id, lima.video, 2)
    ana.picture_round(100.0, keyframe=True)
    plane.remove_endpoint(lima.id)
    plane.take_transmits()
    ana.picture_round(100.1)
    assert [address for _, address in plane.take_transmits() if address == lima.address] == []
