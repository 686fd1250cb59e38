"""The downlink of one receiver: what the queue allows, what loss allows, and what probes found."""

import math

from pyjitsi.bridge.estimate.limits import CEILING, FLOOR, within
from pyjitsi.bridge.estimate.loss import LossEstimate, ReportedLoss
from pyjitsi.bridge.estimate.probes import ProbeControl
from pyjitsi.bridge.estimate.rate import RateControl
from pyjitsi.bridge.plane.api import Feedback, LossReport, Probe, ReceiverLimit

IDLE = 0.65  # of the estimate: below this part the sender has little to send, and what gets through proves nothing
IDLE_RECENT = 3.0  # seconds
ABSURD_RTT = 3.0  # seconds, over which the rate goes down whatever feedback says
ABSURD_EVERY, ABSURD_FACTOR = 1.0, 0.8
SILENCE = 1.0  # seconds without feedback after which an estimate below its start begins to rise
SILENT_STEP, SILENT_FACTOR = 20_000.0, 1.25


class DownlinkEstimate:
    """``bitrate`` is in bit/s. Feedback comes as the plane tells it; ``tick`` is due every half second or oftener."""

    def __init__(self, start: float) -> None:
        self.bitrate: float = start
        self.probes: ProbeControl = ProbeControl(start)
        self._start: float = start
        self._rate: RateControl = RateControl(start)
        self._loss: LossEstimate = LossEstimate()
        self._reported: ReportedLoss | None = None
        self._limit: float = math.inf  # REMB's
        self._numbered: bool = False
        self._steady: bool = True
        self._heard: float = -math.inf
        self._idle_at: float = -math.inf
        self._backed_off_at: float = -math.inf

    @property
    def wanted(self) -> float:
        """What all would take that the receiver asked for, in bit/s; above ``bitrate`` there will be probes."""
        return self.probes.wanted

    @wanted.setter
    def wanted(self, bitrate: float) -> None:
        self.probes.wanted = min(bitrate, CEILING)

    def feedback(self, told: Feedback) -> None:
        """Transport-wide feedback."""
        now, rate = told.at, self._rate
        self._numbered = True
        self._heard = now
        idle = told.sent < IDLE * self.bitrate
        if idle:
            self._idle_at = now
        self._steady = not told.overused and told.usage != "over"
        before = rate.rate
        found = None if told.probe is None else self.probes.result(told.probe, self.bitrate, now)
        if not self._steady:
            known = [each for each in (told.throughput, told.recent) if each is not None]
            rate.update("over", min(known, default=None), told.rtt, now)
            if rate.rate < before:
                self.probes.dropped(before, rate.rate, now)
        elif found is not None:
            rate.probed(max(found, rate.rate), now)
        else:
            rate.update(told.usage, told.throughput, told.rtt, now)
        if told.recovered and self._steady:
            self.probes.drained(self.bitrate, now - self._idle_at < IDLE_RECENT, now)
        if told.rtt > ABSURD_RTT and now - self._backed_off_at >= ABSURD_EVERY:
            self._backed_off_at = now
            rate.rate = within(rate.rate * ABSURD_FACTOR)
        self._loss.update(
            told.delivered_bytes + told.lost_bytes, told.lost_bytes, rate.rate, None if idle else told.throughput, now
        )
        self._settle(now)

    def report(self, told: LossReport) -> None:
        """A receiver report; it counts only of a receiver without transport-wide feedback."""
        self._heard = told.at
        if self._numbered:
            return
        if self._reported is None:
            self._reported = ReportedLoss(self._start)
        self._reported.update(told.fraction, told.sent, told.rtt, told.at)
        self._settle(told.at)

    def limit(self, told: ReceiverLimit) -> None:
        """REMB: what the receiver reckons itself; it counts only of one without transport-wide feedback."""
        if not self._numbered:
            self._limit = within(told.bitrate)
            self._settle(told.at)

    def tick(self, now: float) -> list[Probe]:
        """Time passed; returns probes to send."""
        if now - self._heard > SILENCE:
            # Where so little is left that nothing is sent, no feedback comes that could raise it again.
            if self._heard > -math.inf and self.bitrate < self._start:
                self._heard = now
                self._rate.rate = self.bitrate = min(self._start, self.bitrate * SILENT_FACTOR + SILENT_STEP)
                if self._reported is not None:
                    self._reported.rate = self.bitrate
                self._loss = LossEstimate()
        elif self._numbered:
            self.probes.tick(self.bitrate, steady=self._steady, limited=self._loss.limiting, now=now)
        return self.probes.take()

    def _settle(self, _now: float) -> None:
        if self._numbered:
            self.bitrate = within(min(self._rate.rate, self._loss.rate))
        elif self._limit < math.inf:
            self.bitrate = self._limit
        elif self._reported is not None:
            self.bitrate = max(FLOOR, min(CEILING, self._reported.rate))
