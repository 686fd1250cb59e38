"""Fuzz: any payload and any dependency descriptor is read or refused; rewriting touches the numbers alone."""

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.rtp import dependency, vp9
from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.vp8 import describe
from tests.fuzz.mutations import mutated_bytes
from tests.support.descriptors import DEPENDENCIES, KEY_FRAME, VP9, rewritten
from tests.support.interpreted import interpreted


def _extended(first: int, tail: bytes) -> bytes:
    return bytes([0x80 | first]) + tail


@given(st.builds(_extended, st.integers(0, 127), st.binary(max_size=20)) | st.binary(max_size=20))
@settings(max_examples=600, derandomize=True, deadline=None)
def test_any_payload_is_described_or_refused(payload: bytes) -> None:
    try:
        found = describe(payload)
    except RtpError as error:
        assert str(error)
        return
    assert 0 < found.size <= len(payload)
    changed = rewritten(payload, 0x1234, 0x56)
    assert len(changed) == len(payload) and changed[found.size :] == payload[found.size :]
    again = describe(changed)
    assert (again.size, again.temporal, again.keyframe) == (found.size, found.temporal, found.keyframe)
    assert again.picture_id == (-1 if found.picture_id < 0 else 0x1234 if found.long_id else 0x34)
    assert again.tl0 == (-1 if found.tl0 < 0 else 0x56)


@given(st.binary(max_size=20) | mutated_bytes(VP9))
@settings(max_examples=600, derandomize=True, deadline=None)
def test_any_vp9_payload_is_described_or_refused(payload: bytes) -> None:
    try:
        found = vp9.describe(payload)
    except RtpError as error:
        assert str(error)
        return
    assert 0 < found.size <= len(payload)
    changed = bytearray(payload)
    found.write(changed, 0, 0x1234, 0x56)
    assert changed[found.size :] == payload[found.size :]
    again = vp9.describe(bytes(changed))
    assert (again.size, again.temporal, again.spatial, again.layers) == (
        found.size, found.temporal, found.spatial, found.layers,
    )  # fmt: skip
    assert again.picture_id == (-1 if found.picture_id < 0 else 0x1234 if found.long_id else 0x34)
    assert again.tl0 == (-1 if found.tl0 < 0 else 0x56)


@pytest.mark.parametrize("module", [dependency, interpreted(dependency)], ids=["compiled", "interpreted"])
@settings(max_examples=600, derandomize=True, deadline=None)
@given(descriptor=st.binary(max_size=20) | mutated_bytes(DEPENDENCIES), known=st.booleans(), mask=st.integers(0, 3))
def test_any_dependency_descriptor_is_read_or_refused(
    module: ModuleType, descriptor: bytes, known: bool, mask: int
) -> None:
    structure, late, read = module.Structure(), module.Structure(), module.Dependency()
    if known:
        assert read.read(KEY_FRAME, 0, len(KEY_FRAME), structure, late, 1)
    descriptor = descriptor[:255]
    if not read.read(descriptor, 0, len(descriptor), structure, late, 2):
        return
    assert len(descriptor) >= 3 and structure.count > 0
    assert 0 <= read.spatial < 4 and 0 <= read.temporal < 8
    assert len(descriptor) <= read.write(descriptor, 0, len(descriptor), 7, 3, mask, True) <= 255
