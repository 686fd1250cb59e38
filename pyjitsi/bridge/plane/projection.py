"""From the layers of a source to the one clean stream that a receiver sees.

A projection picks what passes and rewrites sequence number, time stamp, and VP8's picture id and TL0PICIDX, so that the
receiver sees numbers without holes other than real loss, whatever was left out or switched.
"""

from pyjitsi.bridge.plane.api import OFF
from pyjitsi.rtp.sequence import SEQUENCE_MASK, TIMESTAMP_MASK, distance
from pyjitsi.rtp.vp8 import PICTURE_ID_MASK, Vp8Descriptor

FRAMES = 300  # of one encoding whose fate is remembered, for late packets
MIN_TICKS = 3000  # a switch advances the time stamp by a frame of 30 per second at least
DROPPED = -1


class Rewritten:
    """What a projection makes of a packet."""

    __slots__ = ("payload", "sequence", "timestamp")

    def __init__(self, sequence: int, timestamp: int, payload: bytes) -> None:
        self.sequence: int = sequence
        self.timestamp: int = timestamp
        self.payload: bytes = payload


class Projection:
    """Base: one encoding in, one stream out; numbers are continued across pauses and switches."""

    def __init__(self, sequence: int, timestamp: int) -> None:
        self.encoding: int = OFF
        self.target: int = OFF
        self.wants_keyframe: bool = False
        self.last_sequence: int = sequence
        self.last_timestamp: int = timestamp
        self.last_at: float = 0.0
        self._sequence_delta: int = 0
        self._timestamp_delta: int = 0
        self._highest: int = -1  # extended input number of the current encoding
        self._left_out: dict[int, int] = {}  # input number to delta before the hole that it was

    def set_target(self, layer: int) -> None:
        """The highest layer to pass; OFF stops at once."""
        self.target = layer
        if layer == OFF:
            self.encoding = OFF
            self.wants_keyframe = False
        elif layer >> 6 != self.encoding:
            self.wants_keyframe = True

    def _begin(self, number: int, timestamp: int, at: float) -> None:
        """Continue the outgoing stream at this packet of a new encoding or after a pause."""
        ticks = MIN_TICKS if not self.last_at else max(MIN_TICKS, round((at - self.last_at) * 90000))
        self._sequence_delta = (self.last_sequence + 1 - number) & SEQUENCE_MASK
        self._timestamp_delta = (self.last_timestamp + ticks - timestamp) & TIMESTAMP_MASK
        self._highest = number - 1
        self._left_out.clear()

    def _pass(self, number: int, timestamp: int, at: float, payload: bytes) -> Rewritten:
        delta = self._sequence_delta
        if number < self._highest:
            for left_out, before in self._left_out.items():
                if left_out > number:
                    delta = before
                    break
        sequence = (number + delta) & SEQUENCE_MASK
        out = (timestamp + self._timestamp_delta) & TIMESTAMP_MASK
        if distance(sequence, self.last_sequence & SEQUENCE_MASK) > 0:
            self.last_sequence = sequence
            self.last_timestamp = out
            self.last_at = at
        self._highest = max(self._highest, number)
        return Rewritten(sequence, out, payload)

    def _leave_out(self, number: int) -> None:
        """Close the gap that a packet leaves which does not pass."""
        if number > self._highest:
            self._left_out[number] = self._sequence_delta
            if len(self._left_out) > FRAMES * 4:
                del self._left_out[next(iter(self._left_out))]
            self._sequence_delta = (self._sequence_delta - 1) & SEQUENCE_MASK
            self._highest = number

    def skip(self, encoding: int, number: int) -> None:
        """Note a packet of padding, which leaves no hole."""
        if encoding == self.encoding:
            self._leave_out(number)

    def outgoing_timestamp(self, timestamp: int) -> int:
        """A time stamp of the current encoding, as the receiver sees it."""
        return (timestamp + self._timestamp_delta) & TIMESTAMP_MASK

    def accept(
        self, encoding: int, number: int, timestamp: int, payload: bytes, vp8: Vp8Descriptor | None, at: float
    ) -> Rewritten | None:
        """The packet for the receiver, or None where it is not for it. ``number`` is the extended sequence number."""
        if self.target == OFF or encoding != 0:
            return None
        if self.encoding == OFF:
            self.encoding = 0
            self._begin(number, timestamp, at)
            self.wants_keyframe = True
        elif self.wants_keyframe:
            self.wants_keyframe = False
        return self._pass(number, timestamp, at, payload)


