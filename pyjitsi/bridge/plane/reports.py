"""The RTCP that the bridge originates on its timers: RR, NACK, transport-cc feedback, SR."""

import itertools
from typing import TYPE_CHECKING

from pyjitsi.bridge.plane.api import OFF
from pyjitsi.bridge.plane.egress import send_rtcp
from pyjitsi.bridge.plane.endpoint import Endpoint, Incoming, Route
from pyjitsi.rtp.rtcp import SenderInfo, build_nack, build_rr, build_sr
from pyjitsi.rtp.sequence import TIMESTAMP_MASK

if TYPE_CHECKING:
    from pyjitsi.bridge.plane.plane import PythonPlane

RR_INTERVAL = 0.5
SR_INTERVAL = 1.0
COMPOUND = 42  # SRs in a datagram at the most, of 28 bytes each: 1,176


class Reports:
    """Works on the plane's state."""

    def __init__(self, plane: "PythonPlane") -> None:
        self.plane: PythonPlane = plane

    def tick(self, now: float) -> None:
        """Send what is due."""
        self.requests(now)
        self.statistics(now)

    def requests(self, now: float) -> None:
        """Transport-cc feedback and NACKs, which are due every few tens of milliseconds."""
        for endpoint in self.plane.endpoints.values():
            if not endpoint.streams or endpoint.sealer is None or endpoint.destination is None:
                continue
            if endpoint.arrivals.due(now, False):
                self.plane.send_arrivals(endpoint, now)
            for stream in endpoint.streams.values():
                if stream.nacks.missing:
                    self.nacks(endpoint, stream, now)

    def statistics(self, now: float) -> None:
        """Receiver and sender reports, which are due every half second or more."""
        for endpoint in self.plane.endpoints.values():
            if endpoint.sealer is None or endpoint.destination is None:
                continue
            if now - endpoint.reported_at >= RR_INTERVAL:
                endpoint.reported_at = now
                self._receiver_report(endpoint, now)
            routes = itertools.chain(endpoint.routes.values(), *endpoint.relayed.values())
            made = [made for route in routes if (made := self._sender_report(route, now))]
            for start in range(0, len(made), COMPOUND):
                send_rtcp(endpoint, b"".join(made[start : start + COMPOUND]), self.plane.transmits)

    def nacks(self, endpoint: Endpoint, stream: Incoming, now: float) -> None:
        """Ask an endpoint again for what is missing of a stream."""
        wanted = stream.nacks.due(now)
        if wanted and not stream.rtx:
            own = self.plane.conferences[endpoint.conference].video_ssrc
            send_rtcp(endpoint, build_nack(own, stream.ssrc, wanted), self.plane.transmits)
            endpoint.counters.nacks_sent += 1

    def arrivals(self, endpoint: Endpoint, now: float) -> None:
        """Send transport-cc feedback."""
        own = self.plane.conferences[endpoint.conference].video_ssrc
        for message in endpoint.arrivals.build(own, now):
            send_rtcp(endpoint, message, self.plane.transmits)

    def _receiver_report(self, endpoint: Endpoint, now: float) -> None:
        active = [
            stream.reception.report(now)
            for stream in endpoint.streams.values()
            if stream.reception.received > stream.reception.reported_at
        ]
        if active:
            own = self.plane.conferences[endpoint.conference].video_ssrc
            send_rtcp(endpoint, build_rr(own, active), self.plane.transmits)

    def _sender_report(self, route: Route, now: float) -> bytes:
        """An SR whose time stamp belongs to what this receiver sees, whichever encoding that is; b"" if none is due.

        All of one receiver's go in one compound (RFC 8108 section 5.3.1): with nineteen others in the room, a datagram
        and a seal instead of twenty-eight.
        """
        if now - route.sent_sr_at < SR_INTERVAL or not route.sent.packets:
            return b""
        projection = route.projection
        encoding = route.encoding if projection is None else projection.encoding
        if encoding == OFF:
            return b""
        stream = next((each for each in route.source.streams if each.encoding == encoding), None)
        info = None if stream is None else stream.reception.sender_info()
        if stream is None or info is None:
            return b""
        route.sent_sr_at = now
        rate = stream.reception.clock_rate
        ntp, timestamp, at = info
        elapsed = now - at
        timestamp = (timestamp + round(elapsed * rate)) & TIMESTAMP_MASK
        if projection is not None:
            timestamp = projection.current_timestamp(timestamp)
        elif route.voice is not None:
            timestamp = route.voice.current_timestamp(timestamp)
        ntp = (ntp + int(elapsed * 2**32)) & (2**64 - 1)
        route.receiver.note_sender_report(ntp, now)
        return build_sr(SenderInfo(route.ssrc, ntp, timestamp, route.sent.packets, route.sent.octets))
