"""transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01)."""

import struct
from dataclasses import dataclass

from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.rtcp import RTPFB, TRANSPORT_CC_FORMAT, Part

TICK = 250e-6  # seconds a delta counts
REFERENCE = 64e-3  # seconds the reference time counts
MAX_STATUSES = 8192  # of one message; far over what arrives within 100 ms


@dataclass(frozen=True, slots=True)
class Feedback:
    """``arrivals``: for each 16-bit number from ``base`` on, seconds on the peer's clock, or None for lost."""

    base: int
    arrivals: tuple[float | None, ...]


def parse(part: Part) -> Feedback:
    """Read a feedback message. Raises RtpError for one that is cut or absurd."""
    body = part.body
    if len(body) < 16:
        raise RtpError("transport-cc feedback is too short")
    base, count = struct.unpack_from("!HH", body, 8)
    if count > MAX_STATUSES:
        raise RtpError(f"transport-cc feedback on {count} packets is absurd")
    reference = int.from_bytes(body[12:15], "big", signed=True) * REFERENCE
    symbols: list[int] = []
    position = 16
    while len(symbols) < count:
        if position + 2 > len(body):
            raise RtpError("transport-cc feedback ends within its chunks")
        chunk = body[position] << 8 | body[position + 1]
        position += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13 & 3] * min(chunk & 0x1FFF, count - len(symbols))
            if chunk & 0x1FFF == 0:
                raise RtpError("transport-cc feedback has a run of nothing")
        elif chunk & 0x4000:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    arrivals: list[float | None] = []
    time = reference
    for symbol in symbols[:count]:
        if symbol == 0:
            arrivals.append(None)
            continue
        width = 1 if symbol == 1 else 2
        if symbol == 3 or position + width > len(body):
            raise RtpError("transport-cc feedback ends within its deltas")
        time += int.from_bytes(body[position : position + width], "big", signed=width == 2) * TICK
        position += width
        arrivals.append(time)
    return Feedback(base, tuple(arrivals))


def build(sender: int, media: int, base: int, arrivals: list[float | None], number: int) -> tuple[bytes, int]:
    """A message for as many of ``arrivals`` as its deltas can say; returns it and how many it took.

    ``arrivals[0]`` must not be None. ``number`` is the feedback count, modulo 256.
    """
    first = arrivals[0]
    assert first is not None
    reference = int(first // REFERENCE)
    ticks = round(reference * REFERENCE / TICK)
    symbols: list[int] = []
    deltas = bytearray()
    for arrival in arrivals[:MAX_STATUSES]:
        if arrival is None:
            symbols.append(0)
            continue
        at = round(arrival / TICK)
        delta = at - ticks
        if 0 <= delta <= 255:
            symbols.append(1)
            deltas.append(delta)
        elif -32768 <= delta <= 32767:
            symbols.append(2)
            deltas += delta.to_bytes(2, "big", signed=True)
        else:
            break
        ticks = at
    while symbols[-1] == 0:
        symbols.pop()
    chunks = bytearray()
    position = 0
    while position < len(symbols):
        run = position
        while run < len(symbols) and symbols[run] == symbols[position] and run - position < 0x1FFF:
            run += 1
        if run - position >= 7:
            chunks += (symbols[position] << 13 | run - position).to_bytes(2, "big")
            position = run
        else:
            seven = symbols[position : position + 7]
            chunk = 0xC000
            for index, symbol in enumerate(seven):
                chunk |= symbol << 12 - 2 * index
            chunks += chunk.to_bytes(2, "big")
            position += 7
    body = struct.pack("!IIHH", sender, media, base & 0xFFFF, len(symbols))
    body += (reference & 0xFFFFFF).to_bytes(3, "big") + bytes((number & 0xFF,)) + chunks + deltas
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x80 | TRANSPORT_CC_FORMAT, RTPFB, len(body) // 4) + body, len(symbols)
