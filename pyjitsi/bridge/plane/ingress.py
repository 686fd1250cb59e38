"""From a protected datagram to the receivers' routes: the checks, in the order in which they are cheap."""

import random
from typing import TYPE_CHECKING

from pyjitsi.bridge.plane.api import OFF, AudioLevel, Feedback, FirstMedia
from pyjitsi.bridge.plane.egress import resend, send_media
from pyjitsi.bridge.plane.endpoint import Endpoint, Incoming, Route
from pyjitsi.bridge.plane.projection import Projection, Vp8Projection
from pyjitsi.bridge.plane.srtp import SrtpError
from pyjitsi.rtp import rtcp, transport_cc
from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.packet import MINIMUM, RtpPacket, is_rtcp
from pyjitsi.rtp.vp8 import Vp8Descriptor

if TYPE_CHECKING:
    from pyjitsi.bridge.plane.plane import PythonPlane

MIN_RTCP = 8
REMEMBERED = 1500  # sequence numbers of an SSRC against which duplicates are told


class Ingress:
    """Works on the plane's state."""

    def __init__(self, plane: "PythonPlane") -> None:
        self.plane: PythonPlane = plane

    def receive(self, endpoint: Endpoint, data: bytes, at: float) -> None:
        """One SRTP or SRTCP datagram from a bound address."""
        counters = endpoint.counters
        counters.packets_received += 1
        counters.bytes_received += len(data)
        try:
            if is_rtcp(data):
                self._rtcp(endpoint, data, at)
            else:
                self._rtp(endpoint, data, at)
        except SrtpError as error:
            endpoint.drop(error.reason)
        except RtpError:
            endpoint.drop("malformed")

    def _rtp(self, endpoint: Endpoint, data: bytes, at: float) -> None:
        if len(data) < MINIMUM:
            endpoint.drop("short")
            return
        # Of the protected packet only what is never encrypted; padding, for one, is not yet readable.
        codec = endpoint.codecs.get(data[1] & 0x7F)
        if codec is None:
            endpoint.drop("unknown-pt")
            return
        stream = endpoint.streams.get(int.from_bytes(data[8:12], "big"))
        if stream is None:
            # libsrtp would keep a context for each new SSRC; only signalled ones come that far.
            endpoint.drop("unknown-ssrc")
            return
        assert endpoint.srtp is not None
        packet = RtpPacket(endpoint.srtp.unprotect(data))
        endpoint.counters.last_media = at
        if not endpoint.media_seen:
            endpoint.media_seen = True
            self.plane.events.append(FirstMedia(endpoint.id, at))
        self._log_arrival(endpoint, packet, at)
        number = stream.reception.packet(packet.sequence, packet.timestamp, at)
        if stream.source.spec.media == "audio":
            self._audio(endpoint, stream, packet, at)
        elif codec.name == "rtx" or stream.rtx:
            self._rtx(endpoint, stream, packet, at)
        else:
            self._video(endpoint, stream, packet, packet.payload_type, number, packet.payload, at)

    def _log_arrival(self, endpoint: Endpoint, packet: RtpPacket, at: float) -> None:
        value = packet.extensions.get(endpoint.transport_cc) if endpoint.transport_cc else None
        if value is not None and len(value) == 2:
            endpoint.arrivals.received(value[0] << 8 | value[1], packet.ssrc, at)
            if endpoint.arrivals.due(at, packet.marker):
                self.plane.send_arrivals(endpoint, at)

    def _audio(self, endpoint: Endpoint, stream: Incoming, packet: RtpPacket, at: float) -> None:
        level = packet.extensions.get(endpoint.audio_level) if endpoint.audio_level else None
        if endpoint.mute_audio:
            endpoint.drop("muted")
            return
        if level:
            self.plane.events.append(AudioLevel(endpoint.id, stream.source.spec.name, level[0] & 0x7F, at))
        payload = packet.payload
        if not payload:
            return
        for route in stream.source.routes.values():
            send_media(route, packet.sequence, packet.timestamp, packet.payload_type, packet.marker,
                       packet.extensions, payload, at, self.plane.transmits)  # fmt: skip
        for routes in stream.source.relayed.values():
            send_media(routes[0], packet.sequence, packet.timestamp, packet.payload_type, packet.marker,
                       packet.extensions, payload, at, self.plane.transmits)  # fmt: skip

    def _rtx(self, endpoint: Endpoint, stream: Incoming, packet: RtpPacket, at: float) -> None:
        """Unwrap a retransmission (RFC 4588 section 4); under two bytes it is padding for probing."""
        payload = packet.payload
        if len(payload) < 2:
            return
        codec = endpoint.codecs[packet.payload_type]
        primary = endpoint.streams.get(stream.source.spec.encodings[stream.encoding].ssrc)
        if codec.apt is None or primary is None or primary.reception.numbers.highest < 0:
            endpoint.drop("unknown-rtx")
            return
        number = primary.reception.numbers.unwrap(payload[0] << 8 | payload[1])
        self._video(endpoint, primary, packet, codec.apt, number, payload[2:], at)

    def _video(
        self, endpoint: Endpoint, stream: Incoming, packet: RtpPacket, payload_type: int, number: int, payload: bytes,
        at: float,
    ) -> None:  # fmt: skip
        if number in stream.seen:
            return
        stream.seen[number] = None
        if len(stream.seen) > REMEMBERED:
            del stream.seen[next(iter(stream.seen))]
        stream.nacks.received(number, at)
        if stream.nacks.missing:
            self.plane.send_nacks(endpoint, stream, at)
        if endpoint.mute_video:
            endpoint.drop("muted")
            return
        codec = endpoint.codecs.get(payload_type)
        vp8: Vp8Descriptor | None = None
        if codec is not None and codec.name == "vp8" and payload:
            vp8 = Vp8Descriptor(payload)
        meter = stream.source.meter.encodings[stream.encoding]
        meter.packet(vp8.temporal if vp8 else 0, len(payload), packet.marker, at)
        if vp8 is not None and vp8.height:
            meter.height = vp8.height
        for route in stream.source.routes.values():
            self._forward(endpoint, stream, route, packet, payload_type, number, payload, vp8, at)
        for routes in stream.source.relayed.values():
            route = routes[stream.encoding]
            if route.open:  # as it came: the next bridge chooses and renumbers for its own receivers
                send_media(route, number & 0xFFFF, packet.timestamp, payload_type, packet.marker, packet.extensions,
                           payload, at, self.plane.transmits)  # fmt: skip

    def _forward(
        self, endpoint: Endpoint, stream: Incoming, route: Route, packet: RtpPacket, payload_type: int, number: int,
        payload: bytes, vp8: Vp8Descriptor | None, at: float,
    ) -> None:  # fmt: skip
        projection = route.projection
        if projection is None or (isinstance(projection, Vp8Projection) != (vp8 is not None) and payload):
            projection = route.projection = _projection(projection, vp8 is not None)
            projection.set_target(route.receiver.target(stream.source.spec.name))
        if projection.target == OFF:
            return
        if not payload:  # padding: nothing for receivers, and no hole either
            projection.skip(stream.encoding, number)
            return
        made = projection.accept(stream.encoding, number, packet.timestamp, payload, vp8, at)
        if projection.wants_keyframe:
            self.plane.ask_keyframe(endpoint, stream.source, route.receiver.id)
        if made is not None:
            send_media(route, made.sequence, made.timestamp, payload_type, packet.marker, packet.extensions,
                       made.payload, at, self.plane.transmits)  # fmt: skip

    # RTCP.

    def _rtcp(self, endpoint: Endpoint, data: bytes, at: float) -> None:
        if len(data) < MIN_RTCP:
            endpoint.drop("short")
            return
        assert endpoint.srtp is not None
        for part in rtcp.split(endpoint.srtp.unprotect_rtcp(data)):
            match part.type:
                case rtcp.SR:
                    info = rtcp.sender_info(part)
                    stream = endpoint.streams.get(info.ssrc)
                    if stream is not None:
                        stream.sender_info, stream.sender_info_at = (info.ntp, info.rtp), at
                        stream.reception.sender_report(info.ntp, at)
                    self._receiver_report(endpoint, part, at)
                case rtcp.RR:
                    self._receiver_report(endpoint, part, at)
                case rtcp.RTPFB if part.count == rtcp.NACK_FORMAT:
                    self._nack(endpoint, part, at)
                case rtcp.RTPFB if part.count == rtcp.TRANSPORT_CC_FORMAT:
                    counts = endpoint.departures.feedback(transport_cc.parse(part))
                    if counts[0] or counts[1]:
                        bitrate = endpoint.departures.bitrate(at)
                        self.plane.events.append(Feedback(endpoint.id, *counts[:2], bitrate, counts[2], at))
                case rtcp.PSFB:
                    for ssrc in rtcp.keyframe_wanted(part):
                        self._keyframe(endpoint, ssrc)
                case _:
                    pass  # SDES, BYE, XR and APP end here

    def _nack(self, receiver: Endpoint, part: rtcp.Part, at: float) -> None:
        ssrc, numbers = rtcp.nacked(part)
        receiver.counters.nacks_received += 1
        route = receiver.route_by_ssrc.get(ssrc)
        if route is not None:
            for number in numbers:
                resend(route, number, at, self.plane.transmits)

    def _keyframe(self, receiver: Endpoint, ssrc: int) -> None:
        receiver.counters.plis_received += 1
        route = receiver.route_by_ssrc.get(ssrc)
        if route is not None:
            owner = self.plane.owner_of(route.source)
            if owner is not None:
                self.plane.ask_keyframe(owner, route.source, receiver.id)

    def _receiver_report(self, receiver: Endpoint, part: rtcp.Part, at: float) -> None:
        for block in rtcp.report_blocks(part):
            sent = receiver.sender_reports.get(block.last_sr) if block.last_sr else None
            if sent is not None:
                rtt = at - sent - block.delay / 65536
                if 0 < rtt < 7:
                    receiver.rtt = rtt
            if not receiver.transport_cc and block.ssrc in receiver.route_by_ssrc:
                lost = block.fraction
                bitrate = receiver.departures.bitrate(at)
                self.plane.events.append(Feedback(receiver.id, 256 - lost, lost, bitrate, None, at))


def _projection(before: Projection | None, vp8: bool) -> Projection:
    """A projection for this kind of packet; the numbers go on where the one before ended."""
    sequence = random.randrange(0x8000) if before is None else before.last_sequence
    timestamp = random.randrange(0x80000000) if before is None else before.last_timestamp
    after = Vp8Projection(sequence, timestamp, random.randrange(0x4000)) if vp8 else Projection(sequence, timestamp)
    if before is not None:
        after.last_at = before.last_at
    return after
