"""What is done with an input, by name. A target returns where all is well; the sanitizers and assertions tell the rest.

Inputs of several steps are cut by ``Reader``, so that each byte of them means something.
"""

from collections.abc import Callable

from pyjitsi.bridge.plane.delivery import Delivery
from pyjitsi.bridge.plane.feedback import FeedbackReader
from pyjitsi.bridge.plane.frame import SCHEMES, Frame
from pyjitsi.bridge.plane.header import Header
from pyjitsi.bridge.plane.keyframe import KINDS, begins_keyframe
from pyjitsi.bridge.plane.pacer import Pacer
from pyjitsi.bridge.plane.projection import Projection
from pyjitsi.bridge.plane.red import Red
from pyjitsi.rtp.dependency import Dependency, Structure
from pyjitsi.rtp.vp8 import Vp8Descriptor
from pyjitsi.rtp.vp9 import Vp9Descriptor
from tests.fuzz.native import meeting, strangers
from tests.fuzz.native.reader import Reader
from tests.fuzz.native.sanitized import Tight

LONGEST = 1500
ROOM = 1536  # what the plane gives a header


def header(data: bytes) -> None:
    """A packet's header is read, searched, and written anew."""
    reader = Reader(data)
    number_id, swap_id, swap_length, stamp_id = reader.byte(), reader.byte(), reader.byte(), reader.byte()
    keep = bytes(identity & reader.byte() == 0 for identity in range(4)) * 64
    read, out = Header(), bytearray(ROOM)
    with Tight(reader.rest()[:LONGEST].ljust(2, b"\0"), 0) as packet:
        whole = packet.bytes
        if not read.parse(whole, len(whole)):
            return
        assert 12 <= read.payload_start <= read.payload_end <= len(whole)
        for identity in (number_id, swap_id, 1, 14, 15):
            found = read.find(whole, identity)
            assert not found or found + read.length <= read.payload_start
        if swap_id:
            read.set_swap(swap_id, bytes(255), swap_length)
        read.set_stamp(stamp_id, b"v0", 2)
        size = read.write(whole, out, ROOM, keep, 96, True, 1, 2, 3, number_id, 4)
    again = Header()
    assert not size or (again.parse(bytes(out[:size]), size) and again.payload_start == size)


def vp8(data: bytes) -> None:
    """A VP8 payload's descriptor is read and rewritten."""
    read = Vp8Descriptor()
    with Tight(data) as payload:
        if not read.parse(payload.bytes, payload.start, payload.end):
            return
    changed = bytearray(data)
    read.write(changed, 0, 0x1234, 0x56)
    assert 0 < read.size <= len(data) and changed[read.size :] == data[read.size :]


def vp9(data: bytes) -> None:
    """A VP9 payload's descriptor is read and rewritten."""
    read = Vp9Descriptor()
    with Tight(data) as payload:
        if not read.parse(payload.bytes, payload.start, payload.end):
            return
    changed = bytearray(data)
    read.write(changed, 0, 0x1234, 0x56)
    assert 0 < read.size <= len(data) and changed[read.size :] == data[read.size :]


def keyframe(data: bytes) -> None:
    """It is told where key frames begin."""
    with Tight(data) as payload:
        for kind in (0, *KINDS.values()):
            begins_keyframe(kind, payload.bytes, payload.start, payload.end)


def red(data: bytes) -> None:
    """Redundancy is read: its blocks and the primary one lie one after the other in the payload."""
    read = Red()
    with Tight(data) as payload:
        if not read.read(payload.bytes, payload.start, payload.end):
            return
        at = payload.start + 4 * read.count + 1
        for index in range(read.count):
            assert read.block_start[index] == at and 0 <= read.back(index) <= read.count
            at += read.block_length[index]
        assert read.primary_start == at < payload.end


