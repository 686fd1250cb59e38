"""The modules that are compiled from plain Python do the same compiled and interpreted, whatever they are given."""

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.bridge.plane import delivery, feedback, frame, header, keyframe, pacer, projection, voice
from pyjitsi.bridge.plane.downlinks import numbers_of
from pyjitsi.rtp import dependency, vp8, vp9
from tests.fuzz.mutations import mutated_bytes
from tests.fuzz.test_fuzz_rtp import DESCRIPTORS, PACKETS
from tests.support.descriptors import DEPENDENCIES, VP9
from tests.support.interpreted import interpreted

plain_header, plain_vp8, plain_keyframe = interpreted(header), interpreted(vp8), interpreted(keyframe)
plain_feedback, plain_projection = interpreted(feedback), interpreted(projection)
plain_delivery, plain_pacer = interpreted(delivery), interpreted(pacer)
plain_vp9, plain_dependency, plain_frame = interpreted(vp9), interpreted(dependency), interpreted(frame)
vars(plain_frame).update(
    Vp8Descriptor=plain_vp8.Vp8Descriptor, Vp9Descriptor=plain_vp9.Vp9Descriptor,
    Dependency=plain_dependency.Dependency, Structure=plain_dependency.Structure,
)  # fmt: skip
FEEDBACK = [
    bytes(8) + bytes.fromhex("0001 0008 000003 01 2008") + bytes(8),
    bytes(8) + bytes.fromhex("fffe 0009 fffff0 02 d555 c001") + bytes(9) + bytes((0x80, 0, 0x7F, 0xFF)),
]


def test_both_are_there() -> None:
    for module in (header, vp8, vp9, dependency, frame, keyframe, feedback, projection, delivery, pacer):
        assert str(module.__file__).endswith(".so"), f"{module.__name__} is not compiled; run make plane"


@settings(max_examples=400, derandomize=True, deadline=None)
@given(mutated_bytes(PACKETS), st.binary(min_size=256, max_size=256), st.integers(0, 20), st.integers(0, 0xFFFF),
       st.integers(0, 20), st.binary(max_size=20))  # fmt: skip
def test_headers(data: bytes, keep: bytes, number_id: int, number: int, stamp_id: int, stamp: bytes) -> None:
    ours, theirs = header.Header(), plain_header.Header()
    assert ours.parse(data, len(data)) == theirs.parse(data, len(data))
    if not ours.parse(data, len(data)):
        return
    assert [ours.find(data, identity) for identity in range(20)] == [theirs.find(data, i) for i in range(20)]
    for each in (ours, theirs):
        each.set_stamp(stamp_id, stamp, len(stamp))
    outs = bytearray(1600), bytearray(1600)
    arguments = (keep, 100, True, 7, 2**32 - 1, 0xFFFFFFFF, number_id, number)
    sizes = [each.write(data, out, 1500, *arguments) for each, out in zip((ours, theirs), outs, strict=True)]
    assert sizes[0] == sizes[1]
    assert outs[0] == outs[1]


@settings(max_examples=400, derandomize=True, deadline=None)
@given(mutated_bytes(DESCRIPTORS), st.integers(0, 3), st.integers(0, 0x7FFF), st.integers(0, 255))
def test_vp8_descriptors(data: bytes, start: int, picture: int, tl0: int) -> None:
    ours, theirs = vp8.Vp8Descriptor(), plain_vp8.Vp8Descriptor()
    taken = ours.parse(data, start, len(data))
    assert taken == theirs.parse(data, start, len(data))
    if taken:
        known = ("picture_id", "picture_at", "long_id", "tl0", "tl0_at", "temporal", "height", "size", "keyframe")
        assert [getattr(ours, name) for name in known] == [getattr(theirs, name) for name in known]
        outs = bytearray(data), bytearray(data)
        ours.write(outs[0], start, picture, tl0)
        theirs.write(outs[1], start, picture, tl0)
        assert outs[0] == outs[1]


