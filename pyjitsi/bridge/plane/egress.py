"""From an accepted packet to a receiver's datagram: extensions, transport-wide number, cache, SRTP."""

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.plane.cache import PacketCache
from pyjitsi.bridge.plane.endpoint import Endpoint, Route
from pyjitsi.rtp import packet as rtp
from pyjitsi.rtp.rtcp import SenderInfo, build_sr

Transmits = list[tuple[bytes, Address]]
MIN_SPACING = 0.010  # seconds between two retransmissions of a packet, where the round trip is short


def send_media(
    route: Route, sequence: int, timestamp: int, payload_type: int, marker: bool, extensions: dict[int, bytes],
    payload: bytes, now: float, out: Transmits,
) -> None:  # fmt: skip
    """Send one packet of a route; video is kept for retransmission."""
    receiver = route.receiver
    spec = route.source.spec
    ssrc = spec.encodings[route.encoding].ssrc
    kept = {identity: extensions[identity] for identity in receiver.kept_extensions if identity in extensions}
    if spec.media == "video":
        if route.cache is None:
            route.cache = PacketCache()
        route.cache.put(sequence, timestamp, payload_type, marker, kept, payload, now)
    if _send(receiver, payload_type, marker, sequence, timestamp, ssrc, kept, payload, now,
             spec.media == "video", out):  # fmt: skip
        route.packets += 1
        route.octets += len(payload)


def resend(route: Route, sequence: int, now: float, out: Transmits) -> bool:
    """Answer a NACK by RTX (RFC 4588); False where the packet is gone, too fresh, or no RTX was negotiated."""
    receiver, encoding = route.receiver, route.source.spec.encodings[route.encoding]
    if route.cache is None or encoding.rtx_ssrc is None:
        return False
    spacing = max(MIN_SPACING, min(0.9 * receiver.rtt, receiver.rtt - 0.005))
    kept = route.cache.again(sequence, now, spacing)
    if kept is None:
        return False
    _, timestamp, payload_type, marker, extensions, payload, _ = kept
    rtx = receiver.rtx_of.get(payload_type)
    if rtx is None:
        return False
    number, route.rtx_sequence = route.rtx_sequence, (route.rtx_sequence + 1) & 0xFFFF
    if not _send(receiver, rtx, marker, number, timestamp, encoding.rtx_ssrc, extensions,
                 sequence.to_bytes(2, "big") + payload, now, True, out):  # fmt: skip
        return False
    receiver.counters.rtx_sent += 1
    return True


def send_sender_report(route: Route, ntp: int, timestamp: int, out: Transmits) -> None:
    """An SR on what this receiver was sent of the route."""
    send_rtcp(
        route.receiver,
        build_sr(
            SenderInfo(route.source.spec.encodings[route.encoding].ssrc, ntp, timestamp, route.packets, route.octets)
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


def _send(
    receiver: Endpoint, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int,
    extensions: dict[int, bytes], payload: bytes, now: float, numbered: bool, out: Transmits,
) -> bool:  # fmt: skip
    if receiver.srtp is None or receiver.destination is None:
        return False
    if numbered and receiver.transport_cc:
        number = receiver.departures.number(len(payload), now)
        extensions = {**extensions, receiver.transport_cc: number.to_bytes(2, "big")}
    block = rtp.build_extensions(extensions)
    data = receiver.srtp.protect(rtp.build(payload_type, marker, sequence, timestamp, ssrc, block, payload))
    if data is None:
        receiver.drop("oversize")
        return False
    out.append((data, receiver.destination))
    receiver.counters.packets_sent += 1
    receiver.counters.bytes_sent += len(data)
    return True
