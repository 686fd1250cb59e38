"""From a protected datagram to the receivers' routes: the checks, in the order in which they are cheap."""

from typing import TYPE_CHECKING

from pyjitsi.bridge.plane.api import OFF, AudioLevel, FirstMedia, LossReport, ReceiverLimit
from pyjitsi.bridge.plane.downlinks import feedback_of, numbers_of
from pyjitsi.bridge.plane.egress import Sending, gone, resend, send_media
from pyjitsi.bridge.plane.endpoint import NACKED, Endpoint, Incoming, Route
from pyjitsi.bridge.plane.frame import Frame
from pyjitsi.bridge.plane.header import Header
from pyjitsi.bridge.plane.keyframe import KINDS
from pyjitsi.bridge.plane.red import Red
from pyjitsi.bridge.plane.srtp import SrtpError
from pyjitsi.rtp import rtcp, transport_cc
from pyjitsi.rtp.errors import RtpError
from pyjitsi.rtp.nack import NackTracker
from pyjitsi.rtp.packet import MINIMUM, is_rtcp
from pyjitsi.rtp.reception import Reception

if TYPE_CHECKING:
    from pyjitsi.bridge.plane.plane import PythonPlane

MIN_RTCP = 8
REMEMBERED = 1500  # sequence numbers of an SSRC against which duplicates are told


