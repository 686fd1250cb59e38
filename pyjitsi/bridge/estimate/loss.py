"""What loss says of a downlink: the most likely of a few channels, each with a bandwidth and a loss of its own.

A channel loses some packets always (Wi-Fi), and everything over its bandwidth. Of the last observations (a quarter of
a second each) the likelihood under each candidate is reckoned, with a leaning to the wider one; the estimate moves to
the best. So 5 % of random loss cost nothing, but loss that grows with the rate does. As GoogCC's second loss-based
estimator, with its constants.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

from pyjitsi.bridge.estimate.limits import FLOOR

OBSERVATIONS, LEAST_OBSERVATIONS = 15, 3
OBSERVATION = 0.250  # seconds at least
WEIGHT = 0.9  # of an observation against the next
CANDIDATES = (1.02, 1.0, 0.95)
INITIAL_LOSS, LEAST_LOSS = 0.01, 0.001
MOST_LOSS, MOST_LOSS_BALANCE = 0.05, 100_000.0  # a channel's own loss: this and, of narrow ones, balance/bandwidth
NEWTON_STEP = 0.75
BIAS, LOG_BIAS, BIAS_LOSS, BIAS_SMOOTHING = 0.0002, 0.02, 0.2, 0.002  # a kbit/s, its logarithm, up to 20 % of loss
BOUND_LOSS, BOUND_BALANCE = 0.05, 100_000.0  # over 5 % of loss: no more than balance/(loss - 5 %)
RAMP_UP, RAMP_UP_HELD, HELD = 1.5, 1.2, 1.3  # over what gets through; near the rate of the last hold
WINDOW_INCREASE, WINDOW = 1.3, 0.300
HOLD, LONGEST_HOLD, HOLD_FACTOR = 0.300, 60.0, 2.0


@dataclass(frozen=True, slots=True)
class Observation:
    """kB that were told of, lost ones of them, and the rate in bit/s at which they were sent."""

    sent: float
    lost: float
    rate: float


@dataclass(slots=True)
class Channel:
    """A candidate: bandwidth in bit/s, and the part that it loses whatever is sent."""

    bandwidth: float
    loss: float

    def probability(self, rate: float) -> float:
        """That a byte is lost at a rate."""
        beyond = (rate - self.bandwidth) / rate if rate > self.bandwidth else 0.0
        return max(1e-6, min(1 - 1e-6, self.loss + (1 - self.loss) * beyond))

    def bound_loss(self) -> None:
        """Keep the loss that is its own within what is believed."""
        most = MOST_LOSS + MOST_LOSS_BALANCE / self.bandwidth if self.bandwidth > 0 else 1.0
        self.loss = min(max(self.loss, LEAST_LOSS), min(1.0, most))


class LossEstimate:
    """``rate`` is an upper bound in bit/s: infinite while loss says nothing."""

    def __init__(self) -> None:
        self.rate: float = math.inf
        self.limiting: bool = False  # the rate is loss's and not the queue's
        self.decreasing: bool = False
        self.average: float = 0.0
        self._channel: Channel | None = None
        self._seen: deque[Observation] = deque(maxlen=OBSERVATIONS)
        self._began: float | None = None
        self._sent: int = 0
        self._lost: int = 0
        self._window_until: float = -math.inf
        self._window_most: float = math.inf
        self._hold: float = HOLD
        self._held_until: float = -math.inf
        self._held_rate: float = math.inf

    def update(self, sent: int, lost: int, delay_rate: float, throughput: float | None, now: float) -> None:
        """Bytes told of since the last call, lost ones of them; ``delay_rate`` is what the queue allows, in bit/s."""
        if self._began is None:
            self._began = now
            return
        self._sent += sent
        self._lost += lost
        passed = now - self._began
        if passed < OBSERVATION or not self._sent:
            if self.limiting:
                self.rate = min(self.rate, delay_rate)
            return
        self._seen.append(Observation(self._sent / 1000, self._lost / 1000, self._sent * 8 / min(passed, 2.0)))
        self._sent = self._lost = 0
        self._began = now
        if len(self._seen) < LEAST_OBSERVATIONS:
            return
        self.average = self._average()
        if self._channel is None:
            self._channel = Channel(delay_rate, INITIAL_LOSS)
        self._choose(self._channel, delay_rate, throughput, now)

    def _choose(self, current: Channel, delay_rate: float, throughput: float | None, now: float) -> None:
        bandwidths = [factor * current.bandwidth for factor in CANDIDATES]
        if throughput is not None:
            bandwidths.append(throughput)
        if delay_rate > current.bandwidth:
            bandwidths.append(delay_rate)
        most = max(current.bandwidth, self._window_most if self.limiting else math.inf)
        best, likeliest = current, -math.inf
        for bandwidth in bandwidths:
            candidate = Channel(min(bandwidth, most), current.loss)
            candidate.bound_loss()
            self._fit(candidate)
            likelihood = self._likelihood(candidate)
            if likelihood > likeliest:
                best, likeliest = candidate, likelihood
        if best.bandwidth > current.bandwidth:
            if self.average > best.loss:
                best.bandwidth = current.bandwidth
            elif self.limiting and throughput is not None:
                factor = RAMP_UP_HELD if throughput < HELD * self._held_rate else RAMP_UP
                best.bandwidth = max(current.bandwidth, min(best.bandwidth, factor * throughput))
        bounded = max(FLOOR, min(best.bandwidth, self._bound(), delay_rate))
        self._channel = replace(best) if bounded >= best.bandwidth else Channel(bounded, best.loss)
        if self.decreasing and now < self._held_until and bounded < delay_rate:
            self.rate = min(self._held_rate, bounded)
            return
        if bounded >= delay_rate:
            self.limiting = self.decreasing = False
            self._hold, self._held_until, self._held_rate = HOLD, -math.inf, math.inf
        elif bounded > self.rate and self.limiting:
            self.decreasing = False
        else:
            if not self.decreasing:
                self._held_until, self._held_rate = now + self._hold, bounded
                self._hold = min(LONGEST_HOLD, self._hold * HOLD_FACTOR)
            self.limiting = self.decreasing = True
        self.rate = bounded if self.limiting else math.inf
        if self.limiting and now >= self._window_until:
            self._window_until = now + WINDOW
            self._window_most = max(FLOOR, self._channel.bandwidth * WINDOW_INCREASE)

    def _average(self) -> float:
        """The part that was lost of late; of more than three observations the best and the worst don't count."""
        seen = list(self._seen)
        weighed = [(WEIGHT ** (len(seen) - 1 - at), each) for at, each in enumerate(seen)]
        if len(seen) > 3:
            rates = sorted(each.rate for each in seen)
            by_loss = sorted(weighed, key=lambda pair: pair[1].lost / pair[1].sent)
            if rates[len(rates) // 2] * 2 > by_loss[-1][1].rate:  # not where the worst is the one that sent far more
                weighed = by_loss[1:-1]
        sent = sum(weight * each.sent for weight, each in weighed)
        return sum(weight * each.lost for weight, each in weighed) / sent if sent else 0.0

    def _bound(self) -> float:
        """What heavy loss allows at once."""
        return BOUND_BALANCE / (self.average - BOUND_LOSS) if self.average > BOUND_LOSS else math.inf

    def _fit(self, channel: Channel) -> None:
        """One of Newton's steps towards the likeliest loss of the channel's own."""
        first = second = 0.0
        weight = 1.0
        for each in reversed(self._seen):
            probability = channel.probability(each.rate)
            got = each.sent - each.lost
            first += weight * (each.lost / probability - got / (1 - probability))
            second -= weight * (each.lost / probability**2 + got / (1 - probability) ** 2)
            weight *= WEIGHT
        if second < 0:
            channel.loss -= NEWTON_STEP * first / second
        channel.bound_loss()

    def _likelihood(self, channel: Channel) -> float:
        lean = (BIAS_LOSS - self.average) / (BIAS_SMOOTHING + abs(BIAS_LOSS - self.average))
        bias = lean * (BIAS * channel.bandwidth / 1000 + LOG_BIAS * math.log(1 + channel.bandwidth / 1000))
        total, weight = 0.0, 1.0
        for each in reversed(self._seen):
            probability = channel.probability(each.rate)
            got = each.sent - each.lost
            total += weight * (each.lost * math.log(probability) + got * math.log(1 - probability) + bias * each.sent)
            weight *= WEIGHT
        return total


class ReportedLoss:
    """The same of a receiver that only sends receiver reports (section 6): down over 10 % of loss, up below 2 %."""

    def __init__(self, start: float) -> None:
        self.rate: float = start
        self._decreased_at: float = -math.inf
        self._increased_at: float = -math.inf

    def update(self, fraction: float, sent: float, rtt: float, now: float) -> None:
        """The part that was lost since the last report, and what was sent in bit/s."""
        if fraction > 0.10:
            if now - self._decreased_at >= 0.3 + rtt:
                self._decreased_at = now
                self.rate = max(FLOOR, min(self.rate, max(sent, FLOOR)) * (1 - 0.5 * fraction))
        elif fraction < 0.02 and now - self._increased_at >= 1.0:
            self._increased_at = now
            if sent > 0.5 * self.rate:
                self.rate = self.rate * 1.08 + 1000
