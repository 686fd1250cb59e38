"""RTCP and transport-cc: golden bytes, round trips, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.rtp import rtcp, transport_cc
from pyjitsi.rtp.errors import RtpError


def parts(data: bytes) -> list[rtcp.Part]:
    return list(rtcp.split(data))


def test_a_pli_and_a_nack_have_their_golden_bytes() -> None:
    assert rtcp.build_pli(0x01020304, 0x0A0B0C0D).hex() == "81ce0002010203040a0b0c0d"
    assert rtcp.build_nack(1, 2, [7, 8, 24]).hex() == "81cd0004" + "00000001" + "00000002" + "00070001" + "00180000"


def test_a_compound_is_taken_apart() -> None:
    info = rtcp.SenderInfo(5, 0x0102030405060708, 90, 3, 400)
    block = rtcp.ReportBlock(9, 12, -3, 70000, 4, 5, 6)
    sr, rr, pli = parts(rtcp.build_sr(info) + rtcp.build_rr(5, [block]) + rtcp.build_pli(5, 9))
    assert rtcp.sender_info(sr) == info
    assert rtcp.report_blocks(rr) == [block]
    assert rtcp.keyframe_wanted(pli) == [9]


def test_an_fir_names_each_source() -> None:
    body = (1).to_bytes(4, "big") + bytes(4) + (7).to_bytes(4, "big") + bytes(4) + (8).to_bytes(4, "big") + bytes(4)
    assert rtcp.keyframe_wanted(rtcp.Part(rtcp.PSFB, rtcp.FIR_FORMAT, body)) == [7, 8]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x80", "shorter than its header"),
        (bytes.fromhex("00c90001 00000001"), "version 0 is not 2"),
        (bytes.fromhex("80c900ff"), "longer than its datagram"),
        (bytes.fromhex("a0c90001 000000ff"), "padding does not fit"),
    ],
)
def test_what_is_no_rtcp_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(RtpError, match=reason):
        parts(data)


def test_a_nack_for_the_whole_circle_is_refused() -> None:
    body = bytes(8) + b"".join(number.to_bytes(2, "big") + b"\xff\xff" for number in range(0, 65536, 17))
    with pytest.raises(RtpError, match="more than 1000"):
        rtcp.nacked(rtcp.Part(rtcp.RTPFB, rtcp.NACK_FORMAT, body))


@given(st.lists(st.integers(65536, 66536), min_size=1, max_size=60, unique=True))
def test_what_a_nack_asks_for_is_what_was_missing(numbers: list[int]) -> None:
    numbers.sort()
    (part,) = parts(rtcp.build_nack(1, 2, numbers))
    assert rtcp.nacked(part) == (2, [number & 0xFFFF for number in numbers])


@given(
    st.integers(0, 65535), st.floats(0, 5000),
    st.lists(st.one_of(st.none(), st.floats(-0.5, 2.0)), max_size=80),
)  # fmt: skip
def test_transport_cc_feedback_tells_arrivals_to_a_quarter_millisecond(
    base: int, first: float, steps: list[float | None]
) -> None:
    arrivals: list[float | None] = [first, *(None if step is None else first + abs(step) for step in steps)]
    message, taken = transport_cc.build(1, 2, base, arrivals, 3)
    (part,) = parts(message)
    read = transport_cc.parse(part)
    assert read.base == base
    assert len(read.arrivals) == taken <= len(arrivals)
    for told, true in zip(read.arrivals, arrivals, strict=False):
        assert (told is None) == (true is None)
        if told is not None and true is not None:
            assert abs(told - true) <= 0.000130


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (bytes(10), "too short"),
        (bytes(8) + b"\x00\x01\xff\xff" + bytes(4), "is absurd"),
        (bytes(8) + b"\x00\x01\x00\x05" + bytes(4), "within its chunks"),
        (bytes(8) + b"\x00\x01\x00\x05" + bytes(4) + b"\x20\x05", "within its deltas"),
        (bytes(8) + b"\x00\x01\x00\x05" + bytes(4) + b"\x20\x00", "a run of nothing"),
    ],
)
def test_absurd_transport_cc_feedback_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(RtpError, match=reason):
        transport_cc.parse(rtcp.Part(rtcp.RTPFB, rtcp.TRANSPORT_CC_FORMAT, body))
