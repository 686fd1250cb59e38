"""RTCP (RFC 3550 section 6, RFC 4585, RFC 5104): compounds are split, and each part is read or written alone."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyjitsi.rtp.errors import RtpError

SR, RR, SDES, BYE, APP, RTPFB, PSFB, XR = 200, 201, 202, 203, 204, 205, 206, 207
NACK_FORMAT = 1
TRANSPORT_CC_FORMAT = 15
PLI_FORMAT = 1
FIR_FORMAT = 4
APPLICATION_FORMAT = 15
MAX_NACKED = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One packet of a compound: ``count`` is the five-bit field (reports or format), ``body`` follows the header."""

    type: int
    count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """RFC 3550 section 6.4.1; ``fraction`` is in 1/256, ``last_sr`` and ``delay`` in 1/65536 s."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """A sender report's own part; ``ntp`` is the 64-bit time stamp."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int


def split(data: bytes) -> Iterator[Part]:
    """The parts of a compound, in order. Raises RtpError at the first that is malformed."""
    position = 0
    while position < len(data):
        if len(data) - position < 4:
            raise RtpError("an RTCP packet is shorter than its header")
        first = data[position]
        if first >> 6 != 2:
            raise RtpError(f"RTCP version {first >> 6} is not 2")
        end = position + 4 + (data[position + 2] << 8 | data[position + 3]) * 4
        if end > len(data):
            raise RtpError("an RTCP packet is longer than its datagram")
        body_end = end
        if first & 0x20:
            padding = data[end - 1] if end > position + 4 else 0
            if padding == 0 or padding > end - position - 4:
                raise RtpError("RTCP padding does not fit")
            body_end = end - padding
        yield Part(data[position + 1], first & 31, data[position + 4 : body_end])
        position = end


def _part(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_info(part: Part) -> SenderInfo:
    """What an SR says of its sender."""
    if len(part.body) < 24:
        raise RtpError("a sender report is too short")
    return SenderInfo(*struct.unpack_from("!IQIII", part.body))


def report_blocks(part: Part) -> list[ReportBlock]:
    """The report blocks of an SR or RR."""
    start = 24 if part.type == SR else 4
    if len(part.body) < start + part.count * 24:
        raise RtpError(f"{part.count} report blocks don't fit into {len(part.body)} bytes")
    blocks: list[ReportBlock] = []
    for index in range(part.count):
        ssrc, loss, highest, jitter, last_sr, delay = struct.unpack_from("!IIIIII", part.body, start + index * 24)
        lost = loss & 0xFFFFFF
        blocks.append(
            ReportBlock(
                ssrc, loss >> 24, lost - 0x1000000 if lost > 0x7FFFFF else lost, highest, jitter, last_sr, delay
            )
        )
    return blocks


def build_sr(info: SenderInfo) -> bytes:
    """A sender report without report blocks."""
    return _part(
        SR, 0, struct.pack("!IQIII", info.ssrc, info.ntp, info.rtp, info.packets & 0xFFFFFFFF, info.octets & 0xFFFFFFFF)
    )


def build_rr(ssrc: int, blocks: Iterable[ReportBlock]) -> bytes:
    """Receiver reports, 31 blocks each."""
    pending, out = list(blocks), b""
    while pending:
        now, pending = pending[:31], pending[31:]
        body = struct.pack("!I", ssrc)
        for block in now:
            lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
            body += struct.pack(
                "!IIIIII",
                block.ssrc, block.fraction << 24 | lost, block.highest & 0xFFFFFFFF, block.jitter & 0xFFFFFFFF,
                block.last_sr, block.delay & 0xFFFFFFFF,
            )  # fmt: skip
        out += _part(RR, len(now), body)
    return out


def nacked(part: Part) -> tuple[int, list[int]]:
    """Media SSRC and the 16-bit sequence numbers that a generic NACK asks for (RFC 4585 section 6.2.1)."""
    if len(part.body) < 8:
        raise RtpError("a NACK is too short")
    media = int.from_bytes(part.body[4:8], "big")
    numbers: list[int] = []
    for position in range(8, len(part.body) - 3, 4):
        first, mask = struct.unpack_from("!HH", part.body, position)
        numbers.append(first)
        numbers += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
        if len(numbers) > MAX_NACKED:
            raise RtpError(f"a NACK for more than {MAX_NACKED} packets")
    return media, numbers


def build_nack(sender: int, media: int, numbers: Iterable[int]) -> bytes:
    """A generic NACK for extended or 16-bit numbers in rising order."""
    body = struct.pack("!II", sender, media)
    first, mask = -1, 0
    for number in numbers:
        if first >= 0 and 0 < number - first <= 16:
            mask |= 1 << (number - first - 1)
            continue
        if first >= 0:
            body += struct.pack("!HH", first & 0xFFFF, mask)
        first, mask = number, 0
    return _part(RTPFB, NACK_FORMAT, body + struct.pack("!HH", first & 0xFFFF, mask))


def build_pli(sender: int, media: int) -> bytes:
    """A picture loss indication (RFC 4585 section 6.3.1)."""
    return _part(PSFB, PLI_FORMAT, struct.pack("!II", sender, media))


def keyframe_wanted(part: Part) -> list[int]:
    """The SSRCs of which a PLI or FIR asks a key frame; empty for other feedback."""
    if part.type != PSFB or len(part.body) < 8:
        return []
    if part.count == PLI_FORMAT:
        return [int.from_bytes(part.body[4:8], "big")]
    if part.count == FIR_FORMAT:
        return [int.from_bytes(part.body[at : at + 4], "big") for at in range(8, len(part.body) - 7, 8)]
    return []


def remb(part: Part) -> float | None:
    """The bit rate of a receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03); None of anything else."""
    body = part.body
    if part.type != PSFB or part.count != APPLICATION_FORMAT or len(body) < 16 or body[8:12] != b"REMB":
        return None
    return float((body[13] & 3) << 16 | body[14] << 8 | body[15]) * 2.0 ** (body[13] >> 2)