@settings(max_examples=400, derandomize=True, deadline=None)
@given(mutated_bytes(VP9), st.integers(0, 3), st.integers(0, 0x7FFF), st.integers(0, 255))
def test_vp9_descriptors(data: bytes, start: int, picture: int, tl0: int) -> None:
    ours, theirs = vp9.Vp9Descriptor(), plain_vp9.Vp9Descriptor()
    taken = ours.parse(data, start, len(data))
    assert taken == theirs.parse(data, start, len(data))
    if taken:
        known = (
            "picture_id", "picture_at", "long_id", "tl0", "tl0_at", "temporal", "spatial", "switching_up", "predicted",
            "dependent", "unreferenced", "starts_frame", "ends_frame", "layers", "size", "heights",
        )  # fmt: skip
        assert [getattr(ours, name) for name in known] == [getattr(theirs, name) for name in known]
        assert ours.key_picture() == theirs.key_picture()
        outs = bytearray(data), bytearray(data)
        ours.write(outs[0], start, picture, tl0)
        theirs.write(outs[1], start, picture, tl0)
        assert outs[0] == outs[1]


def _packet(descriptor: bytes, payload: bytes) -> bytes:
    """An RTP packet with a dependency descriptor in extension 5, in two-byte form."""
    element = bytes((5, len(descriptor))) + descriptor
    element += bytes(-len(element) % 4)
    front = bytes.fromhex("90 60 0001 00000bb8 00000007 1000")
    return front + (len(element) // 4).to_bytes(2) + element + payload


@settings(max_examples=400, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(mutated_bytes(DEPENDENCIES), st.integers(0, 20)), min_size=1, max_size=5),
    st.integers(0, 5),
    st.sampled_from(VP9) | st.binary(min_size=1, max_size=20),
    st.integers(0, 0xFFFF),
    st.integers(0, 0x7FFF),
)
def test_frames(descriptors: list[tuple[bytes, int]], kind: int, payload: bytes, picture: int, told: int) -> None:
    """Packets that carry a dependency descriptor, read and written again, one after the other."""
    said: list[list[object]] = []
    for structure, read, head in (
        (dependency.Structure(), frame.Frame(), header.Header),
        (plain_dependency.Structure(), plain_frame.Frame(), plain_header.Header),
    ):
        heard: list[object] = []
        said.append(heard)
        for descriptor, number in descriptors:
            data = _packet(descriptor[:255], payload)
            made = head()
            assert made.parse(data, len(data))
            taken = read.read(kind, made, data, 5, structure, number, made.payload_start, made.payload_end)
            heard.append((
                taken, read.scheme, read.readable, read.keyframe, read.marker, read.ends, read.picture, read.mask,
                read.tl0, read.spatial, read.temporal, read.stacked, list(read.heights), structure.count,
                structure.number, structure.active, structure.active_number, structure.targets,
            ))  # fmt: skip
            if taken and read.readable and read.scheme == frame.SCHEMES["targets"]:
                asked = read.dependency
                heard.append((
                    [asked.target(layer >> 3, layer & 7) for layer in range(32)],
                    asked.limit(told >> 12, told >> 9 & 7), list(asked.references[: asked.reference_count]),
                    asked.has_structure, asked.starts_frame,
                ))  # fmt: skip
            if taken and read.readable:
                out = bytearray(1600)
                read.prepare(made, data, picture, told)
                size = made.write(data, out, 1500, b"\1" * 256, 100, True, 7, 9, 11, 0, 0)
                changed = bytearray(payload)
                read.write(changed, 0, picture, told)
                heard.append((bytes(out[:size]), made.swapped(), bytes(changed)))
    assert said[0] == said[1]


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.integers(0, 5), st.binary(max_size=20), st.integers(0, 3))
def test_key_frames(kind: int, data: bytes, start: int) -> None:
    assert keyframe.begins_keyframe(kind, data, start, len(data)) == plain_keyframe.begins_keyframe(
        kind, data, start, len(data)
    )


@settings(max_examples=400, derandomize=True, deadline=None)
@given(mutated_bytes(FEEDBACK))
def test_feedback(data: bytes) -> None:
    told: list[list[tuple[int, int]]] = []
    for reader in (feedback.FeedbackReader(), plain_feedback.FeedbackReader()):
        found = [(int(reader.open(data, 0, len(data))), reader.base)]
        while found[0][0] and len(found) < 9000:
            status = reader.next(data)
            found.append((status, reader.ticks))
            if status < 0:
                break
        told.append(found)
    assert told[0] == told[1]