def dependency(data: bytes) -> None:
    """Dependency descriptors of one stream are read, one after the other, and rewritten."""
    reader, structure, late, number = Reader(data), Structure(), Structure(), 0
    while reader.more():
        number += reader.byte() % 5 - 1
        mask, delta = reader.word(), reader.byte()
        read = Dependency()
        with Tight(reader.chunk(255)) as told:
            if not read.read(told.bytes, told.start, told.end - told.start, structure, late, number):
                continue
            read.target(delta & 7, delta >> 3 & 7)
            size = read.write(told.bytes, told.start, told.end - told.start, 7, delta, mask, True)
            assert told.end - told.start <= size <= 255
        structure.stacked()


def frame(data: bytes) -> None:
    """Packets of one stream are read by whatever codec, go through a projection, and are written."""
    reader, structure, number = Reader(data), Structure(), 1000
    read, head, projection = Frame(), Header(), Projection(65_000, 2**32 - 5, 32_000)
    at = 1.0
    while reader.more():
        kind, step, target = reader.byte() % 5, reader.byte(), reader.byte()
        number += step % 7 - 1
        at += step / 100
        encoding = target & 3
        if target & 0x80:
            projection.set_target(reader.byte() * 2 - 1)
        with Tight(reader.chunk(LONGEST).ljust(2, b"\0"), 0) as packet:
            whole = packet.bytes
            if not head.parse(whole, len(whole)):
                continue
            start, end = head.payload_start, head.payload_end
            if start == end:
                projection.skip(encoding, number)
            elif not read.read(kind, head, whole, 11, structure, number, start, end):
                continue
            elif projection.accept(read, encoding, number, head.timestamp, at):
                out = bytearray(ROOM + LONGEST)
                read.prepare(head, whole, projection.out_picture, projection.out_tl0)
                size = head.write(whole, out, ROOM, bytes(11) + b"\1" + bytes(244), 96, projection.out_marker,
                                  projection.out_sequence, projection.out_timestamp, 3, 5, 4)  # fmt: skip
                out[size : size + end - start] = whole[start:end]
                read.write(out, size, projection.out_picture, projection.out_tl0)
    assert read.scheme in (0, *SCHEMES.values())


def feedback(data: bytes) -> None:
    """Transport-wide feedback is read to its end, and taken in by what keeps book of a downlink."""
    reader, delivery, at = Reader(data), Delivery(), 100.0
    read = FeedbackReader()
    for number in range(reader.byte()):
        delivery.sent(1200, number >> 4 & 3, at)
        at += 0.001
    while reader.more():
        at += reader.byte() / 50
        with Tight(reader.chunk(LONGEST)) as told:
            if not read.open(told.bytes, told.start, told.end):
                continue
            number = read.base
            while (status := read.next(told.bytes)) >= 0:
                if status:
                    delivery.arrived(number, read.ticks * 250e-6)
                else:
                    delivery.missing(number)
                number = (number + 1) & 0xFFFF
        delivery.throughput()
        delivery.recent()
        assert delivery.bitrate(at) >= 0
        assert 6.0 <= delivery.threshold <= 600.0


def pacer(data: bytes) -> None:
    """Probes are asked for and sent."""
    reader, pacing, now = Reader(data), Pacer(), 1.0
    while reader.more():
        step = reader.byte()
        now += step / 1000
        if step & 1:
            pacing.probe(reader.byte() + 1, reader.word() / 7, reader.byte(), reader.word() >> 8)
        for _ in range(1000):
            if pacing.next(now) < 0:
                break
            pacing.sent(reader.byte() * 6)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "header": header,
    "vp8": vp8,
    "vp9": vp9,
    "keyframe": keyframe,
    "red": red,
    "dependency": dependency,
    "frame": frame,
    "feedback": feedback,
    "pacer": pacer,
    "rtp": meeting.rtp,
    "rtcp": meeting.rtcp,
    "receive": strangers.receive,
    "stun": strangers.stun_messages,
    "dtls": strangers.dtls_records,
    "channel": strangers.channel,
}
