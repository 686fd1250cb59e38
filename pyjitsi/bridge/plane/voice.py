"""Sound on its way to receivers: numbers that go on without a hole, whatever is left out or takes a stream's place.

``Gaps`` closes, once for all receivers, what is left out of a stream (silence, what is muted, who is not among the
loudest). ``Voice`` is one receiver's: where another source was sent under the same SSRC before, it goes on from there.

Compiled with ``voice.pxd`` where the extension is built; the same lines run interpreted.
"""

SEQUENCE_MASK = 0xFFFF
TIMESTAMP_MASK = 0xFFFFFFFF
LEFT_OUT = 32  # holes that are remembered, for packets that come late
MIN_TICKS = 960  # a change of source advances the time stamp by a packet of 20 ms at least
RATE = 48000
SILENCE = 127  # RFC 6464's level
SILENT = 3  # packets of silence in a row that pass: a decoder is to hear that it got silent
NOTHING = -1
NEVER = -1e9
ARRIVED = 62
ARRIVED_MASK = 0x3FFFFFFFFFFFFFFF  # so many bits
ONE = 1  # of 64 bits where this is compiled; C shifts a literal in 32
COMPILED = __file__.endswith(".so")


class Gaps:
    """Numbers of a stream as if what was left out had never been sent."""

    left_number: list[int]
    left_delta: list[int]

    def __init__(self) -> None:
        self.highest: int = -1  # extended number
        self.delta: int = 0
        self.left_count: int = 0
        self.silent: int = 0
        self.told_at: float = NEVER
        self.oldest: int = -1
        self.newest: int = -1
        self.arrived: int = 0  # a bit for the newest number and each of those before it
        if not COMPILED:
            make_arrays(self)

    def silence(self, level: int) -> bool:
        """Whether a packet of this level is one of silence too many."""
        if level != SILENCE:
            self.silent = 0
            return False
        self.silent += 1
        return self.silent > SILENT

    def untold(self, at: float) -> bool:
        """Whether it is time to tell that packets come without a level."""
        if at - self.told_at < 1.0:
            return False
        self.told_at = at
        return True

    def arrive(self, number: int) -> bool:
        """Note that a packet came, or that its content did in another's redundancy; False where it was there before, or
        is too late to tell."""
        if self.newest < 0:
            self.oldest = number
            self.newest = number
            self.arrived = 1
            return True
        behind = self.newest - number
        if behind >= ARRIVED:
            return False
        if behind >= 0:
            if self.arrived >> behind & 1:
                return False
            self.arrived = self.arrived | ONE << behind
            return True
        self.arrived = 1 if -behind >= ARRIVED else (self.arrived << -behind | ONE) & ARRIVED_MASK
        self.newest = number
        return True

    def missing(self, number: int) -> bool:
        """Whether a packet should have come before the newest and did not."""
        behind = self.newest - number
        return number >= self.oldest and 0 <= behind < ARRIVED and self.arrived >> behind & 1 == 0

    def leave_out(self, number: int) -> None:
        """Close the gap that a packet leaves which goes to nobody."""
        if number > self.highest:
            slot = self.left_count % LEFT_OUT
            self.left_number[slot] = number
            self.left_delta[slot] = self.delta
            self.left_count += 1
            self.delta -= 1
            self.highest = number

    def closed(self, number: int) -> int:
        """What a packet's extended number becomes."""
        delta = self.delta
        if number > self.highest:
            self.highest = number
            return number + delta
        index = self.left_count - 1  # newest first, down to the first hole after this packet
        while index >= 0 and index >= self.left_count - LEFT_OUT and self.left_number[index % LEFT_OUT] > number:
            delta = self.left_delta[index % LEFT_OUT]
            index -= 1
        return number + delta


class Voice:
    """``out_…`` is what the packet becomes that ``accept`` took last."""

    def __init__(self) -> None:
        self.begun: bool = False
        self.first: int = 0  # numbers before that were another source's
        self.sequence_delta: int = 0
        self.timestamp_delta: int = 0
        self.last_sequence: int = NOTHING
        self.last_timestamp: int = 0
        self.last_at: float = 0.0
        self.out_sequence: int = 0
        self.out_timestamp: int = 0

    def go_on(self, sequence: int, timestamp: int, at: float) -> None:
        """What was sent last under this SSRC, and when."""
        self.last_sequence = sequence
        self.last_timestamp = timestamp
        self.last_at = at

    def current_timestamp(self, timestamp: int) -> int:
        """A time stamp of the source, as the receiver sees it."""
        return (timestamp + self.timestamp_delta) & TIMESTAMP_MASK

    def accept(self, number: int, timestamp: int, at: float) -> bool:
        """Whether a packet is for the receiver; ``number`` is extended, ``at`` when it arrived."""
        if not self.begun:
            self.begun = True
            if self.last_sequence >= 0:
                self.first = number
                ticks = int((at - self.last_at) * RATE + 0.5)
                if ticks < MIN_TICKS:
                    ticks = MIN_TICKS
                self.sequence_delta = (self.last_sequence + 1 - number) & SEQUENCE_MASK
                self.timestamp_delta = (self.last_timestamp + ticks - timestamp) & TIMESTAMP_MASK
        if number < self.first:
            return False
        self.out_sequence = (number + self.sequence_delta) & SEQUENCE_MASK
        self.out_timestamp = (timestamp + self.timestamp_delta) & TIMESTAMP_MASK
        if self.last_sequence < 0 or 0 < (self.out_sequence - self.last_sequence) & SEQUENCE_MASK < 0x8000:
            self.last_sequence = self.out_sequence
            self.last_timestamp = self.out_timestamp
            self.last_at = at
        return True


def make_arrays(gaps: Gaps) -> None:
    """What compiled gaps have from the start."""
    gaps.left_number = [0] * LEFT_OUT
    gaps.left_delta = [0] * LEFT_OUT