packets = st.tuples(
    st.integers(0, 3),  # encoding
    st.integers(-3, 6),  # steps in its numbers
    st.booleans(),  # a key frame
    st.integers(-1, 3),  # steps in its picture ids
    st.integers(0, 3),  # temporal layer
    st.sampled_from([None, -1, 0, 2, 1 << 6 | 1, 2 << 6 | 3]),  # a new target
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(packets, max_size=120), st.booleans(), st.booleans())
def test_projections(stream: list[tuple[int, int, bool, int, int, int | None]], long_id: bool, pictures: bool) -> None:
    both = projection.Projection(65_500, 2**32 - 5, 32_760), plain_projection.Projection(65_500, 2**32 - 5, 32_760)
    for each in both:
        each.set_target(2)
    number, picture, at = [65_530] * 4, [32_760] * 4, 1.0
    for encoding, step, key, ahead, temporal, target in stream:
        at += 0.01 * (step + 3)
        number[encoding] += step
        picture[encoding] = (picture[encoding] + ahead) & (0x7FFF if long_id else 0x7F)
        outcome: list[object] = []
        for each in both:
            if target is not None:
                each.set_target(target)
            shown = frame.Frame()
            shown.scheme, shown.keyframe, shown.temporal = frame.SCHEMES["pictures"], key, temporal
            shown.mask = 0x7FFF if long_id else 0x7F
            shown.picture = picture[encoding] if pictures else -1
            shown.tl0 = picture[encoding] & 0xFF if pictures else -1
            taken = each.accept(shown, encoding, number[encoding], number[encoding] * 90 & 0xFFFFFFFF, at)
            outcome.append(
                (taken, each.out_sequence, each.out_timestamp, each.out_picture, each.out_tl0, each.wants_keyframe,
                 each.encoding, each.current_timestamp(5))
            )  # fmt: skip
        assert outcome[0] == outcome[1]


