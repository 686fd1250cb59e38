"""RTP headers and extensions: golden bytes, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.rtp import packet
from pyjitsi.rtp.errors import RtpError


def test_a_packet_with_one_byte_extensions_is_read() -> None:
    data = bytes.fromhex("90ef 0005 00000006 0000000a bede 0002 10aa 51bbcc 000000 766f") + b"ice"
    read = packet.RtpPacket(data)
    assert (read.marker, read.payload_type, read.sequence, read.timestamp, read.ssrc) == (True, 111, 5, 6, 10)
    assert read.extensions == {1: b"\xaa", 5: b"\xbb\xcc"}
    assert read.payload == b"voice"


def test_two_byte_extensions_carry_what_does_not_fit_into_one() -> None:
    block = packet.build_extensions({11: b"d" * 20, 1: b""})
    assert block[:2] == b"\x10\x00"
    read = packet.RtpPacket(packet.build(41, False, 1, 2, 3, block, b"x"))
    assert read.extensions == {11: b"d" * 20, 1: b""}


def test_padding_is_no_payload() -> None:
    assert packet.RtpPacket(bytes.fromhex("a060 0001 00000002 00000003 abcd 000003")).payload == b"\xab\xcd"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes is shorter than its header"),
        (bytes(12), "version 0 is not 2"),
        (bytes.fromhex("9060000100000002000000 03"), "ends within its extension header"),
        (bytes.fromhex("90600001000000020000 0003 bede00ff"), "extension is longer than the packet"),
        (bytes.fromhex("8f60000100000002000000 03"), "within its contributing sources"),
        (bytes.fromhex("a06000010000000200000003 ff"), "255 bytes of padding"),
    ],
)
def test_what_is_no_packet_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(RtpError, match=reason):
        packet.RtpPacket(data)


@given(
    st.integers(0, 127), st.booleans(), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1),
    st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=5), st.binary(max_size=1200),
)  # fmt: skip
def test_what_is_built_reads_the_same(
    kind: int, marker: bool, sequence: int, timestamp: int, ssrc: int, extensions: dict[int, bytes], payload: bytes
) -> None:
    block = packet.build_extensions(extensions)
    read = packet.RtpPacket(packet.build(kind, marker, sequence, timestamp, ssrc, block, payload))
    assert (read.payload_type, read.marker, read.sequence, read.timestamp, read.ssrc) == (
        kind, marker, sequence, timestamp, ssrc,
    )  # fmt: skip
    assert read.extensions == extensions
    assert read.payload == payload
