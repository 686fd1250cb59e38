"""Short bursts over the estimate that find out whether more would fit, and what their feedback says.

JVB probes at the start and again after a drop, and pads all the time in between. Here a receiver is probed whenever it
could be given more than the estimate allows, and never beyond that: nobody's link is flooded to prove what nobody asked
for. Where a probe's finding did not last, the next one waits twice as long.
"""

import math
from dataclasses import dataclass

from pyjitsi.bridge.plane.api import Probe, ProbeResult

INITIAL = 3.0  # over the start; where that shows, FURTHER takes it up from there
FURTHER, FURTHER_FROM = 2.0, 0.7  # again at twice what was found, where that was 0.7 of what was tried
PERIODIC = 2.0
INTERVAL, LONGEST_INTERVAL = 5.0, 60.0
SURPLUS = 1.2  # over what all that is wanted takes
AFTER_DROP, DROP, RECENT = 0.85, 0.66, 5.0
LOSS_LIMITED = 1.5
SHORTEST = 0.015  # seconds
BUCKET, BUCKET_TIME = 8_000, 0.080  # bytes, or their time: shapers let as much pass at once, and would seem wide
PACKETS = 5
WAIT = 1.0  # seconds for a result
TOLD = 0.8  # of packets and bytes that a result must be made of
LONGEST_SPAN = 1.0
BELIEVED = 2.0  # times the rate of sending that arrivals may seem to have
SATURATED, DRAINED = 0.9, 0.95  # below this part of the rate of sending the link was full: a little under it is right
LASTS = 3.0  # seconds after which a finding has proved right


def measured(result: ProbeResult) -> float | None:
    """The rate in bit/s that a probe's packets show; None where there are too few, or where they make no sense."""
    if result.packets < PACKETS * TOLD:
        return None
    took, arrived = result.last_sent - result.first_sent, result.last_arrived - result.first_arrived
    if not 0 < took <= LONGEST_SPAN or not 0 < arrived <= LONGEST_SPAN:
        return None
    sending = (result.octets - result.last_size) * 8 / took
    arriving = (result.octets - result.first_size) * 8 / arrived
    if arriving > BELIEVED * sending:
        return None
    return DRAINED * arriving if arriving < SATURATED * sending else min(sending, arriving)


@dataclass(slots=True)
class _Pending:
    probe: Probe
    at: float


class ProbeControl:
    """Says which probes to send; ``take`` hands them over."""

    def __init__(self, start: float) -> None:
        self.wanted: float = 0.0  # bit/s that all would take that the receiver asked for
        self._start: float = start
        self._next: int = 1
        self._out: list[Probe] = []
        self._pending: dict[int, _Pending] = {}
        self._begun: bool = False
        self._due: float = math.inf
        self._interval: float = INTERVAL
        self._found_at: float = -math.inf
        self._dropped_from: float = 0.0
        self._dropped_at: float = -math.inf

    def take(self) -> list[Probe]:
        """Probes to send, in order; the list is handed over."""
        out, self._out = self._out, []
        return out

    def dropped(self, before: float, after: float, now: float) -> None:
        """The estimate fell by overuse."""
        if now - self._found_at < LASTS:
            self._interval = min(LONGEST_INTERVAL, self._interval * 2)
            self._found_at = -math.inf
        self._due = max(now + self._interval, self._due if self._due < math.inf else 0.0)
        if after < DROP * before:
            self._dropped_from, self._dropped_at = before, now
        self._pending.clear()

    def drained(self, estimate: float, idle: bool, now: float) -> None:
        """Normal use came back after the queue had grown; ``idle``: little was being sent when it did."""
        if idle and now - self._dropped_at < RECENT:
            self._dropped_at = -math.inf
            self._try(AFTER_DROP * self._dropped_from, estimate, now)

    def tick(self, estimate: float, *, steady: bool, limited: bool, now: float) -> None:
        """Time passed; ``steady``: the queue is, ``limited``: loss keeps the estimate down."""
        for number in [number for number, each in self._pending.items() if now - each.at > WAIT]:
            del self._pending[number]
        if now - self._found_at > LASTS and self._found_at > -math.inf:
            self._interval, self._found_at = INTERVAL, -math.inf
        if not self._lacking(estimate):
            self._due = math.inf
        elif not self._begun:
            self._begun = True
            self._due = now + self._interval
            self._try(INITIAL * self._start, estimate, now)
        elif self._due == math.inf:
            self._due = now + self._interval
        elif now >= self._due and steady and not self._pending:
            self._due = now + self._interval
            self._try((LOSS_LIMITED if limited else PERIODIC) * estimate, estimate, now)

    def result(self, result: ProbeResult, estimate: float, now: float) -> float | None:
        """Feedback told of a probe's packets: the rate that it shows, where that is more than is known."""
        pending = self._pending.get(result.cluster)
        if pending is None or result.packets < pending.probe.packets * TOLD:
            return None
        found = measured(result)
        if found is None:
            return None
        del self._pending[result.cluster]
        if found <= estimate:
            self._interval = min(LONGEST_INTERVAL, self._interval * 2) if found < 0.9 * estimate else self._interval
            return None
        self._found_at = now
        if found > FURTHER_FROM * pending.probe.bitrate and not self._pending:
            self._due = now + self._interval
            self._try(FURTHER * found, found, now)
        return found

    def _lacking(self, estimate: float) -> bool:
        return self.wanted > estimate

    def _try(self, bitrate: float, estimate: float, now: float) -> None:
        bitrate = min(bitrate, SURPLUS * self.wanted)
        if bitrate <= 1.05 * estimate or len(self._pending) >= 5:
            return
        octets = int(max(bitrate / 8 * SHORTEST, min(BUCKET, bitrate / 8 * BUCKET_TIME)))
        probe = Probe(self._next, bitrate, PACKETS, octets)
        self._next = self._next % 60_000 + 1
        self._pending[probe.cluster] = _Pending(probe, now)
        self._out.append(probe)
