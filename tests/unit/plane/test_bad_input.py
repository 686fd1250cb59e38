"""What hurt others' bridges, and must not hurt ours: each is dropped, counted, and nobody else notices."""

import random
from itertools import pairwise

import pytest

from pyjitsi.bridge.plane.api import AudioLevel, Codec, Encoding, Feedback, Plane, Source
from pyjitsi.bridge.plane.endpoint import BEFORE_KEYS, DEPENDENCY, MAX_STREAMS, NACKED, Limits
from pyjitsi.rtp import rtcp
from pyjitsi.rtp.packet import build, build_extensions
from tests.support.media_peer import CODECS, EXTENSIONS, MediaPeer
from tests.support.planes import create

MORE_CODECS = (
    Codec(112, "red", 48000, "audio"),
    Codec(101, "vp9", 90000, "video"),
    Codec(97, "rtx", 90000, "video", apt=101),
    Codec(41, "av1", 90000, "video"),
    Codec(42, "rtx", 90000, "video", apt=41),
)


@pytest.fixture
def plane() -> Plane:
    made = create()
    made.add_conference(1, 7001, 7002)
    return made


@pytest.fixture
def ana(plane: Plane) -> MediaPeer:
    return MediaPeer(plane, 1, 1)


@pytest.fixture
def ben(plane: Plane, ana: MediaPeer) -> MediaPeer:
    return MediaPeer(plane, 1, ana.id + 1)


def dropped(peer: MediaPeer) -> dict[str, int]:
    return peer.plane.counters(peer.id).dropped or {}


def test_a_replayed_packet_is_heard_once(ana: MediaPeer, ben: MediaPeer) -> None:
    wire = ana.send(build(111, False, 1, 960, ana.audio_ssrc, b"", b"opus"), 1.0)
    for _ in range(3):
        ana.plane.receive(wire, ana.address, 1.0)
    ben.take(ana.plane.take_transmits())
    assert len(ben.got) == 1
    assert dropped(ana) == {"replay": 3}


def test_truncated_and_changed_packets_are_not_believed(ana: MediaPeer, ben: MediaPeer) -> None:
    wire = ana.protect(build(111, False, 1, 960, ana.audio_ssrc, b"", b"opus"))
    for length in range(len(wire)):
        ana.plane.receive(wire[:length], ana.address, 1.0)
    ana.plane.receive(wire[:-1] + bytes((wire[-1] ^ 1,)), ana.address, 1.0)
    assert ana.plane.take_transmits() == []
    assert set(dropped(ana)) <= {"auth", "malformed", "unknown-pt", "unknown-ssrc", "short"}
    ana.plane.receive(wire, ana.address, 1.0)
    ben.take(ana.plane.take_transmits())
    assert len(ben.got) == 1


def test_an_ssrc_of_somebody_else_is_not_taken(plane: Plane, ana: MediaPeer, ben: MediaPeer) -> None:
    plane.set_sources(ben.id, (Source(ben.audio, "audio", (Encoding(ana.audio_ssrc),)),))
    assert dropped(ben) == {"ssrc-of-another": 1}
    ben.send(build(111, False, 1, 960, ana.audio_ssrc, b"", b"mine?"), 1.0)
    assert plane.take_transmits() == []
    assert dropped(ben)["unknown-ssrc"] == 1
    ana.speak(1, 1.0)
    ben.take(plane.take_transmits())
    assert [each.payload for each in ben.got] == [b"opus"]


def test_ten_thousand_ssrcs_cost_no_state(plane: Plane, ana: MediaPeer, ben: MediaPeer) -> None:
    for ssrc in range(500_000, 510_000):
        plane.receive(build(111, False, 1, 960, ssrc, b"", b"flood"), ana.address, 1.0)
    assert dropped(ana) == {"unknown-ssrc": 10_000}
    many = tuple(Source(f"{ana.name}-a{n}", "audio", (Encoding(600_000 + n),)) for n in range(2000))
    plane.set_sources(ana.id, many)
    ana.send(build(111, False, 1, 960, 600_000 + MAX_STREAMS, b"", b"over"), 1.0)
    assert plane.take_transmits() == []
    ana.send(build(111, False, 1, 960, 600_000, b"", b"within"), 1.0)
    ben.take(plane.take_transmits())
    assert [each.payload for each in ben.got] == [b"within"]


