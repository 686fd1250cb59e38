"""A bridge's way to one receiver, simulated: frames, a narrow link with a queue, loss, feedback, and the estimate."""

import random
from collections import deque
from collections.abc import Callable

from pyjitsi.bridge.estimate import DownlinkEstimate
from pyjitsi.bridge.plane.api import Feedback, Probe
from pyjitsi.bridge.plane.delivery import Delivery
from pyjitsi.bridge.plane.downlinks import feedback_of, numbers_of

STEP = 0.001
PACKET = 1200
FRAME = 0.033
FEEDBACK = 0.050


class Link:
    """``capacity`` in bit/s may be changed at any time; ``cross`` takes a part of it, in front of a queue of ``queue``
    seconds. ``wanted`` is what the receiver could use: no more than that is sent. ``loss`` is random."""

    def __init__(
        self, capacity: float, *, start: float = 2_500_000.0, wanted: float = 20e6, loss: float = 0.0,
        queue: float = 0.3, one_way: float = 0.025, seed: int = 1, jitter: float = 0.0,
    ) -> None:  # fmt: skip
        self.capacity: float = capacity
        self.wanted: float = wanted
        self.loss: float = loss
        self.queue: float = queue
        self.one_way: float = one_way
        self.jitter: float = jitter
        self.cross: Callable[[float], float] = lambda _: 0.0
        self.now: float = 100.0
        self.delay: float = 0.0  # of the queue now
        self.worst: float = 0.0  # since it was last set to 0
        self.padded: int = 0  # bytes of probes
        self.delivery: Delivery = Delivery()
        self.estimate: DownlinkEstimate = DownlinkEstimate(start)
        self.estimate.wanted = wanted
        self._random: random.Random = random.Random(seed)
        self._busy_until: float = 0.0
        self._frame_at: float = self.now
        self._told_at: float = self.now
        self._ticked_at: float = self.now
        self._credit: float = 0.0
        self._number: int = 1
        self._flying: deque[tuple[float, int]] = deque()  # arrival and number
        self._arrived: dict[int, float] = {}
        self._base: int = 1
        self._back: deque[tuple[float, int, dict[int, float], int]] = deque()
        self._probes: deque[Probe] = deque()
        self._probe_sent: int = 0
        self._probe_at: float = 0.0
        self._last_arrival: float = 0.0

    def run(self, seconds: float) -> float:
        """Let time pass; returns the estimate in bit/s."""
        end = self.now + seconds
        while self.now < end:
            self._step()
        return self.estimate.bitrate

    def history(self, seconds: float) -> list[float]:
        """The estimate after each tenth of a second."""
        return [self.run(0.1) for _ in range(round(seconds * 10))]

    def _step(self) -> None:
        self.now += STEP
        if self.now >= self._frame_at:
            self._frame_at += FRAME
            self._credit += min(self.estimate.bitrate, self.wanted) * FRAME / 8
            while self._credit >= PACKET:
                self._credit -= PACKET
                self._send(PACKET, 0)
        self._send_probes()
        while self._flying and self._flying[0][0] <= self.now:
            at, number = self._flying.popleft()
            self._arrived[number] = at
        if self.now - self._told_at >= FEEDBACK and self._arrived:
            self._told_at = self.now
            last = max(self._arrived)
            self._back.append((self.now + self.one_way, self._base, self._arrived, last))
            self._base, self._arrived = last + 1, {}
        while self._back and self._back[0][0] <= self.now:
            _, base, arrived, last = self._back.popleft()
            self._tell(base, arrived, last)
        if self.now - self._ticked_at >= 0.1:
            self._ticked_at = self.now
            self._probes += self.estimate.tick(self.now)

    def _send_probes(self) -> None:
        if not self._probes:
            return
        probe = self._probes[0]
        if self._probe_sent == 0:
            self._probe_at = self.now
        while self._probe_sent * PACKET * 8 <= (self.now - self._probe_at) * probe.bitrate:
            self._send(PACKET, probe.cluster)
            self.padded += PACKET
            self._probe_sent += 1
            if self._probe_sent >= probe.packets and self._probe_sent * PACKET >= probe.octets:
                self._probes.popleft()
                self._probe_sent = 0
                return

    def _send(self, size: int, probe: int) -> None:
        number = self._number
        self._number += 1
        self.delivery.sent(size, probe, self.now)
        free = max(1_000.0, self.capacity - self.cross(self.now))
        self.delay = max(0.0, self._busy_until - self.now)
        if self.delay > self.queue:
            return
        self.worst = max(self.worst, self.delay)
        self._busy_until = max(self.now, self._busy_until) + size * 8 / free
        if self._random.random() >= self.loss:
            arrival = self._busy_until + self.one_way + self._random.random() * self.jitter
            self._last_arrival = max(arrival, self._last_arrival)
            self._flying.append((self._last_arrival, number))

    def _tell(self, base: int, arrived: dict[int, float], last: int) -> None:
        self.delivery.reset()
        for number in range(base, last + 1):
            at = arrived.get(number)
            if at is None:
                self.delivery.missing(number & 0xFFFF)
            else:
                self.delivery.arrived(number & 0xFFFF, at - 40.0)  # the receiver's clock is another
        told: Feedback = feedback_of(numbers_of(self.delivery, self.now), 1, self.one_way * 2 + self.delay, self.now)
        self.estimate.feedback(told)
