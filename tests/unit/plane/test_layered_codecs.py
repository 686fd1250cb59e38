"""Streams with layers in them, VP9's and those of dependency descriptors, through both planes: over the end of their
numbers, receivers get the layers that they are meant to, and the same again as RTX."""

from itertools import pairwise

from pyjitsi.bridge.plane.api import Codec, Plane
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.plane.endpoint import DEPENDENCY, TRANSPORT_CC
from pyjitsi.bridge.plane.plane import PythonPlane
from pyjitsi.rtp import packet, rtcp, vp9
from tests.support.descriptors import KEY_FRAME, bits
from tests.support.media_peer import MediaPeer

CODECS = (
    Codec(45, "av1", 90000, "video"),
    Codec(46, "rtx", 90000, "video", apt=45),
    Codec(101, "vp9", 90000, "video"),
    Codec(97, "rtx", 90000, "video", apt=101),
)


def _run(plane: Plane, stream: list[tuple[int, bytes, bytes]], target: int) -> list[packet.RtpPacket]:
    """What a receiver gets of packets (payload type, dependency descriptor, payload), the last one twice."""
    plane.add_conference(1, 7001, 7002)
    ana, ben = MediaPeer(plane, 1, 1, encodings=1), MediaPeer(plane, 1, 2, encodings=1)
    for each in (ana, ben):
        plane.set_media(each.id, CODECS, {TRANSPORT_CC: 5, DEPENDENCY: 6})
    plane.set_target(2, ana.video, target)
    now = 10.0
    for index, (payload_type, descriptor, payload) in enumerate(stream):
        now += 0.033
        block = packet.build_extensions({6: descriptor} if descriptor else {})
        ana.send(packet.build(payload_type, True, 65_530 + index & 0xFFFF, 3000 * index, 100, block, payload), now)
    ben.take(plane.take_transmits())
    ben.send_rtcp(rtcp.build_nack(5, 100, [ben.got[-1].sequence]), now + 1)
    ben.take(plane.take_transmits())
    return ben.got


def test_frames_of_the_lower_temporal_layer_by_dependency_descriptors() -> None:
    first = 0xFFF8
    stream = [(45, KEY_FRAME[:1] + first.to_bytes(2) + KEY_FRAME[3:], b"frame 0")]
    for index in range(1, 21):
        number = first + index & 0xFFFF
        stream.append((45, bits("11 0000" + ("10" if index % 2 else "01")) + number.to_bytes(2), b"frame %d" % index))
    got, again = _run(CompiledPlane(), stream, 0), _run(PythonPlane(), stream, 0)
    for received in (got, again):
        assert [each.payload for each in received[:-1]] == [b"frame 0"] + [b"frame %d" % i for i in range(2, 21, 2)]
        descriptors = [each.extensions[6] for each in received]
        numbers = [int.from_bytes(each[1:3]) for each in descriptors]
        assert all(after - before & 0xFFFF == 2 for before, after in pairwise(numbers[:-1]))
        assert (received[-1].payload_type, received[-1].payload[2:]) == (46, b"frame 20")
        assert descriptors[-1] == descriptors[-2]
        assert len(descriptors[0]) >= len(KEY_FRAME) and descriptors[0][3] & 0x40  # told that one target is left


def test_the_lower_spatial_layer_of_vp9() -> None:
    stream: list[tuple[int, bytes, bytes]] = []
    for index in range(20):
        picture = 0x7FF8 + index & 0x7FFF
        for spatial in range(2):
            first = 0xAC if index == 0 else 0xEC  # I, (P), L, B, E
            layer = spatial << 1 | (spatial if index == 0 else 0)
            stream.append(
                (
                    101,
                    b"",
                    bytes((first, 0x80 | picture >> 8, picture & 255, layer, index)) + b"%d/%d" % (index, spatial),
                )
            )
    got, again = _run(CompiledPlane(), stream, 7), _run(PythonPlane(), stream, 7)
    for received in (got, again):
        assert [each.payload[5:] for each in received[:-1]] == [b"%d/0" % index for index in range(20)]
        pictures = [vp9.describe(each.payload).picture_id for each in received[:-1]]
        assert all(after - before & 0x7FFF == 1 for before, after in pairwise(pictures))
        assert all(each.marker for each in received)
        assert (received[-1].payload_type, received[-1].payload[2:]) == (97, received[-2].payload)
