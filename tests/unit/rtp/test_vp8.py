"""The VP8 payload descriptor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.vp8 import describe
from tests.support.descriptors import rewritten

# X, S, PID 0 | I, L, T | 15-bit picture id 0x1234 | TL0PICIDX 7 | TID 1, Y | key frame header of 640x360
KEYFRAME = bytes.fromhex("90 e0 9234 07 60 10 0000 9d012a 8002 6801") + b"data"


def test_a_key_frame_tells_its_numbers_and_height() -> None:
    read = describe(KEYFRAME)
    assert (read.starts_frame, read.keyframe, read.picture_id, read.tl0, read.temporal) == (True, True, 0x1234, 7, 1)
    assert (read.height, read.size) == (360, 6)


def test_rewriting_changes_the_two_numbers_and_nothing_else() -> None:
    changed = rewritten(KEYFRAME, 0x7FFF, 0x1FF)
    assert changed == KEYFRAME[:2] + b"\xff\xff" + b"\xff" + KEYFRAME[5:]


def test_a_descriptor_without_numbers_stays_as_it_is() -> None:
    read = describe(b"\x10\x01rest")
    assert (read.picture_id, read.tl0, read.keyframe) == (-1, -1, False)
    assert rewritten(b"\x10\x01rest", 5, 5) == b"\x10\x01rest"


@pytest.mark.parametrize("length", range(6))
def test_a_cut_descriptor_says_where_it_ends(length: int) -> None:
    with pytest.raises(RtpError, match="VP8"):
        describe(KEYFRAME[:length])


@given(st.integers(0, 0x7FFF), st.integers(0, 255), st.integers(0, 3))
def test_what_is_rewritten_reads_back(picture: int, tl0: int, temporal: int) -> None:
    payload = bytes((0x90, 0xE0, 0x80, 0, 0, temporal << 6)) + b"\x01frame"
    read = describe(rewritten(payload, picture, tl0))
    assert (read.picture_id, read.tl0, read.temporal) == (picture, tl0, temporal)
