"""Fuzz: any datagram is RTCP or an RtpError, part by part."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.rtp import rtcp, transport_cc
from pyjitsi.rtp.errors import RtpError

PARSERS: tuple[Callable[[rtcp.Part], object], ...] = (
    rtcp.sender_info, rtcp.report_blocks, rtcp.nacked, rtcp.keyframe_wanted, transport_cc.parse
)  # fmt: skip
KINDS = st.sampled_from([200, 201, 202, 203, 204, 205, 206, 207])


def _packet(kind: int, count: int, body: bytes, padded: bool) -> bytes:
    body += bytes(-len(body) % 4)
    return bytes([0x80 | padded << 5 | count, kind]) + (len(body) // 4).to_bytes(2, "big") + body


def _remb(tail: bytes) -> bytes:
    return _packet(206, 15, bytes(8) + b"REMB" + tail, False)


def _feedback(count: int, tail: bytes) -> bytes:
    return _packet(205, 15, bytes(10) + count.to_bytes(2, "big") + bytes(4) + tail, False)


parts = st.builds(_packet, KINDS, st.integers(0, 31), st.binary(max_size=64), st.booleans())
remb = st.builds(_remb, st.binary(max_size=24))
feedback = st.builds(_feedback, st.integers(0, 0xFFFF), st.binary(max_size=40))
datagrams = st.builds(b"".join, st.lists(parts | remb | feedback, max_size=4)) | st.binary(max_size=64)


@pytest.mark.parametrize("parse", PARSERS)
@given(data=datagrams)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_any_datagram_is_read_or_refused(parse: Callable[[rtcp.Part], object], data: bytes) -> None:
    try:
        for part in rtcp.split(data):
            parse(part)
    except RtpError as error:
        assert str(error)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=40, unique=True))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_what_is_missing_is_asked_for_and_nothing_else(media: int, numbers: list[int]) -> None:
    (part,) = rtcp.split(rtcp.build_nack(1, media, numbers))
    assert rtcp.nacked(part)[0] == media
    assert set(rtcp.nacked(part)[1]) == set(numbers)
