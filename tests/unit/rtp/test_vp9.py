"""The VP9 payload descriptor."""

import pytest

from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.vp9 import Vp9Descriptor, describe
from tests.support.descriptors import VP9_FLEXIBLE, VP9_KEY, VP9_UPPER


def test_a_key_picture_tells_its_numbers_and_layers() -> None:
    read = describe(VP9_KEY)
    assert (read.picture_id, read.long_id, read.tl0, read.spatial, read.temporal) == (0x1234, True, 7, 0, 0)
    assert (read.starts_frame, read.ends_frame, read.key_picture(), read.size) == (True, False, True, 17)
    assert (read.layers, list(read.heights[:2])) == (2, [180, 360])


def test_an_upper_layer_tells_what_it_depends_on() -> None:
    read = describe(VP9_UPPER)
    assert (read.picture_id, read.tl0, read.spatial, read.temporal, read.size) == (0x1235, 8, 1, 2, 5)
    assert (read.switching_up, read.dependent, read.unreferenced, read.predicted) == (True, True, True, True)
    assert (read.starts_frame, read.ends_frame, read.key_picture(), read.layers) == (False, True, False, 0)


def test_flexible_mode_lists_references_and_has_no_tl0() -> None:
    read = describe(VP9_FLEXIBLE)
    assert (read.picture_id, read.long_id, read.tl0, read.size) == (5, False, -1, 5)


def test_at_most_three_references() -> None:
    with pytest.raises(RtpError, match="VP9"):
        describe(bytes.fromhex("f8 05 00 03 05 07 09 0a") + b"data")


def _written(payload: bytes, picture: int, tl0: int) -> bytes:
    changed, read = bytearray(payload), Vp9Descriptor()
    assert read.parse(payload, 0, len(payload))
    read.write(changed, 0, picture, tl0)
    return bytes(changed)


def test_rewriting_changes_the_numbers_that_are_there_and_nothing_else() -> None:
    assert _written(VP9_KEY, 0x7FFF, 0x1FF) == b"\xaa\xff\xff\x00\xff" + VP9_KEY[5:]
    assert _written(VP9_FLEXIBLE, 0x1FF, 9) == b"\xf8\x7f" + VP9_FLEXIBLE[2:]
    assert _written(b"\x08data", 5, 5) == b"\x08data"


@pytest.mark.parametrize("length", range(17))
def test_a_cut_descriptor_is_refused(length: int) -> None:
    with pytest.raises(RtpError, match="VP9"):
        describe(VP9_KEY[:length])