layered = st.tuples(
    st.integers(0, 1),  # encoding
    st.integers(-2, 4),  # steps in its numbers
    st.integers(0, 2),  # steps in its picture ids
    st.integers(0, 255),  # the descriptor's first byte
    st.integers(0, 255),  # temporal and spatial layer, and what they depend on
    st.sampled_from([None, None, None, -1, 0, 2, 1 << 3, 1 << 3 | 2, 2 << 3 | 1, 1 << 6 | 9]),  # a new target
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(layered, max_size=120), st.booleans())
def test_projections_of_layers(stream: list[tuple[int, int, int, int, int, int | None]], described: bool) -> None:
    """Of VP9's spatial layers, and of frames by dependency descriptors, over the end of all their numbers."""
    both = projection.Projection(65_500, 2**32 - 5, 32_760), plain_projection.Projection(65_500, 2**32 - 5, 32_760)
    structures = [[module.Structure() for _ in range(2)] for module in (dependency, plain_dependency)]
    shown = frame.Frame(), plain_frame.Frame()
    for each in both:
        each.set_target(18)
    number, picture, at = [65_530] * 2, [0x7FF8] * 2, 1.0
    for encoding, step, ahead, first, layer, target in stream:
        at += 0.01 * (step + 3)
        number[encoding] += step
        picture[encoding] += ahead * (0x40 if described and picture[encoding] < 0xFF00 else 1)
        if described:
            told = DEPENDENCIES[layer % len(DEPENDENCIES)]
            told = told[:1] + (picture[encoding] & 0xFFFF).to_bytes(2) + told[3:]
            data = _packet(told, b"payload")
        else:
            descriptor = bytes((0x80 | first & 0x6D, 0x80 | picture[encoding] >> 8 & 0x7F, picture[encoding] & 0xFF))
            data = _packet(b"", descriptor + bytes((layer, 7)) + b"payload")
        made = header.Header()
        assert made.parse(data, len(data))
        outcome: list[object] = []
        for index, each in enumerate(both):
            if target is not None:
                each.set_target(target)
            read = shown[index].read(
                keyframe.KINDS["vp9"] if not described else 0, made, data, 5, structures[index][encoding],
                number[encoding], made.payload_start, made.payload_end,
            )  # fmt: skip
            taken = read and each.accept(shown[index], encoding, number[encoding], 90 * number[encoding], at)
            outcome.append(
                (taken, each.out_sequence, each.out_timestamp, each.out_picture, each.out_tl0, each.out_marker,
                 each.wants_keyframe, each.encoding, each.spatial, each.temporal, each.stuck)
            )  # fmt: skip
        assert outcome[0] == outcome[1]


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        (plain_keyframe.H264, "67", True),
        (plain_keyframe.H264, "65", True),
        (plain_keyframe.H264, "61", False),
        (plain_keyframe.H264, "7c85", True),  # FU-A, start of an IDR slice
        (plain_keyframe.H264, "7c05", False),  # FU-A, its middle
        (plain_keyframe.H264, "78000467", True),  # STAP-A with a parameter set first
        (plain_keyframe.H264, "78000209f000036764000002680000", True),  # behind a delimiter
        (plain_keyframe.H264, "78000209f00002064100024101", False),  # a delimiter, remarks, a slice
        (plain_keyframe.H264, "78" + "0000" * 30, False),
        (plain_keyframe.H264, "780009", False),
        (plain_keyframe.VP9, "8c8001", True),  # picture id, beginning, not predicted
        (plain_keyframe.VP9, "cc8001", False),  # predicted
        (plain_keyframe.VP9, "a8 05 02", False),  # spatial layer 1
        (plain_keyframe.AV1, "18", True),  # a coded video sequence begins
        (plain_keyframe.AV1, "10", False),
        (plain_keyframe.VP8, "10", False),  # its descriptor tells
        (plain_keyframe.ANY, "00", True),
    ],
)
def test_where_key_frames_begin(kind: int, payload: str, expected: bool) -> None:
    data = bytes.fromhex(payload)
    assert keyframe.begins_keyframe(kind, data, 0, len(data)) is expected


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.2), st.floats(-0.05, 0.5), st.integers(0, 3)), max_size=120))
def test_deliveries(packets: list[tuple[bool, float, float, int]]) -> None:
    ours, theirs = delivery.Delivery(), plain_delivery.Delivery()
    for each in (ours, theirs):
        now = 50.0
        for number, (lost, pause, late, probe) in enumerate(packets, 1):
            now += pause
            each.sent(200 + number, probe, now)
            if lost:
                each.missing(number)
            else:
                each.arrived(number, now + late)
            each.arrived(number * 7919 & 0xFFFF, now)  # mostly never sent
    assert numbers_of(ours, 55.0) == numbers_of(theirs, 55.0)
    assert (ours.threshold, ours.trend, ours.groups) == (theirs.threshold, theirs.trend, theirs.groups)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.floats(0, 0.1)), max_size=60))
def test_pacers(steps: list[tuple[bool, int, float]]) -> None:
    ours, theirs = pacer.Pacer(), plain_pacer.Pacer()
    said: list[list[tuple[int, float]]] = [[], []]
    for each, heard in zip((ours, theirs), said, strict=True):
        now = 50.0
        for what, number, pause in steps:
            now += pause
            if what:
                each.probe(number + 1, 100_000.0 * (number + 1), number, 900 * number)
            for _ in range(50):
                heard.append((each.next(now), each.due()))
                if heard[-1][0] < 0:
                    break
                each.sent(0 if number == 5 else 700)
    assert said[0] == said[1]


@pytest.mark.parametrize("module", [voice, interpreted(voice)], ids=["compiled", "interpreted"])
def test_sound_that_comes_far_behind_is_known_the_second_time(module: ModuleType) -> None:
    gaps = module.Gaps()
    for number in (100, 200):
        assert gaps.arrive(number)
    for behind in range(1, 62):
        assert gaps.missing(200 - behind)
        assert gaps.arrive(200 - behind)
        assert not gaps.arrive(200 - behind)
        assert not gaps.missing(200 - behind)
    assert not gaps.arrive(200 - 62)
    assert gaps.arrive(220)
    assert [gaps.missing(number) for number in (199, 200, 201, 219)] == [False, False, True, True]
