"""The RTP header (RFC 3550 section 5.1) and its extensions (RFC 8285), read from and written to bytes."""

from pyjitsi.rtp.errors import RtpError

MINIMUM = 12
ONE_BYTE = 0xBEDE
TWO_BYTE = 0x1000
TWO_BYTE_MASK = 0xFFF0


def is_rtcp(data: bytes) -> bool:
    """Whether an RTP-like datagram is RTCP (RFC 5761 section 4): second byte 192 to 223."""
    return len(data) > 1 and 192 <= data[1] <= 223


class RtpPacket:
    """A parsed packet: header fields, where its parts lie in ``data``, and its extensions by id."""

    __slots__ = ("data", "extensions", "marker", "payload_end", "payload_start", "payload_type", "sequence", "ssrc",
                 "timestamp")  # fmt: skip

    def __init__(self, data: bytes) -> None:
        size = len(data)
        if size < MINIMUM:
            raise RtpError(f"an RTP packet of {size} bytes is shorter than its header")
        first = data[0]
        if first >> 6 != 2:
            raise RtpError(f"RTP version {first >> 6} is not 2")
        second = data[1]
        self.data: bytes = data
        self.marker: bool = second > 127
        self.payload_type: int = second & 0x7F
        self.sequence: int = data[2] << 8 | data[3]
        self.timestamp: int = int.from_bytes(data[4:8], "big")
        self.ssrc: int = int.from_bytes(data[8:12], "big")
        start = MINIMUM + (first & 15) * 4
        self.extensions: dict[int, bytes] = {}
        if first & 0x10:
            if size < start + 4:
                raise RtpError("the packet ends within its extension header")
            profile = data[start] << 8 | data[start + 1]
            end = start + 4 + (data[start + 2] << 8 | data[start + 3]) * 4
            if size < end:
                raise RtpError("the header extension is longer than the packet")
            self.extensions = parse_extensions(profile, data, start + 4, end)
            start = end
        if size < start:
            raise RtpError("the packet ends within its contributing sources")
        end = size
        if first & 0x20:
            padding = data[-1] if size > start else 0
            if padding == 0 or padding > size - start:
                raise RtpError(f"{padding} bytes of padding don't fit into {size - start}")
            end = size - padding
        self.payload_start: int = start
        self.payload_end: int = end

    @property
    def payload(self) -> bytes:
        """The payload without padding."""
        return self.data[self.payload_start : self.payload_end]


def parse_extensions(profile: int, data: bytes, position: int, end: int) -> dict[int, bytes]:
    """Extension elements by id; the first of an id wins, an element that runs out of the block ends it."""
    found: dict[int, bytes] = {}
    if profile == ONE_BYTE:
        while position < end:
            head = data[position]
            position += 1
            if head == 0:
                continue
            identity = head >> 4
            if identity == 15:
                break
            length = (head & 15) + 1
            if position + length > end:
                break
            found.setdefault(identity, data[position : position + length])
            position += length
    elif profile & TWO_BYTE_MASK == TWO_BYTE:
        while position + 1 < end:
            identity = data[position]
            if identity == 0:
                position += 1
                continue
            length = data[position + 1]
            position += 2
            if position + length > end:
                break
            found.setdefault(identity, data[position : position + length])
            position += length
    return found


def build_extensions(extensions: dict[int, bytes]) -> bytes:
    """The whole extension block with its header; empty where there is nothing. One-byte form where it fits."""
    if not extensions:
        return b""
    short = all(0 < identity < 15 and 0 < len(value) <= 16 for identity, value in extensions.items())
    body = bytearray()
    for identity, value in extensions.items():
        if short:
            body.append(identity << 4 | len(value) - 1)
        else:
            body += bytes((identity, len(value)))
        body += value
    body += bytes(-len(body) % 4)
    return (ONE_BYTE if short else TWO_BYTE).to_bytes(2, "big") + (len(body) // 4).to_bytes(2, "big") + body


def build(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, extensions: bytes, payload: bytes
) -> bytes:
    """A packet without contributing sources or padding; ``extensions`` is a block of ``build_extensions``."""
    return (
        bytes((0x90 if extensions else 0x80, payload_type | 0x80 if marker else payload_type))
        + (sequence << 48 | timestamp << 16).to_bytes(8, "big")[:6]
        + ssrc.to_bytes(4, "big")
        + extensions
        + payload
    )
