"""What transport-wide feedback says of one receiver's downlink, taken in packet by packet.

``sent`` numbers a departure; ``arrived`` and ``missing`` tell of each. Kept are: whether the queue grows (trendline
filter and overuse detector of draft-ietf-rmcat-gcc-02 sections 5.3 to 5.5, with the slope of a line in the Kalman
filter's place, as GoogCC has it), how much really gets through, and how a probe went. What is made of it, a few times a
second, is ``bridge.estimate``'s business.

Compiled with ``delivery.pxd`` where the extension is built; the same lines run interpreted.
"""

DEPARTURES = 1024  # transport-wide numbers that may still be told of
BUCKETS = 20  # of 50 ms: the sent bit rate of the last second
GROUP = 0.005  # seconds within which packets that are sent make one group
BURST = 0.100  # and no longer than this, where the path delivers them together
TREND = 20  # groups that the line is laid through
SMOOTHING = 0.9
GAIN = 4.0
MOST_GROUPS = 60
START_THRESHOLD, LEAST_THRESHOLD, MOST_THRESHOLD = 12.5, 6.0, 600.0  # ms
THRESHOLD_RISE, THRESHOLD_FALL = 0.0087, 0.039  # a ms
THRESHOLD_LEAP = 15.0  # ms beyond the threshold that do not move it
OVERUSE_TIME = 10.0  # ms that growth must last
STALE = 2.0  # seconds without an arrival after which what was learnt of the queue is forgotten
ABSURD = 3.0  # seconds by which two groups' delays can't differ: the receiver's clock was set
THROUGHPUT = 512  # arrivals that the throughput is taken from, at most 500 of them,
ENOUGH, LEAST, WINDOW, LONGEST = 20, 10, 1.0, 5.0  # and less once there are 20 over a second
RECENT = 0.35  # seconds that tell soonest what a link carries that has just become narrow
NORMAL, OVERUSE, UNDERUSE = 0, 1, -1
NONE = -1.0
NEVER = -1e9
COMPILED = __file__.endswith(".so")


