"""From an accepted packet to a receiver's datagram: extensions, transport-wide number, cache, SRTP."""

from typing import NamedTuple

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.plane.cache import CAPACITY, PacketCache
from pyjitsi.bridge.plane.endpoint import Endpoint, Route, Sent
from pyjitsi.bridge.plane.header import Header

Transmits = list[tuple[bytes, Address]]
ROOM = 1600  # bytes that a header may take at most
BLANK = bytes(254) + b"\xff"  # a payload of nothing but padding (RFC 3550 section 5.1)
REPEATED = 32  # packets of late that probes repeat in turn


class Sending(NamedTuple):
    """A packet on its way out: what came (in the clear), and what it becomes."""

    data: bytes
    header: Header
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes
    marker: bool
    dependency: bytes | None = None  # the descriptor's new value; b"" leaves it out, None leaves it as it came


def send_media(route: Route, packet: Sending, now: float, out: Transmits) -> None:
    """Send one packet of a route; video is kept for retransmission."""
    spec = route.source.spec
    if spec.media == "video":
        if route.cache is None:
            route.cache = PacketCache()
        route.cache.put(packet, now)
    if _send(route.receiver, packet, route.ssrc, now, spec.media == "video", out, mid=route.mid):
        assert isinstance(route.sent, Sent)
        route.sent.packets += 1
        route.sent.octets += len(packet.payload)


def resend(route: Route, sequence: int, now: float, out: Transmits) -> bool:
    """Answer a NACK by RTX (RFC 4588); False where the packet is gone, too fresh, or no RTX was negotiated."""
    rtt = route.receiver.rtt
    return _repeat(route, sequence, min(0.9 * rtt, rtt - 0.005), 0, now, out) > 0


def gone(route: Route, sequence: int) -> bool:
    """Whether a packet was sent that can't be sent again: its receiver needs a key frame."""
    projection = route.projection
    return projection is not None and CAPACITY <= (projection.last_sequence - sequence) & 0xFFFF < 0x8000


def _repeat(route: Route, sequence: int, spacing: float, probe: int, now: float, out: Transmits) -> int:
    """Send a packet again as RTX, of a probe perhaps; returns its size, 0 where it can't be."""
    receiver = route.receiver
    if route.cache is None or route.rtx_ssrc is None:
        return 0
    kept = route.cache.again(sequence, now, spacing)
    if kept is None:
        return 0
    rtx = receiver.rtx_of.get(kept.payload_type)
    if rtx is None:
        return 0
    number, route.rtx_sequence = route.rtx_sequence, (route.rtx_sequence + 1) & 0xFFFF
    again = kept._replace(payload_type=rtx, sequence=number, payload=sequence.to_bytes(2, "big") + kept.payload)
    size = _send(receiver, again, route.rtx_ssrc, now, True, out, probe, mid=route.mid)
    receiver.counters.rtx_sent += size > 0
    return size


def pace(receiver: Endpoint, blank_ssrc: int, now: float, out: Transmits) -> None:
    """Send what probes are due: again what was sent of late, or else nothing but padding."""
    probe = receiver.pacer.next(now)
    while probe >= 0:
        receiver.pacer.sent(_pad(receiver, blank_ssrc, probe, now, out))
        probe = receiver.pacer.next(now)


def _pad(receiver: Endpoint, blank_ssrc: int, probe: int, now: float, out: Transmits) -> int:
    route = _liveliest(receiver)
    if route is not None and route.projection is not None:
        newest = route.projection.last_sequence
        for _ in range(REPEATED):
            route.again = (route.again + 1) & 0xFFFF
            if (newest - route.again) & 0xFFFF >= REPEATED:
                route.again = (newest - REPEATED + 1) & 0xFFFF
            size = _repeat(route, route.again, 0.0, probe, now, out)
            if size:
                return size
    payload_type = min(receiver.rtx_of, default=0)
    if payload_type == 0 or not receiver.transport_cc:
        return 0
    receiver.blank_sequence = (receiver.blank_sequence + 1) & 0xFFFF
    receiver.blank_timestamp = (receiver.blank_timestamp + 3000) & 0xFFFFFFFF
    header = Header()
    blank = Sending(b"", header, payload_type, receiver.blank_sequence, receiver.blank_timestamp, BLANK, False)
    return _send(receiver, blank, blank_ssrc, now, True, out, probe, padding=True)


def _liveliest(receiver: Endpoint) -> Route | None:
    """The route of the picture that was sent last; of two the one with the lower SSRC."""
    best: tuple[float, int] | None = None
    found = None
    for ssrc, route in receiver.route_by_ssrc.items():
        if route.projection is None or route.cache is None or route.rtx_ssrc is None:
            continue
        rank = (route.projection.last_at, -ssrc)
        if best is None or rank > best:
            best, found = rank, route
    return found


def send_rtcp(endpoint: Endpoint, compound: bytes, out: Transmits) -> None:
    """Protect and queue RTCP for an endpoint; nothing happens before it has keys and an address."""
    if endpoint.sealer is None or endpoint.destination is None:
        return
    data = endpoint.sealer.protect_rtcp(compound)
    if data is not None:
        out.append((data, endpoint.destination))


def _send(
    receiver: Endpoint, packet: Sending, ssrc: int, now: float, numbered: bool, out: Transmits, probe: int = 0, *,
    padding: bool = False, mid: bytes = b"",
) -> int:  # fmt: skip
    """Returns the datagram's size, 0 where none was sent."""
    if receiver.srtp is None or receiver.destination is None:
        return 0
    number_id = receiver.transport_cc if numbered else 0
    number = receiver.delivery.next
    room = bytearray(ROOM)
    dependency = packet.dependency
    packet.header.set_swap(0 if dependency is None else receiver.dependency, dependency or b"", len(dependency or b""))
    packet.header.set_stamp(receiver.mid, mid, len(mid))
    size = packet.header.write(
        packet.data, room, ROOM, receiver.keep, packet.payload_type, packet.marker, packet.sequence,
        packet.timestamp, ssrc, number_id, number,
    )  # fmt: skip
    if padding:
        room[0] |= 0x20
    data = receiver.srtp.protect(bytes(room[:size]) + packet.payload) if size else None
    if data is None:
        receiver.drop("oversize")
        return 0
    if number_id:
        receiver.delivery.sent(len(data), probe, now)
    out.append((data, receiver.destination))
    receiver.counters.packets_sent += 1
    receiver.counters.bytes_sent += len(data)
    return len(data)