class Vp8Projection(Projection):
    """VP8 with simulcast and temporal layers."""

    def __init__(self, sequence: int, timestamp: int, picture: int) -> None:
        super().__init__(sequence, timestamp)
        self.last_picture: int = picture
        self.last_tl0: int = 0
        self._picture_delta: int = 0
        self._tl0_delta: int = 0
        self._frames: dict[int, int] = {}  # incoming picture id to outgoing, or DROPPED
        self._newest: int = -1
        self._flowing: dict[int, float] = {}  # encoding to when it was last seen

    def accept(
        self, encoding: int, number: int, timestamp: int, payload: bytes, vp8: Vp8Descriptor | None, at: float
    ) -> Rewritten | None:
        if vp8 is None or self.target == OFF:
            return None
        wanted = self.target >> 6
        self._flowing[encoding] = at
        if vp8.keyframe and encoding != self.encoding and self._may_switch(encoding, wanted, at):
            self.encoding = encoding
            self._begin(number, timestamp, at)
            self._picture_delta = (self.last_picture + 1 - vp8.picture_id) & PICTURE_ID_MASK
            self._tl0_delta = (self.last_tl0 + 1 - vp8.tl0) & 0xFF
            self._frames.clear()
            self._newest = -1
        if encoding != self.encoding:
            self.wants_keyframe = self.wants_keyframe or (self.encoding != wanted and encoding == wanted)
            return None
        if self.encoding == wanted:
            self.wants_keyframe = False
        elif not any(abs(each - wanted) < abs(self.encoding - wanted) and at - seen < 1.0
                     for each, seen in self._flowing.items() if (each <= wanted) == (self.encoding <= wanted)
                     or each == wanted):  # fmt: skip
            self.wants_keyframe = False  # nothing nearer to the target flows
        return self._frame(number, timestamp, payload, vp8, at)

    def _may_switch(self, encoding: int, wanted: int, at: float) -> bool:
        current = self.encoding
        if encoding > wanted:
            return False
        if current == OFF or current > wanted:
            return True
        return encoding > current or at - self._flowing.get(current, -1e9) > 1.0

    def _frame(self, number: int, timestamp: int, payload: bytes, vp8: Vp8Descriptor, at: float) -> Rewritten | None:
        picture = vp8.picture_id
        if picture < 0:
            return self._pass(number, timestamp, at, payload)
        out = self._frames.get(picture)
        if out is None:
            out = self._new_frame(picture, vp8)
        if out == DROPPED:
            self._leave_out(number)
            return None
        tl0 = (vp8.tl0 + self._tl0_delta) & 0xFF
        if vp8.tl0 >= 0 and vp8.temporal == 0:
            self.last_tl0 = tl0
        return self._pass(number, timestamp, at, vp8.rewrite(payload, out, tl0))

    def _new_frame(self, picture: int, vp8: Vp8Descriptor) -> int:
        mask = PICTURE_ID_MASK if vp8.long_id else 0x7F
        ahead = self._newest < 0 or (picture - self._newest) & mask <= mask >> 1
        limit = self.target & 7 if self.encoding == self.target >> 6 else (0 if self.encoding > self.target >> 6 else 7)
        if vp8.temporal > limit and ahead:
            out = DROPPED
            self._picture_delta = (self._picture_delta - 1) & PICTURE_ID_MASK
        else:
            out = (picture + self._picture_delta) & PICTURE_ID_MASK
            if ahead:
                self.last_picture = out
        if ahead:
            self._newest = picture
        self._frames[picture] = out
        if len(self._frames) > FRAMES:
            del self._frames[next(iter(self._frames))]
        return out
