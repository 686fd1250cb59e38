"""From an accepted packet to a receiver's datagram: extensions, transport-wide number, cache, SRTP."""

from typing import NamedTuple

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.plane.cache import PacketCache
from pyjitsi.bridge.plane.endpoint import Endpoint, Route, Sent
from pyjitsi.bridge.plane.header import Header
from pyjitsi.rtp.rtcp import SenderInfo, build_sr

Transmits = list[tuple[bytes, Address]]
ROOM = 1600  # bytes that a header may take at most
MIN_SPACING = 0.010  # seconds between two retransmissions of a packet, where the round trip is short


class Sending(NamedTuple):
    """A packet on its way out: what came (in the clear), and what it becomes."""

    data: bytes
    header: Header
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes


def send_media(route: Route, packet: Sending, now: float, out: Transmits) -> None:
    """Send one packet of a route; video is kept for retransmission."""
    spec = route.source.spec
    ssrc = spec.encodings[route.encoding].ssrc
    if spec.media == "video":
        if route.cache is None:
            route.cache = PacketCache()
        route.cache.put(packet, now)
    if _send(route.receiver, packet, ssrc, now, spec.media == "video", out):
        assert isinstance(route.sent, Sent)
        route.sent.packets += 1
        route.sent.octets += len(packet.payload)


def resend(route: Route, sequence: int, now: float, out: Transmits) -> bool:
    """Answer a NACK by RTX (RFC 4588); False where the packet is gone, too fresh, or no RTX was negotiated."""
    receiver, encoding = route.receiver, route.source.spec.encodings[route.encoding]
    if route.cache is None or encoding.rtx_ssrc is None:
        return False
    spacing = max(MIN_SPACING, min(0.9 * receiver.rtt, receiver.rtt - 0.005))
    kept = route.cache.again(sequence, now, spacing)
    if kept is None:
        return False
    rtx = receiver.rtx_of.get(kept.payload_type)
    if rtx is None:
        return False
    number, route.rtx_sequence = route.rtx_sequence, (route.rtx_sequence + 1) & 0xFFFF
    again = kept._replace(payload_type=rtx, sequence=number, payload=sequence.to_bytes(2, "big") + kept.payload)
    if not _send(receiver, again, encoding.rtx_ssrc, now, True, out):
        return False
    receiver.counters.rtx_sent += 1
    return True


def send_sender_report(route: Route, ntp: int, timestamp: int, out: Transmits) -> None:
    """An SR on what this receiver was sent of the route."""
    send_rtcp(
        route.receiver,
        build_sr(
            SenderInfo(
                route.source.spec.encodings[route.encoding].ssrc, ntp, timestamp, route.sent.packets, route.sent.octets
            )
        ),
        out,
    )


def send_rtcp(endpoint: Endpoint, compound: bytes, out: Transmits) -> None:
    """Protect and queue RTCP for an endpoint; nothing happens before it has keys and an address."""
    if endpoint.srtp is None or endpoint.destination is None:
        return
    data = endpoint.srtp.protect_rtcp(compound)
    if data is not None:
        out.append((data, endpoint.destination))


def _send(receiver: Endpoint, packet: Sending, ssrc: int, now: float, numbered: bool, out: Transmits) -> bool:
    if receiver.srtp is None or receiver.destination is None:
        return False
    number_id = receiver.transport_cc if numbered else 0
    number = receiver.departures.number(len(packet.payload), now) if number_id else 0
    room = bytearray(ROOM)
    size = packet.header.write(
        packet.data, room, ROOM, receiver.keep, packet.payload_type, packet.header.marker, packet.sequence,
        packet.timestamp, ssrc, number_id, number,
    )  # fmt: skip
    data = receiver.srtp.protect(bytes(room[:size]) + packet.payload) if size else None
    if data is None:
        receiver.drop("oversize")
        return False
    out.append((data, receiver.destination))
    receiver.counters.packets_sent += 1
    receiver.counters.bytes_sent += len(data)
    return True
