"""A moving picture and a tone for scripted participants."""

import asyncio
import fractions
import functools
import math
import queue
import struct
import time
from typing import Any

import av
from aiortc import AudioStreamTrack, RTCPeerConnection, VideoStreamTrack

RATE = 48000
SAMPLES = 960
TONE = struct.pack(f"<{RATE}h", *(int(12000 * math.sin(2 * math.pi * 440 * i / RATE)) for i in range(RATE)))


class Picture(VideoStreamTrack):
    """A bar that walks over the picture; ``rate`` is frames a second."""

    def __init__(self, width: int = 320, height: int = 192, rate: int = 15) -> None:
        super().__init__()
        self.width: int = width
        self.height: int = height
        self.rate: int = rate
        self.number: int = 0
        self.began: float = time.monotonic()

    async def recv(self) -> av.VideoFrame:
        self.number += 1
        await asyncio.sleep(max(0.0, self.began + self.number / self.rate - time.monotonic()))
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        left = self.number * 4 % (self.width - 32)
        luma, *chroma = frame.planes
        line = bytearray(b"\x20" * luma.line_size)
        line[left : left + 32] = b"\xd0" * 32
        luma.update(bytes(line) * luma.height)
        for plane in chroma:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts, frame.time_base = self.number * 90000 // self.rate, fractions.Fraction(1, 90000)
        return frame


class Tone(AudioStreamTrack):
    """A loud tone of 440 Hz in frames of 20 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.number: int = 0
        self.began: float = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        self.number += 1
        await asyncio.sleep(max(0.0, self.began + self.number * SAMPLES / RATE - time.monotonic()))
        frame = av.AudioFrame("s16", "mono", SAMPLES)
        start = self.number * SAMPLES % (RATE - SAMPLES) * 2
        frame.planes[0].update(TONE[start : start + SAMPLES * 2])
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.number * SAMPLES, fractions.Fraction(1, RATE)
        return frame


LONG = 60  # milliseconds in one Opus packet: a third of the packets


@functools.cache
def recorded() -> tuple[bytes, ...]:
    """The tone as Opus packets of 60 ms each, encoded once."""
    codec: Any = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
    codec.options = {"frame_duration": str(LONG), "application": "lowdelay"}
    packets: list[bytes] = []
    samples = RATE * LONG // 1000
    for number in range(RATE // samples):
        frame = av.AudioFrame("s16", "mono", samples)
        frame.planes[0].update(TONE[number * samples * 2 : (number + 1) * samples * 2])
        frame.sample_rate, frame.pts, frame.time_base = RATE, number * samples, fractions.Fraction(1, RATE)
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)


class RecordedTone(AudioStreamTrack):
    """The tone for emulated machines, where encoding and fifty packets a second are dear. It carries no level."""

    def __init__(self) -> None:
        super().__init__()
        self.number: int = 0
        self.began: float = time.monotonic()

    async def recv(self) -> Any:
        self.number += 1
        await asyncio.sleep(max(0.0, self.began + self.number * LONG / 1000 - time.monotonic()))
        packet = av.Packet(recorded()[self.number % len(recorded())])
        packet.pts, packet.time_base = self.number * LONG, fractions.Fraction(1, 1000)
        return packet


class _Unread(queue.Queue[Any]):
    """What nobody decodes, but for the word that ends the decoder."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is None:
            super().put(item, block, timeout)


def decode_nothing(pc: RTCPeerConnection) -> None:
    """Spare aiortc the decoding of what comes; to be called before it starts to receive."""
    for receiver in pc.getReceivers():
        receiver._RTCRtpReceiver__decoder_queue = _Unread()  # pyright: ignore[reportAttributeAccessIssue]
