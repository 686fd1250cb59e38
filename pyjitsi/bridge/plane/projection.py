"""From the layers of a source to the one clean stream that a receiver sees.

A projection picks what passes and rewrites sequence number, time stamp, and VP8's picture id and TL0PICIDX, so that the
receiver sees numbers without holes other than real loss, whatever was left out or switched.

Compiled with ``projection.pxd`` where the extension is built; the same lines run interpreted.
"""

OFF = -1
SEQUENCE_MASK = 0xFFFF
TIMESTAMP_MASK = 0xFFFFFFFF
PICTURE_MASK = 0x7FFF
FRAMES = 512  # of one encoding whose fate is remembered, for late packets
LEFT_OUT = 256  # holes that are remembered, for the same
ENCODINGS = 8
LATEST = 1024  # packets behind the newest: browsers' replay window (RFC 3711 section 3.3.2), beyond it all are dropped
MIN_TICKS = 3000  # a switch advances the time stamp by a frame of 30 per second at least
DROPPED = -1
NEVER = -1e9
COMPILED = __file__.endswith(".so")


class Projection:
    """``out_…`` is what the packet becomes that ``accept`` took last; numbers go on across pauses and switches."""

    left_number: list[int]
    left_delta: list[int]
    frame_in: list[int]
    frame_out: list[int]
    flowing: list[float]

    def __init__(self, sequence: int, timestamp: int, picture: int) -> None:
        self.encoding: int = OFF
        self.target: int = OFF
        self.wants_keyframe: bool = False
        self.last_sequence: int = sequence
        self.last_timestamp: int = timestamp
        self.last_picture: int = picture
        self.last_tl0: int = 0
        self.last_at: float = 0.0
        self.out_sequence: int = 0
        self.out_timestamp: int = 0
        self.out_picture: int = 0
        self.out_tl0: int = 0
        self.sequence_delta: int = 0
        self.timestamp_delta: int = 0
        self.picture_delta: int = 0
        self.tl0_delta: int = 0
        self.highest: int = -1  # extended input number of the current encoding
        self.first: int = 0  # where it began for this receiver: numbers before that were another encoding's
        self.newest: int = -1  # picture id, as it came
        self.left_count: int = 0
        if not COMPILED:
            make_arrays(self)
        for index in range(ENCODINGS):
            self.flowing[index] = NEVER
        self.forget_frames()

    def forget_frames(self) -> None:
        """Forget what became of earlier pictures."""
        self.newest = -1
        for index in range(FRAMES):
            self.frame_in[index] = -1

    def set_target(self, layer: int) -> None:
        """The highest layer to pass; OFF stops at once."""
        self.target = layer
        if layer == OFF:
            self.encoding = OFF
            self.wants_keyframe = False
        elif layer >> 6 != self.encoding:
            self.wants_keyframe = True

    def current_timestamp(self, timestamp: int) -> int:
        """A time stamp of the current encoding, as the receiver sees it."""
        return (timestamp + self.timestamp_delta) & TIMESTAMP_MASK

    def skip(self, encoding: int, number: int) -> None:
        """Note a packet of padding, which leaves no hole."""
        if encoding == self.encoding:
            self.leave_out(number)

    def accept(
        self, encoding: int, number: int, timestamp: int, keyframe: bool, picture: int, tl0: int, temporal: int,
        long_id: bool, at: float,
    ) -> bool:  # fmt: skip
        """Whether a packet is for the receiver. ``number`` is the extended sequence number; ``picture`` and ``tl0`` are
        -1 where the codec has none; ``keyframe`` is true for the packet that begins one."""
        if self.target == OFF or not 0 <= encoding < ENCODINGS:
            return False
        wanted = self.target >> 6
        self.flowing[encoding] = at
        if keyframe and encoding != self.encoding and self.may_switch(encoding, wanted, at):
            self.encoding = encoding
            self.begin(number, timestamp, at)
            self.picture_delta = (self.last_picture + 1 - picture) & PICTURE_MASK
            self.tl0_delta = (self.last_tl0 + 1 - tl0) & 0xFF
            self.forget_frames()
        if encoding != self.encoding:
            if self.encoding != wanted and encoding == wanted:
                self.wants_keyframe = True
            return False
        if self.encoding == wanted or not self.nearer_flows(wanted, at):
            self.wants_keyframe = False
        if number < self.first or number + LATEST <= self.highest:
            return False
        if picture < 0:
            self.pass_on(number, timestamp, at)
            return True
        out = self.frame(picture, temporal, long_id)
        if out == DROPPED:
            self.leave_out(number)
            return False
        self.out_picture = out
        self.out_tl0 = (tl0 + self.tl0_delta) & 0xFF
        if tl0 >= 0 and temporal == 0:
            self.last_tl0 = self.out_tl0
        self.pass_on(number, timestamp, at)
        return True

    def may_switch(self, encoding: int, wanted: int, at: float) -> bool:
        """Whether to go over to an encoding that has a key frame now."""
        if encoding > wanted:
            return False
        if self.encoding == OFF or self.encoding > wanted:
            return True
        return encoding > self.encoding or at - self.flowing[self.encoding] > 1.0

    def nearer_flows(self, wanted: int, at: float) -> bool:
        """Whether an encoding flows that is nearer to the wanted one than the current."""
        step = 1 if wanted > self.encoding else -1
        each = self.encoding
        while each != wanted:
            each += step
            if 0 <= each < ENCODINGS and at - self.flowing[each] < 1.0:
                return True
        return False

    def begin(self, number: int, timestamp: int, at: float) -> None:
        """Continue the outgoing stream at this packet of a new encoding or after a pause."""
        ticks = MIN_TICKS
        if self.last_at > 0.0:
            passed = int((at - self.last_at) * 90000 + 0.5)
            if passed > ticks:
                ticks = passed
        self.sequence_delta = (self.last_sequence + 1 - number) & SEQUENCE_MASK
        self.timestamp_delta = (self.last_timestamp + ticks - timestamp) & TIMESTAMP_MASK
        self.highest = number - 1
        self.first = number
        self.left_count = 0

    def pass_on(self, number: int, timestamp: int, at: float) -> None:
        """Number a packet that passes."""
        delta = self.sequence_delta
        if number < self.highest:
            index = self.left_count - 1  # newest first; the hole before which it belongs is the oldest after it
            while index >= 0 and index >= self.left_count - LEFT_OUT and self.left_number[index % LEFT_OUT] > number:
                delta = self.left_delta[index % LEFT_OUT]
                index -= 1
        else:
            self.highest = number
        sequence = (number + delta) & SEQUENCE_MASK
        out = (timestamp + self.timestamp_delta) & TIMESTAMP_MASK
        if 0 < (sequence - self.last_sequence) & SEQUENCE_MASK < 0x8000:
            self.last_sequence = sequence
            self.last_timestamp = out
            self.last_at = at
        self.out_sequence = sequence
        self.out_timestamp = out

    def leave_out(self, number: int) -> None:
        """Close the gap that a packet leaves which does not pass."""
        if number > self.highest:
            slot = self.left_count % LEFT_OUT
            self.left_number[slot] = number
            self.left_delta[slot] = self.sequence_delta
            self.left_count += 1
            self.sequence_delta = (self.sequence_delta - 1) & SEQUENCE_MASK
            self.highest = number

    def frame(self, picture: int, temporal: int, long_id: bool) -> int:
        """The outgoing picture id, or DROPPED; decided at a picture's first packet and kept."""
        slot = picture % FRAMES
        if self.frame_in[slot] == picture:
            return self.frame_out[slot]
        mask = PICTURE_MASK if long_id else 0x7F
        ahead = self.newest < 0 or (picture - self.newest) & mask <= mask >> 1
        limit = 7
        if self.encoding == self.target >> 6:
            limit = self.target & 7
        elif self.encoding > self.target >> 6:
            limit = 0
        if temporal > limit and ahead:
            out = DROPPED
            self.picture_delta = (self.picture_delta - 1) & PICTURE_MASK
        else:
            out = (picture + self.picture_delta) & PICTURE_MASK
            if ahead:
                self.last_picture = out
        if ahead:
            self.newest = picture
        self.frame_in[slot] = picture
        self.frame_out[slot] = out
        return out


def make_arrays(projection: Projection) -> None:
    """What a compiled projection has from the start."""
    projection.left_number = [0] * LEFT_OUT
    projection.left_delta = [0] * LEFT_OUT
    projection.frame_in = [0] * FRAMES
    projection.frame_out = [0] * FRAMES
    projection.flowing = [0.0] * ENCODINGS