@pytest.mark.parametrize("size", range(21))
def test_tiny_payloads_pass_every_parser(size: int, ana: MediaPeer, ben: MediaPeer) -> None:
    ana.plane.set_target(ben.id, ana.video, 2)
    generator = random.Random(size)
    for each in (ana, ben):
        ana.plane.set_media(each.id, MORE_CODECS, {DEPENDENCY: 11})
    for number, kind in enumerate((100, 96, 111, 107, 101, 97, 41, 42, 112)):
        ssrc = ana.audio_ssrc if kind > 107 else ana.rtx[0] if kind in (96, 97, 42) else ana.ssrcs[0]
        payload, descriptor = generator.randbytes(size), generator.randbytes(size)
        block = build_extensions({11: descriptor}) if descriptor else b""
        ana.send(build(kind, True, 2 * number, 1, ssrc, b"", payload), 1.0)
        ana.send(build(kind, True, 2 * number + 1, 1, ssrc, block, payload), 1.0)
    ana.plane.tick(2.0)
    ana.speak(9, 2.0)
    ben.take(ana.plane.take_transmits())
    assert any(each.payload == b"opus" for each in ben.got)


def test_a_level_without_a_value_is_none(ana: MediaPeer, ben: MediaPeer) -> None:
    """Two-byte extensions may be empty (RFC 8285 section 4.3), and this one ends where the packet does."""
    ana.send(build(111, False, 1, 1, ana.audio_ssrc, bytes.fromhex("1000 0001 0000 0100"), b""), 1.0)
    ana.send(build(111, False, 2, 1, ana.audio_ssrc, bytes.fromhex("1000 0001 0000 0100"), b"opus"), 1.0)
    assert [event.level for event in ana.plane.take_events() if isinstance(event, AudioLevel)] == [-1]
    ben.take(ana.plane.take_transmits())
    assert [each.payload for each in ben.got] == [b"opus"]


def test_more_encodings_than_anybody_sends_are_not_taken(plane: Plane, ana: MediaPeer, ben: MediaPeer) -> None:
    """A focus may name any number; tables have room for eight."""
    many = tuple(Encoding(9000 + n, 9500 + n) for n in range(40))
    plane.set_sources(ana.id, (Source(ana.video, "video", many),))
    plane.set_target(ben.id, ana.video, 7 << 6)
    for encoding in (7, 8, 39):
        for number, (kind, ssrc) in enumerate(((100, 9000 + encoding), (96, 9500 + encoding))):
            ana.send(build(kind, True, number, 1, ssrc, b"", bytes.fromhex("0000 10 00 00 009d012a80026801")), 1.0)
    assert dropped(ana)["unknown-ssrc"] == 4
    plane.tick(2.0)
    plane.set_sources(ana.id, ())


def test_oversized_packets_are_dropped(ana: MediaPeer) -> None:
    ana.plane.receive(bytes((0x80, 111)) + bytes(1600), ana.address, 1.0)
    assert dropped(ana) == {"oversize": 1}


def test_packets_before_the_keys_are_kept_but_not_without_bound(plane: Plane, ana: MediaPeer) -> None:
    plane.add_endpoint(1, 9)
    plane.set_media(9, CODECS, EXTENSIONS)
    plane.bind(("203.0.113.5", 5), 9)
    for number in range(BEFORE_KEYS * 10):
        plane.receive(bytes((0x80, 111)) + number.to_bytes(4, "big") + bytes(20), ("203.0.113.5", 5), 1.0)
    assert plane.take_transmits() == []
    assert ana.plane.counters(9).packets_received == 0


def test_media_from_an_address_that_was_never_bound_goes_nowhere(plane: Plane, ana: MediaPeer) -> None:
    plane.receive(ana.protect(build(111, False, 1, 960, ana.audio_ssrc, b"", b"opus")), ("203.0.113.66", 6), 1.0)
    assert plane.take_transmits() == []
    assert plane.take_events() == []