class Delivery:
    """Totals since ``reset``: packets and bytes that arrived or were lost, whether the queue grew in between."""

    departed_at: list[float]
    departed_size: list[int]
    departed_probe: list[int]
    bucket_of: list[int]
    bucket_bytes: list[int]
    trend_at: list[float]
    trend_delay: list[float]
    got_sent: list[float]
    got_at: list[float]
    got_size: list[int]

    def __init__(self) -> None:
        self.next: int = 1  # transport-wide number
        if not COMPILED:
            make_arrays(self)
        for index in range(DEPARTURES):
            self.departed_at[index] = NEVER
        for index in range(BUCKETS):
            self.bucket_of[index] = -1
            self.bucket_bytes[index] = 0
        # Since the last reset.
        self.delivered: int = 0
        self.lost: int = 0
        self.delivered_bytes: int = 0
        self.lost_bytes: int = 0
        self.overused: bool = False
        self.recovered: bool = False  # the queue had drained, and normal use came back
        # The queue.
        self.usage: int = NORMAL
        self.arrival: float = NONE  # of the last packet, on the receiver's clock
        self.threshold: float = START_THRESHOLD
        self.group_first_sent: float = NONE
        self.group_sent: float = NONE
        self.group_first_at: float = NONE
        self.group_at: float = NONE
        self.before_sent: float = NONE
        self.before_at: float = NONE
        self.groups: int = 0
        self.delay: float = 0.0  # ms
        self.smoothed: float = 0.0
        self.trend: float = 0.0
        self.over_for: float = NONE  # ms
        self.over_count: int = 0
        self.moved_at: float = NONE
        self.first_at: float = NONE
        self.backwards: int = 0
        # Throughput.
        self.got: int = 0
        self.got_from: int = 0
        # The probe that was told of last.
        self.probe: int = 0
        self.probe_packets: int = 0
        self.probe_bytes: int = 0
        self.probe_first_sent: float = 0.0
        self.probe_last_sent: float = 0.0
        self.probe_first_at: float = 0.0
        self.probe_last_at: float = 0.0
        self.probe_first_size: int = 0
        self.probe_last_size: int = 0

    def reset(self) -> None:
        """Begin to count anew; what is known of queue and throughput stays."""
        self.delivered = self.lost = self.delivered_bytes = self.lost_bytes = 0
        self.overused = self.recovered = False

    # Out.

    def sent(self, size: int, probe: int, now: float) -> None:
        """A packet of ``size`` bytes leaves with the number ``next``; ``probe`` is the cluster that it is of, or 0."""
        slot = self.next % DEPARTURES
        self.next = (self.next + 1) & 0xFFFF
        self.departed_at[slot] = now
        self.departed_size[slot] = size
        self.departed_probe[slot] = probe
        current = int(now * BUCKETS)
        slot = current % BUCKETS
        if self.bucket_of[slot] != current:
            self.bucket_of[slot] = current
            self.bucket_bytes[slot] = 0
        self.bucket_bytes[slot] += size

    def bitrate(self, now: float) -> float:
        """What was sent over the last second, in bit/s."""
        current = int(now * BUCKETS)
        total = 0
        for index in range(BUCKETS):
            if current - self.bucket_of[index] < BUCKETS:
                total += self.bucket_bytes[index]
        return total * 8.0

    def departure(self, number: int) -> int:
        """The slot of a number that was sent and not told of yet; -1 of any other."""
        if (self.next - number) & 0xFFFF > DEPARTURES or number == self.next:
            return -1
        slot = number % DEPARTURES
        return slot if self.departed_at[slot] > NEVER else -1

    # Feedback.

    def missing(self, number: int) -> bool:
        """A packet was lost, or has not arrived yet. False for a number that was not sent."""
        slot = self.departure(number)
        if slot < 0:
            return False
        self.departed_at[slot] = NEVER
        self.lost += 1
        self.lost_bytes += self.departed_size[slot]
        return True

    def arrived(self, number: int, at: float) -> bool:
        """A packet arrived; ``at`` is seconds on the receiver's clock. False for a number that was not sent."""
        slot = self.departure(number)
        if slot < 0:
            return False
        sent = self.departed_at[slot]
        size = self.departed_size[slot]
        self.departed_at[slot] = NEVER
        self.delivered += 1
        self.delivered_bytes += size
        if self.departed_probe[slot]:
            self.probed(self.departed_probe[slot], sent, at, size)
        self.group(sent, at)
        self.through(sent, at, size)
        self.arrival = at
        return True

    def probed(self, probe: int, sent: float, at: float, size: int) -> None:
        """Count a probe's packet."""
        if probe != self.probe:
            self.probe = probe
            self.probe_packets = self.probe_bytes = 0
            self.probe_first_sent = self.probe_last_sent = sent
            self.probe_first_at = self.probe_last_at = at
            self.probe_first_size = self.probe_last_size = size
        self.probe_packets += 1
        self.probe_bytes += size
        if sent < self.probe_first_sent:
            self.probe_first_sent = sent
        if sent >= self.probe_last_sent:
            self.probe_last_sent = sent
            self.probe_last_size = size
        if at < self.probe_first_at:
            self.probe_first_at = at
            self.probe_first_size = size
        if at > self.probe_last_at:
            self.probe_last_at = at

    # The queue: groups of packets, the delay that each adds, and the trend of their sum.

    def group(self, sent: float, at: float) -> None:
        """Add a packet to its group; the one before is complete where this begins another."""
        if self.arrival >= 0 and (at - self.arrival > STALE or self.arrival - at > STALE):
            self.forget_queue()
        if self.group_at < 0:
            self.begin_group(sent, at)
            return
        if sent < self.group_first_sent:
            return  # of an earlier group: the path changed its order
        late = at - self.group_at
        together = sent == self.group_sent or (
            late < sent - self.group_sent and late <= GROUP and at - self.group_first_at < BURST
        )
        if together or sent - self.group_first_sent <= GROUP:
            if sent > self.group_sent:
                self.group_sent = sent
            if at > self.group_at:
                self.group_at = at
            return
        if self.before_at >= 0:
            self.compare(self.group_sent - self.before_sent, self.group_at - self.before_at, self.group_at)
        self.before_sent, self.before_at = self.group_sent, self.group_at
        self.begin_group(sent, at)

    def begin_group(self, sent: float, at: float) -> None:
        """The first packet of a group."""
        self.group_first_sent = self.group_sent = sent
        self.group_first_at = self.group_at = at

    def forget_queue(self) -> None:
        """Nothing that is known of the queue holds any more."""
        self.group_at = self.before_at = NONE
        self.groups = 0
        self.delay = self.smoothed = self.trend = 0.0
        self.over_for = NONE
        self.over_count = 0
        self.moved_at = self.first_at = NONE
        self.backwards = 0
        self.usage = NORMAL

    def compare(self, sent: float, arrived: float, at: float) -> None:
        """Two groups were sent and arrived so many seconds apart."""
        if arrived < 0:
            self.backwards += 1
            if self.backwards >= 3:
                self.forget_queue()
            return
        self.backwards = 0
        growth = arrived - sent
        if growth > ABSURD or growth < -ABSURD:
            self.forget_queue()
            return
        if self.first_at < 0:
            self.first_at = at
        self.groups += 1
        self.delay += growth * 1000
        self.smoothed = SMOOTHING * self.smoothed + (1 - SMOOTHING) * self.delay
        slot = self.groups % TREND
        self.trend_at[slot] = (at - self.first_at) * 1000
        self.trend_delay[slot] = self.smoothed
        slope = self.trend
        if self.groups >= TREND:
            slope = self.slope(slope)
        self.detect(slope, sent * 1000, at * 1000)

    def slope(self, otherwise: float) -> float:
        """Of the line through the delays of the last groups: 0 a steady queue, 1 one that takes all that is sent."""
        middle_at = middle_delay = 0.0
        for index in range(TREND):
            middle_at += self.trend_at[index]
            middle_delay += self.trend_delay[index]
        middle_at /= TREND
        middle_delay /= TREND
        above = below = 0.0
        for index in range(TREND):
            apart = self.trend_at[index] - middle_at
            above += apart * (self.trend_delay[index] - middle_delay)
            below += apart * apart
        return above / below if below > 0 else otherwise

    def detect(self, slope: float, sent: float, at: float) -> None:
        """Judge the trend; times in ms."""
        before = self.usage
        if self.groups < 2:
            return
        grown = (self.groups if self.groups < MOST_GROUPS else MOST_GROUPS) * slope * GAIN
        if grown > self.threshold:
            self.over_for = sent / 2 if self.over_for < 0 else self.over_for + sent
            self.over_count += 1
            if self.over_for > OVERUSE_TIME and self.over_count > 1 and slope >= self.trend:
                self.over_for = 0.0
                self.over_count = 0
                self.usage = OVERUSE
                self.overused = True
        else:
            self.over_for = NONE
            self.over_count = 0
            self.usage = UNDERUSE if grown < -self.threshold else NORMAL
            if before == UNDERUSE and self.usage == NORMAL:
                self.recovered = True
        self.trend = slope
        size = grown if grown >= 0 else -grown
        if self.moved_at < 0:
            self.moved_at = at
        passed = at - self.moved_at
        self.moved_at = at
        if size <= self.threshold + THRESHOLD_LEAP:
            pace = THRESHOLD_FALL if size < self.threshold else THRESHOLD_RISE
            self.threshold += pace * (size - self.threshold) * (passed if passed < 100.0 else 100.0)
            if self.threshold < LEAST_THRESHOLD:
                self.threshold = LEAST_THRESHOLD
            elif self.threshold > MOST_THRESHOLD:
                self.threshold = MOST_THRESHOLD

    # Throughput.

    def through(self, sent: float, at: float, size: int) -> None:
        """Add an arrival to the window that the throughput is taken from."""
        if self.got > self.got_from:
            newest = self.got_at[(self.got - 1) % THROUGHPUT]
            if newest - at > 1.0 or at - newest > 60.0:
                self.got_from = self.got  # the receiver's clock was set
        index = self.got
        self.got += 1
        # Rising by arrival: what came out of order goes where it belongs.
        while index > self.got_from and self.got_at[(index - 1) % THROUGHPUT] > at:
            self.got_sent[index % THROUGHPUT] = self.got_sent[(index - 1) % THROUGHPUT]
            self.got_at[index % THROUGHPUT] = self.got_at[(index - 1) % THROUGHPUT]
            self.got_size[index % THROUGHPUT] = self.got_size[(index - 1) % THROUGHPUT]
            index -= 1
        self.got_sent[index % THROUGHPUT] = sent
        self.got_at[index % THROUGHPUT] = at
        self.got_size[index % THROUGHPUT] = size
        newest = self.got_at[(self.got - 1) % THROUGHPUT]
        while self.got > self.got_from:
            span = newest - self.got_at[self.got_from % THROUGHPUT]
            count = self.got - self.got_from
            if count <= THROUGHPUT - 12 and span <= LONGEST and (count <= ENOUGH or span <= WINDOW):
                break
            self.got_from += 1

    def throughput(self) -> float:
        """What gets through, in bit/s; NONE while too little is known."""
        return self.over(LONGEST)

    def recent(self) -> float:
        """The same of the last third of a second."""
        return self.over(RECENT)

    def over(self, span: float) -> float:
        """What got through over the last ``span`` seconds, in bit/s; NONE while too little is known.

        It is the lesser of the rates of sending and of arrival. The longest pause between arrivals counts no more than
        the second longest, so that a path that stood still for a moment is not taken for a narrow one.
        """
        start = self.got_from
        if self.got > start:
            newest = self.got_at[(self.got - 1) % THROUGHPUT]
            while start < self.got and newest - self.got_at[start % THROUGHPUT] > span:
                start += 1
        if self.got - start < LEAST:
            return NONE
        gap = second = 0.0
        first = start % THROUGHPUT
        last = (self.got - 1) % THROUGHPUT
        first_sent = last_sent = self.got_sent[first]
        last_size = self.got_size[first]
        total = self.got_size[first]
        for index in range(start + 1, self.got):
            slot = index % THROUGHPUT
            pause = self.got_at[slot] - self.got_at[(index - 1) % THROUGHPUT]
            if pause > gap:
                second = gap
                gap = pause
            elif pause > second:
                second = pause
            total += self.got_size[slot]
            if self.got_sent[slot] < first_sent:
                first_sent = self.got_sent[slot]
            if self.got_sent[slot] >= last_sent:
                last_sent = self.got_sent[slot]
                last_size = self.got_size[slot]
        took = self.got_at[last] - self.got_at[first] - gap + second
        if took < 0.001:
            took = 0.001
        arriving = (total - self.got_size[first]) * 8.0 / took
        took = last_sent - first_sent
        if took < 0.001:
            took = 0.001
        sending = (total - last_size) * 8.0 / took
        return sending if sending < arriving else arriving


def make_arrays(delivery: Delivery) -> None:
    """What a compiled one has from the start."""
    delivery.departed_at = [NEVER] * DEPARTURES
    delivery.departed_size = [0] * DEPARTURES
    delivery.departed_probe = [0] * DEPARTURES
    delivery.bucket_of = [-1] * BUCKETS
    delivery.bucket_bytes = [0] * BUCKETS
    delivery.trend_at = [0.0] * TREND
    delivery.trend_delay = [0.0] * TREND
    delivery.got_sent = [0.0] * THROUGHPUT
    delivery.got_at = [0.0] * THROUGHPUT
    delivery.got_size = [0] * THROUGHPUT
