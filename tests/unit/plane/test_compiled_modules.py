"""The modules that are compiled from plain Python do the same compiled and interpreted, whatever they are given."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyjitsi
from pyjitsi.bridge.plane import delivery, feedback, header, keyframe, pacer, projection
from pyjitsi.bridge.plane.downlinks import numbers_of
from pyjitsi.rtp import vp8
from tests.fuzz.mutations import mutated_bytes
from tests.fuzz.test_fuzz_rtp import DESCRIPTORS, PACKETS

ROOT = Path(pyjitsi.__file__).parent


def interpreted(compiled: ModuleType) -> ModuleType:
    """The same module from its source."""
    path = ROOT.joinpath(*compiled.__name__.split(".")[1:]).with_suffix(".py")
    loader = importlib.machinery.SourceFileLoader(f"interpreted_{path.stem}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


plain_header, plain_vp8, plain_keyframe = interpreted(header), interpreted(vp8), interpreted(keyframe)
plain_feedback, plain_projection = interpreted(feedback), interpreted(projection)
plain_delivery, plain_pacer = interpreted(delivery), interpreted(pacer)
FEEDBACK = [
    bytes(8) + bytes.fromhex("0001 0008 000003 01 2008") + bytes(8),
    bytes(8) + bytes.fromhex("fffe 0009 fffff0 02 d555 c001") + bytes(9) + bytes((0x80, 0, 0x7F, 0xFF)),
]


def test_both_are_there() -> None:
    for module in (header, vp8, keyframe, feedback, projection, delivery, pacer):
        assert str(module.__file__).endswith(".so"), f"{module.__name__} is not compiled; run make plane"


@settings(max_examples=400, derandomize=True, deadline=None)
@given(mutated_bytes(PACKETS), st.binary(min_size=256, max_size=256), st.integers(0, 20), st.integers(0, 0xFFFF))
def test_headers(data: bytes, keep: bytes, number_id: int, number: int) -> None:
    ours, theirs = header.Header(), plain_header.Header()
    assert ours.parse(data, len(data)) == theirs.parse(data, len(data))
    if not ours.parse(data, len(data)):
        return
    assert [ours.find(data, identity) for identity in range(20)] == [theirs.find(data, i) for i in range(20)]
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
            taken = each.accept(
                encoding, number[encoding], number[encoding] * 90 & 0xFFFFFFFF, key,
                picture[encoding] if pictures else -1, picture[encoding] & 0xFF if pictures else -1, temporal, long_id,
                at,
            )  # fmt: skip
            outcome.append(
                (taken, each.out_sequence, each.out_timestamp, each.out_picture, each.out_tl0, each.wants_keyframe,
                 each.encoding, each.current_timestamp(5))
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