def test_a_flood_of_one_is_dropped_unopened_and_hurts_nobody_else() -> None:
    plane = create(Limits(packets=200, octets=4000))
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1), MediaPeer(plane, 1, 2)
    relay = MediaPeer(plane, 1, 3, mesh="mesh")
    for number in range(300):
        ana.speak(number, 1.0 + number / 1000)
        relay.speak(number, 1.0 + number / 1000)
    ben.take(plane.take_transmits())
    heard = [each.ssrc for each in ben.got]
    assert heard.count(ana.audio_ssrc) == 100  # of 40 bytes
    assert heard.count(relay.audio_ssrc) == 300  # everybody on another bridge
    assert dropped(ana) == {"rate": 200}
    ana.speak(300, 2.1)
    ben.take(plane.take_transmits())
    assert len(ben.got) == len(heard) + 1


def test_nobody_is_sent_more_than_a_thousand_packets_a_second_again(
    plane: Plane, ana: MediaPeer, ben: MediaPeer
) -> None:
    plane.set_target(ben.id, ana.video, 2)
    ana.picture_round(1.0, keyframe=True)
    ben.take(plane.take_transmits())
    sequence = ben.video_of(ana)[0].sequence
    for turn in range(1500):
        ben.send_rtcp(rtcp.build_nack(5, ana.ssrcs[0], [sequence]), 1.0 + turn / 10_000)
    ben.take(plane.take_transmits())
    assert len([each for each in ben.got if each.payload_type == 96]) == NACKED == 1000
    assert dropped(ben) == {"nack-rate": 500}
    ben.send_rtcp(rtcp.build_nack(5, ana.ssrcs[0], [sequence]), 3.0)
    assert len(plane.take_transmits()) == 1


def test_a_payload_type_that_was_not_negotiated_is_dropped_unopened(ana: MediaPeer) -> None:
    ana.plane.receive(build(77, False, 1, 960, ana.audio_ssrc, b"", bytes(40)), ana.address, 1.0)
    assert dropped(ana) == {"unknown-pt": 1}


@pytest.mark.parametrize("payload", [b"", b"\x01"])
def test_rtx_too_short_to_name_a_packet_is_padding(payload: bytes, ana: MediaPeer, ben: MediaPeer) -> None:
    ana.plane.set_target(ben.id, ana.video, 2)
    ana.picture_round(1.0, keyframe=True)
    ana.send(build(96, False, 1, 9, ana.rtx[0], b"", payload), 1.0)
    ana.picture_round(1.1)
    ben.take(ana.plane.take_transmits())
    numbers = [each.sequence for each in ben.video_of(ana)]
    assert len(numbers) == 4 and [(b - a) & 0xFFFF for a, b in pairwise(numbers)] == [1, 1, 1]
    assert dropped(ana) == {}


@pytest.mark.parametrize(
    "body",
    [
        "0000 ffff 000000 00 3fff",  # 65,535 statuses in a run of 8,191
        "0000 2000 7fffff 00 3fff 2001",  # none of the deltas that 8,192 arrivals have
        "0000 0007 800000 00 d000 8000",  # a clock that begins before zero
        "0000 0003 000000 00 0000",  # a run of none
        "0000 0002 000000 00 e000 ffff",  # a status that is not defined
    ],
)
def test_absurd_transport_feedback_changes_nothing(body: str, plane: Plane, ana: MediaPeer, ben: MediaPeer) -> None:
    plane.set_target(ben.id, ana.video, 2)
    ana.picture_round(1.0, keyframe=True)
    before = len(plane.take_transmits())
    content = bytes(8) + bytes.fromhex(body)
    content += bytes(-len(content) % 4)
    ben.send_rtcp(bytes((0x8F, 205)) + (len(content) // 4).to_bytes(2, "big") + content, 1.0)
    assert not [each for each in plane.take_events() if isinstance(each, Feedback) and each.delivered_bytes]
    ana.picture_round(1.1)
    assert before and len(plane.take_transmits()) >= 2


def test_random_datagrams_stop_nobody(plane: Plane, ana: MediaPeer, ben: MediaPeer) -> None:
    generator = random.Random(7)
    for _ in range(3000):
        plane.receive(generator.randbytes(generator.randrange(80)), ana.address, 1.0)
    plane.take_events()
    ana.speak(1, 2.0)
    ben.take(plane.take_transmits())
    assert [each.payload for each in ben.got] == [b"opus"]
