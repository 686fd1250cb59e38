"""Fuzz: any VP8 payload has a descriptor or is refused; rewriting touches the two numbers alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.vp8 import describe
from tests.support.descriptors import rewritten


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