class Ingress:
    """Works on the plane's state."""

    def __init__(self, plane: "PythonPlane") -> None:
        self.plane: PythonPlane = plane
        self.frame: Frame = Frame()
        self.red: Red = Red()

    def receive(self, endpoint: Endpoint, data: bytes, at: float) -> None:
        """One SRTP or SRTCP datagram from a bound address."""
        counters = endpoint.counters
        counters.packets_received += 1
        counters.bytes_received += len(data)
        second, limits = endpoint.second, endpoint.limits
        second.received(len(data), at)
        if limits is not None and (second.packets > limits.packets or second.octets > limits.octets):
            endpoint.drop("rate")
            return
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
        data = endpoint.srtp.unprotect(data)
        packet = Header()
        if not packet.parse(data, len(data)):
            raise RtpError("malformed")
        endpoint.counters.last_media = at
        if not endpoint.media_seen:
            endpoint.media_seen = True
            self.plane.events.append(FirstMedia(endpoint.id, at))
        self._log_arrival(endpoint, packet, data, at)
        number = _own(stream).packet(packet.sequence, packet.timestamp, at)
        if stream.source.spec.media == "audio":
            self._audio(endpoint, stream, packet, data, number, at)
        elif codec.name == "rtx" or stream.rtx:
            self._rtx(endpoint, stream, packet, data, at)
        else:
            self._video(endpoint, stream, packet, data, packet.payload_type, number, packet.payload_start, at)

    def _log_arrival(self, endpoint: Endpoint, packet: Header, data: bytes, at: float) -> None:
        value = packet.find(data, endpoint.transport_cc)
        if value and packet.length == 2:
            endpoint.arrivals.received(data[value] << 8 | data[value + 1], packet.ssrc, at)
            if endpoint.arrivals.due(at, packet.marker):
                self.plane.send_arrivals(endpoint, at)

    def _audio(self, endpoint: Endpoint, stream: Incoming, packet: Header, data: bytes, number: int, at: float) -> None:
        gaps = stream.gaps
        first = gaps.arrive(number)
        if endpoint.mute_audio:
            endpoint.drop("muted")
            gaps.leave_out(number)
            return
        value = packet.find(data, endpoint.audio_level)
        level = data[value] & 0x7F if value and packet.length else -1  # a two-byte extension may be empty
        if packet.payload_end <= packet.payload_start or gaps.silence(level):
            gaps.leave_out(number)
            return
        if level >= 0 or gaps.untold(at):
            self.plane.events.append(AudioLevel(endpoint.id, stream.source.spec.name, level, at))
        loud = level < 0 or endpoint.loudest.passes(stream.ssrc, stream.loudness, level, at)
        if not loud and not stream.source.always:
            endpoint.drop("not-loudest")
            gaps.leave_out(number)
            return
        redundant = endpoint.red != 0 and packet.payload_type == endpoint.red
        if redundant and not self.red.read(data, packet.payload_start, packet.payload_end):
            endpoint.drop("malformed")
            gaps.leave_out(number)
            return
        routes = (*stream.source.routes.values(), *(each[0] for each in stream.source.relayed.values()))
        payload = data[packet.payload_start : packet.payload_end]
        closed = gaps.closed(number)
        made = Sending(data, packet, packet.payload_type, 0, packet.timestamp, payload, packet.marker)
        plain = [route for route in routes if redundant and route.receiver.red != packet.payload_type]
        for route in routes:
            if route not in plain:
                self._say(route, made, closed, at)
        if plain:
            self._plain(endpoint, stream, plain, made, number, closed, at, first=first)

    def _plain(
        self, endpoint: Endpoint, stream: Incoming, routes: list[Route], packet: Sending, number: int, closed: int,
        at: float, *, first: bool,
    ) -> None:  # fmt: skip
        """Send what a packet with redundancy holds, what was lost before too, to those who do not know RED."""
        red, data, start = self.red, packet.data, packet.header.payload_start
        for index in range(red.count):
            back = red.back(index)
            lost = back > 0 and stream.gaps.missing(number - back)
            if not lost or not self._is_sound(endpoint, red.block_type[index]):
                continue
            stream.gaps.arrive(number - back)
            begin = red.block_start[index]
            again = packet._replace(
                payload_type=red.block_type[index], marker=False,
                timestamp=(packet.timestamp - red.block_offset[index]) & 0xFFFFFFFF,
                payload=data[begin : begin + red.block_length[index]],
            )  # fmt: skip
            for route in routes:
                self._say(route, again, stream.gaps.closed(number - back), at)
        if first and self._is_sound(endpoint, red.primary_type):
            primary = packet.payload[red.primary_start - start :]
            for route in routes:
                self._say(route, packet._replace(payload_type=red.primary_type, payload=primary), closed, at)

    def _is_sound(self, endpoint: Endpoint, payload_type: int) -> bool:
        """Whether a block of redundancy is what it may be."""
        codec = endpoint.codecs.get(payload_type)
        return codec is not None and codec.media == "audio" and payload_type != endpoint.red

    def _say(self, route: Route, packet: Sending, number: int, at: float) -> None:
        """Send a packet of sound; ``number`` has no gaps."""
        voice = route.voice
        if voice is not None and voice.accept(number, packet.timestamp, at):
            renumbered = packet._replace(sequence=voice.out_sequence, timestamp=voice.out_timestamp)
            send_media(route, renumbered, at, self.plane.transmits)

    def _rtx(self, endpoint: Endpoint, stream: Incoming, packet: Header, data: bytes, at: float) -> None:
        """Unwrap a retransmission (RFC 4588 section 4); under two bytes it is padding for probing."""
        start = packet.payload_start
        if packet.payload_end - start < 2:
            return
        codec = endpoint.codecs[packet.payload_type]
        primary = endpoint.streams.get(stream.source.spec.encodings[stream.encoding].ssrc)
        if codec.apt is None or primary is None or _own(primary).numbers.highest < 0:
            endpoint.drop("unknown-rtx")
            return
        number = _own(primary).numbers.unwrap(data[start] << 8 | data[start + 1])
        self._video(endpoint, primary, packet, data, codec.apt, number, start + 2, at)

    def _video(
        self, endpoint: Endpoint, stream: Incoming, packet: Header, data: bytes, payload_type: int, number: int,
        start: int, at: float,
    ) -> None:  # fmt: skip
        if number in stream.seen:
            return
        stream.seen[number] = None
        if len(stream.seen) > REMEMBERED:
            del stream.seen[next(iter(stream.seen))]
        assert isinstance(stream.nacks, NackTracker)
        stream.nacks.received(number, at)
        if stream.nacks.missing:
            self.plane.send_nacks(endpoint, stream, at)
        if endpoint.mute_video:
            endpoint.drop("muted")
            return
        codec = endpoint.codecs.get(payload_type)
        payload = data[start : packet.payload_end]
        kind = KINDS.get("" if codec is None else codec.name, 0)
        frame = self.frame
        if payload and not frame.read(
            kind, packet, data, endpoint.dependency, stream.structure, number, start, packet.payload_end
        ):
            raise RtpError("malformed")
        meter = stream.source.meter.encodings[stream.encoding]
        if payload:
            meter.packet(frame.spatial, frame.temporal, len(payload), frame.ends, at)
            meter.describe(frame.heights, frame.stacked)
        made = Sending(data, packet, payload_type, number & 0xFFFF, packet.timestamp, payload, packet.marker)
        for route in stream.source.routes.values():
            self._forward(endpoint, stream, route, made, number, at)
        for routes in stream.source.relayed.values():
            route = routes[stream.encoding]
            if route.open:  # as it came: the next bridge chooses and renumbers for its own receivers
                send_media(route, made, at, self.plane.transmits)

    def _forward(
        self, endpoint: Endpoint, stream: Incoming, route: Route, packet: Sending, number: int, at: float
    ) -> None:
        projection = route.projection
        assert projection is not None
        if projection.target == OFF:
            return
        if not packet.payload:  # padding: nothing for receivers, and no hole either
            projection.skip(stream.encoding, number)
            return
        frame = self.frame
        taken = projection.accept(frame, stream.encoding, number, packet.timestamp, at)
        if projection.wants_keyframe:
            self.plane.ask_keyframe(endpoint, stream.source, route.receiver.id)
        if taken:
            payload = bytearray(packet.payload)
            picture, tl0 = projection.out_picture, projection.out_tl0
            frame.write(payload, 0, picture, tl0)
            header = packet.header
            header.swap_id = 0
            frame.prepare(header, packet.data, picture, tl0)
            dependency = header.swapped() if header.swap_id else None
            made = Sending(packet.data, header, packet.payload_type, projection.out_sequence,
                           projection.out_timestamp, bytes(payload), projection.out_marker, dependency)  # fmt: skip
            send_media(route, made, at, self.plane.transmits)

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
                        _own(stream).sender_report(info.ntp, info.rtp, at)
                    self._receiver_report(endpoint, part, at)
                case rtcp.RR:
                    self._receiver_report(endpoint, part, at)
                case rtcp.RTPFB if part.count == rtcp.NACK_FORMAT:
                    self._nack(endpoint, part, at)
                case rtcp.RTPFB if part.count == rtcp.TRANSPORT_CC_FORMAT:
                    self._transport_feedback(endpoint, transport_cc.parse(part), at)
                case rtcp.PSFB if (limit := rtcp.remb(part)) is not None:
                    self.plane.events.append(ReceiverLimit(endpoint.id, limit, at))
                case rtcp.PSFB:
                    for ssrc in rtcp.keyframe_wanted(part):
                        self._keyframe(endpoint, ssrc)
                case _:
                    pass  # SDES, BYE, XR and APP end here

    def _transport_feedback(self, receiver: Endpoint, told: transport_cc.Feedback, at: float) -> None:
        delivery, known = receiver.delivery, False
        for offset, arrival in enumerate(told.arrivals):
            number = (told.base + offset) & 0xFFFF
            known |= delivery.missing(number) if arrival is None else delivery.arrived(number, arrival)
        if known:
            self.plane.events.append(feedback_of(numbers_of(delivery, at), receiver.id, receiver.rtt, at))
            delivery.reset()

    def _nack(self, receiver: Endpoint, part: rtcp.Part, at: float) -> None:
        ssrc, numbers = rtcp.nacked(part)
        receiver.counters.nacks_received += 1
        route = receiver.route_by_ssrc.get(ssrc)
        if route is None:
            return
        for number in numbers:
            if receiver.second.nacked >= NACKED:
                receiver.drop("nack-rate")
                continue
            receiver.second.nacked += 1
            if not resend(route, number, at, self.plane.transmits) and gone(route, number):
                self._ask_keyframe(route)

    def _keyframe(self, receiver: Endpoint, ssrc: int) -> None:
        receiver.counters.plis_received += 1
        route = receiver.route_by_ssrc.get(ssrc)
        if route is not None:
            self._ask_keyframe(route)

    def _ask_keyframe(self, route: Route) -> None:
        owner = self.plane.owner_of(route.source)
        if owner is not None:
            self.plane.ask_keyframe(owner, route.source, route.receiver.id)

    def _receiver_report(self, receiver: Endpoint, part: rtcp.Part, at: float) -> None:
        for block in rtcp.report_blocks(part):
            sent = receiver.sender_reports.get(block.last_sr) if block.last_sr else None
            if sent is not None:
                rtt = at - sent - block.delay / 65536
                if 0 < rtt < 7:
                    receiver.rtt = rtt
            if not receiver.transport_cc and block.ssrc in receiver.route_by_ssrc:
                bitrate = receiver.delivery.bitrate(at)
                self.plane.events.append(LossReport(receiver.id, block.fraction / 256, bitrate, receiver.rtt, at))


def _own(stream: Incoming) -> Reception:
    """The statistics of a stream that is received here."""
    assert isinstance(stream.reception, Reception)
    return stream.reception
