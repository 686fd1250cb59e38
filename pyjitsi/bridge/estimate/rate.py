"""Additive increase, multiplicative decrease, steered by the queue (draft-ietf-rmcat-gcc-02 section 5.5).

Under overuse the rate falls to a part of what gets through. Then it rises: by a few per cent a second while nothing is
known of the path's capacity, by about a packet a round trip near the capacity at which it fell last.
"""

import math
from typing import Literal

from pyjitsi.bridge.estimate.limits import within

Usage = Literal["normal", "over", "under"]

BACK_OFF = 0.85
BELOW = 5_000.0  # bit/s less than that part, so that a slow path's queue drains too
INCREASE_PER_SECOND = 0.08
LEAST_INCREASE = 1_000.0
LEAST_ADDED_PER_SECOND = 4_000.0
HEADROOM, ADDED_HEADROOM = 1.5, 10_000.0  # over what gets through; more of an increase would prove nothing
FRAMES_PER_SECOND = 30
PACKET = 1_200 * 8  # bits
REACTION = 0.1  # seconds that feedback and filter take, over the round trip
SHORTEST, LONGEST = 0.010, 0.200  # seconds between two decreases: a round trip, within these


class Capacity:
    """Where the rate fell lately: mean and spread in kbit/s, as overuses and probes tell."""

    def __init__(self) -> None:
        self.mean: float | None = None
        self._deviation: float = 0.4  # of the square of kbit/s, over the mean

    def overuse(self, rate: float) -> None:
        """What got through at an overuse."""
        self._sample(rate, 0.05)

    def probe(self, rate: float) -> None:
        """What a probe found."""
        self._sample(rate, 0.5)

    def forget(self) -> None:
        """The path has changed."""
        self.mean = None

    def _sample(self, rate: float, weight: float) -> None:
        sample = rate / 1000
        self.mean = sample if self.mean is None else (1 - weight) * self.mean + weight * sample
        square = (self.mean - sample) ** 2 / max(self.mean, 1.0)
        self._deviation = max(0.4, min(2.5, (1 - weight) * self._deviation + weight * square))

    def _spread(self) -> float:
        return 3 * math.sqrt(self._deviation * (self.mean or 0.0))

    @property
    def most(self) -> float:
        """A rate in bit/s over which the path must have become wider."""
        return math.inf if self.mean is None else (self.mean + self._spread()) * 1000

    @property
    def least(self) -> float:
        """A rate in bit/s below which it must have become narrower."""
        return 0.0 if self.mean is None else max(0.0, self.mean - self._spread()) * 1000


class RateControl:
    """``rate`` in bit/s."""

    def __init__(self, start: float) -> None:
        self.rate: float = start
        self.capacity: Capacity = Capacity()
        self.decreased_at: float = -math.inf
        self._state: Literal["hold", "increase", "decrease"] = "hold"
        self._changed_at: float | None = None
        self._throughput: float | None = None

    def probed(self, rate: float, now: float) -> None:
        """A probe found more than was known."""
        self.rate = within(rate)
        self.capacity.probe(rate)
        self._changed_at = now

    def update(self, usage: Usage, throughput: float | None, rtt: float, now: float) -> None:
        """Act on the queue's state; ``throughput`` is what gets through in bit/s, where that is known."""
        if throughput is not None:
            self._throughput = throughput
        if usage == "over":
            self._decrease(throughput, rtt, now)
        elif usage == "under":
            self._state = "hold"  # the queue drains: let it
        elif self._state != "increase":
            self._state, self._changed_at = "increase", now
        else:
            self._increase(rtt, now)

    def _increase(self, rtt: float, now: float) -> None:
        passed = min(1.0, now - (self._changed_at or now))
        self._changed_at = now
        if self._throughput is None:
            return
        if self._throughput > self.capacity.most:
            self.capacity.forget()
        limit = HEADROOM * self._throughput + ADDED_HEADROOM
        if self.rate >= limit:
            return
        if self.capacity.mean is None:
            added = max(LEAST_INCREASE, self.rate * (math.pow(1 + INCREASE_PER_SECOND, passed) - 1))
        else:
            frame = self.rate / FRAMES_PER_SECOND
            packet = frame / math.ceil(frame / PACKET)
            added = max(LEAST_ADDED_PER_SECOND, packet / (rtt + REACTION)) * passed
        self.rate = within(min(limit, self.rate + added))

    def _decrease(self, throughput: float | None, rtt: float, now: float) -> None:
        known = throughput if throughput is not None else self._throughput
        since = now - self.decreased_at
        if known is None:
            if since >= LONGEST:
                self.rate, self.decreased_at = within(self.rate / 2), now
            return
        if since < max(SHORTEST, min(LONGEST, rtt)) and known >= 0.5 * self.rate:
            return
        lower = known * BACK_OFF
        if lower > BELOW:
            lower -= BELOW
        if lower > self.rate and self.capacity.mean is not None:
            lower = self.capacity.mean * 1000 * BACK_OFF
        self.rate = within(min(self.rate, lower))
        if known < self.capacity.least:
            self.capacity.forget()
        self.capacity.overuse(known)
        self._state = "hold"
        self._changed_at = self.decreased_at = now
