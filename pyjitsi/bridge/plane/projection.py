"""From the layers of a source to the one clean stream that a receiver sees.

A projection picks what passes and rewrites sequence number, time stamp, and VP8's picture id and TL0PICIDX, so that the
receiver sees numbers without holes other than real loss, whatever was left out or switched. Frames that carry a
dependency descriptor are chosen by decode targets, VP9's by spatial layers (RFC 9628), VP8's by temporal ones.

Compiled with ``projection.pxd`` where the extension is built; the same lines run interpreted.
"""

from pyjitsi.bridge.plane.frame import SCHEMES, Frame

LAYERS = SCHEMES["layers"]
TARGETS = SCHEMES["targets"]
TELL = SCHEMES["tell"]
NOT_PRESENT = 0  # as rtp.dependency has them
DISCARDABLE = 1
SWITCH = 2
OFF = -1
SEQUENCE_MASK = 0xFFFF
TIMESTAMP_MASK = 0xFFFFFFFF
PICTURE_MASK = 0x7FFF
FRAMES = 256  # of one encoding whose fate is remembered, for late packets
LEFT_OUT = 256  # holes that are remembered, for the same
ENCODINGS = 8
LATEST = 1024  # packets behind the newest: browsers' replay window (RFC 3711 section 3.3.2), beyond it all are dropped
MIN_TICKS = 3000  # a switch advances the time stamp by a frame of 30 per second at least
DROPPED = -1
FLOWS = 1.0  # seconds since a layer was seen
STALLED = 0.5  # seconds after which another encoding stands in for one that stopped,
MISSED = 3  # where the lowest had so many frames meanwhile; pictures of a screen may be seconds apart
SPATIAL_LAYERS = 8
NEVER = -1e9
COMPILED = __file__.endswith(".so")


class Projection:
    """``out_…`` is what the packet becomes that ``accept`` took last; numbers go on across pauses and switches."""

    left_number: list[int]
    left_delta: list[int]
    frame_in: list[int]
    frame_out: list[int]
    flowing: list[float]
    layer_at: list[float]

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
        self.newest: int = -1  # picture id; VP8's and VP9's with the turns that it took
        self.left_count: int = 0
        self.scheme: int = 0  # of frames, as ``frame`` numbers them
        self.out_marker: bool = False
        self.spatial: int = 0  # VP9: the layer that is shown, and how far up its temporal ones
        self.temporal: int = 0
        self.complete: int = 0  # spatial layers, a bit each, of which nothing was left out that later frames need
        self.ceiling: int = 0  # the spatial layer that ends the current picture
        self.goal: int = OFF  # decode target that is forwarded
        self.template_delta: int = 0
        self.next_template: int = 0
        self.told: int = OFF  # the layer that the receiver was told its decode targets end at
        self.stuck: bool = False  # the target takes a key frame
        self.missed: int = 0  # frames of the lowest encoding since the last packet of what is shown
        self.lowest_timestamp: int = 0
        if not COMPILED:
            make_arrays(self)
        for index in range(ENCODINGS):
            self.flowing[index] = NEVER
            self.layer_at[index] = NEVER
        self.forget_frames()

    def forget_frames(self) -> None:
        """Forget what became of earlier pictures."""
        self.newest = -1
        for index in range(FRAMES):
            self.frame_in[index] = -1

    def go_on(self, tl0: int, template: int, at: float) -> None:
        """The rest of what was sent last under this SSRC, and when; 0.0 where nothing was."""
        self.last_tl0 = tl0
        self.next_template = template
        self.last_at = at

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

    def accept(self, frame: Frame, encoding: int, number: int, timestamp: int, at: float) -> bool:
        """Whether a packet is for the receiver. ``number`` is the extended sequence number."""
        if self.target == OFF or not 0 <= encoding < ENCODINGS:
            return False
        wanted = self.target >> 6
        self.flowing[encoding] = at
        if encoding == self.encoding:
            self.missed = 0
        elif encoding == 0 and timestamp != self.lowest_timestamp and self.missed < MISSED:
            self.lowest_timestamp = timestamp
            self.missed += 1
        if (
            frame.keyframe
            and (encoding != self.encoding or frame.scheme != self.scheme)
            and (number >= self.first or encoding != self.encoding)
            and self.may_switch(encoding, wanted, at)
        ):
            self.encoding = encoding
            self.scheme = frame.scheme
            self.begin(number, timestamp, at)
            self.picture_delta = (self.last_picture + 1 - frame.picture) & frame.mask
            self.tl0_delta = (self.last_tl0 + 1 - frame.tl0) & 0xFF
            self.template_delta = (self.next_template - frame.dependency.offset) & 63
            self.goal = OFF
            self.told = OFF
            self.stuck = False
            self.forget_frames()
        if encoding != self.encoding:
            if (self.encoding != wanted and encoding == wanted) or (encoding < wanted and self.stalled(at)):
                self.wants_keyframe = True
            return False
        if frame.scheme != self.scheme or not frame.readable:
            self.wants_keyframe = True
            self.leave_out(number)
            return False
        if self.encoding == wanted or not self.nearer_flows(wanted, at):
            self.wants_keyframe = False
        if number < self.first or number + LATEST <= self.highest:
            return False
        self.out_marker = frame.marker
        self.out_picture = -1
        self.out_tl0 = -1
        if frame.picture >= 0 and not self.passes(frame, at):
            self.wants_keyframe = self.wants_keyframe or self.stuck
            self.leave_out(number)
            return False
        self.wants_keyframe = self.wants_keyframe or self.stuck
        self.pass_on(number, timestamp, at)
        return True

    def passes(self, frame: Frame, at: float) -> bool:
        """Whether a packet's frame is forwarded, and under which numbers."""
        if frame.scheme == TARGETS:
            out = self.target_frame(frame)
        elif frame.scheme == LAYERS:
            self.layer_at[frame.spatial & 7] = at
            out = self.layer_frame(frame, at)
        else:
            out = self.frame(frame.picture, frame.temporal, frame.mask)
        if out == DROPPED:
            return False
        self.out_picture = out
        if frame.scheme == TARGETS:
            self.dependency(frame)
            return True
        if frame.scheme == LAYERS and frame.ends and frame.spatial == self.ceiling:
            self.out_marker = True
        self.out_tl0 = (frame.tl0 + self.tl0_delta) & 0xFF
        if frame.tl0 >= 0 and frame.temporal == 0:
            self.last_tl0 = self.out_tl0
        return True

    def may_switch(self, encoding: int, wanted: int, at: float) -> bool:
        """Whether to go over to an encoding that has a key frame now."""
        if encoding == self.encoding:
            return True
        if encoding > wanted:
            return False
        if self.encoding == OFF or self.encoding > wanted:
            return True
        return encoding > self.encoding or self.stalled(at) or at - self.flowing[self.encoding] > FLOWS

    def stalled(self, at: float) -> bool:
        """Whether the encoding that is shown has stopped, while lower ones go on."""
        return self.missed >= MISSED and self.encoding != OFF and at - self.flowing[self.encoding] > STALLED

    def nearer_flows(self, wanted: int, at: float) -> bool:
        """Whether an encoding flows that is nearer to the wanted one than the current."""
        step = 1 if wanted > self.encoding else -1
        each = self.encoding
        while each != wanted:
            each += step
            if 0 <= each < ENCODINGS and at - self.flowing[each] < FLOWS:
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

    def limits(self) -> int:
        """The spatial and temporal layers to take of the current encoding, as a target numbers them: all where it is
        less than what is wanted, and as little as possible where it is more."""
        if self.encoding == self.target >> 6:
            return self.target & 63
        return 63 if self.encoding < self.target >> 6 else 0

    def extended(self, picture: int, mask: int) -> int:
        """A picture id that goes on where ids wrap: short ones come round again before their fate is forgotten."""
        if self.newest < 0:
            return picture + mask + 1
        ahead = (picture - self.newest) & mask
        return self.newest + ahead if ahead <= mask >> 1 else self.newest + ahead - mask - 1

    def frame(self, picture: int, temporal: int, mask: int) -> int:
        """The outgoing picture id, or DROPPED; decided at a picture's first packet and kept."""
        key = self.extended(picture, mask)
        slot = key % FRAMES
        if self.frame_in[slot] == key:
            return self.frame_out[slot]
        ahead = key > self.newest
        if temporal > self.limits() & 7 and ahead:
            out = DROPPED
            self.picture_delta = (self.picture_delta - 1) & PICTURE_MASK
        else:
            out = (picture + self.picture_delta) & PICTURE_MASK
            if ahead:
                self.last_picture = out
        if ahead:
            self.newest = key
        self.frame_in[slot] = key
        self.frame_out[slot] = out
        return out

    # VP9: one frame for each spatial layer of a picture; picture ids keep their distances, for references are relative.

    def layer_frame(self, frame: Frame, at: float) -> int:
        """The outgoing picture id, or DROPPED; decided at a frame's first packet and kept."""
        picture = self.extended(frame.picture, frame.mask)
        key = picture << 3 | frame.spatial
        slot = (picture << 2 | frame.spatial & 3) % FRAMES  # more than four layers take turns, if there are any
        if self.frame_in[slot] == key:
            return self.frame_out[slot]
        out = (frame.picture + self.picture_delta) & frame.mask
        if picture >= self.newest:
            if not self.layer_passes(frame, picture != self.newest, at):
                out = DROPPED
            else:
                self.last_picture = out
            self.newest = picture
        elif (
            frame.spatial > self.spatial
            or frame.temporal > self.temporal
            or (frame.spatial < self.spatial and frame.vp9.unreferenced)
        ):
            out = DROPPED  # late, and nothing of what was forwarded meanwhile needs it
        self.frame_in[slot] = key
        self.frame_out[slot] = out
        return out

    def layer_passes(self, frame: Frame, another: bool, at: float) -> bool:
        """Whether the newest frame is forwarded: a frame of the layer that is shown, and those below that it needs.
        ``another``: it is the first that is seen of its picture."""
        wanted = self.limits() >> 3 & 7
        limit = self.limits() & 7
        key = not frame.vp9.predicted
        while wanted > 0 and at - self.layer_at[wanted] > FLOWS and not (key and frame.spatial == 0):
            wanted -= 1
        if key and frame.spatial == 0:
            if frame.vp9.layers and wanted >= frame.vp9.layers:
                wanted = frame.vp9.layers - 1
            self.complete = 0
            self.spatial = 0
            self.temporal = limit
            self.ceiling = wanted
        elif another:
            if self.spatial > wanted and self.complete >> wanted & 1:
                self.spatial = wanted
            self.ceiling = self.spatial
        if key and self.spatial < frame.spatial <= self.ceiling:
            self.spatial = frame.spatial
        self.stuck = self.spatial != wanted and not (key and self.spatial < wanted <= self.ceiling)
        if self.spatial > wanted:
            limit = 0
        if limit < self.temporal or (frame.spatial == self.spatial and (
            frame.temporal == 0 or (frame.vp9.switching_up and frame.temporal == self.temporal + 1)
        )):  # fmt: skip
            self.temporal = limit
        passes = (
            (key or self.complete >> frame.spatial & 1 != 0)
            and frame.temporal <= self.temporal
            and (frame.spatial == self.spatial or (frame.spatial < self.spatial and not frame.vp9.unreferenced))
        )
        if key and frame.spatial < self.ceiling and frame.spatial <= self.spatial:
            passes = True  # a key picture's layers build on each other, whatever the bit says
        if passes and key:
            self.complete = self.complete | 1 << frame.spatial
        elif not passes and frame.temporal == 0:
            self.complete = self.complete & ~(1 << frame.spatial)
        return passes

    # Dependency descriptors: frame numbers keep their distances too; the structure says which target needs what.

    def target_frame(self, frame: Frame) -> int:
        """The outgoing frame number, or DROPPED; decided at a frame's first packet and kept."""
        slot = frame.picture % FRAMES
        if self.frame_in[slot] == frame.picture:
            return self.frame_out[slot]
        out = (frame.picture + self.picture_delta) & frame.mask
        if self.newest < 0 or (frame.picture - self.newest) & frame.mask <= frame.mask >> 1:
            if not self.target_passes(frame):
                out = DROPPED
            else:
                self.last_picture = out
            self.newest = frame.picture
        elif self.goal < 0 or frame.dependency.indications[self.goal] == NOT_PRESENT:
            out = DROPPED
        self.frame_in[slot] = frame.picture
        self.frame_out[slot] = out
        return out

    def target_passes(self, frame: Frame) -> bool:
        """Whether the newest frame is forwarded."""
        limits = self.limits()
        best = frame.dependency.target(limits >> 3 & 7, limits & 7)
        if best < 0:
            return False
        decodable = self.references_passed(frame)
        if frame.keyframe:
            self.goal = best
            self.stuck = False
        elif best == self.goal:
            self.stuck = False
        elif frame.dependency.indications[best] == SWITCH:
            self.stuck = not decodable
            if decodable:
                self.goal = best
        if self.goal < 0 or self.goal >= frame.dependency.targets:
            return False
        if frame.keyframe:
            self.spatial = frame.dependency.target_spatial[best]
        indication = frame.dependency.indications[self.goal]
        if self.stuck and frame.dependency.target_spatial[best] < frame.dependency.target_spatial[self.goal]:
            return decodable and indication > DISCARDABLE  # on the way down: as little as possible
        return decodable and indication != NOT_PRESENT

    def references_passed(self, frame: Frame) -> bool:
        """Whether no frame that this one needs was left out."""
        for index in range(frame.dependency.reference_count):
            needed = (frame.picture - frame.dependency.references[index]) & 0xFFFF
            if self.frame_in[needed % FRAMES] == needed and self.frame_out[needed % FRAMES] == DROPPED:
                return False
        return True

    def dependency(self, frame: Frame) -> None:
        """What a forwarded frame's descriptor becomes, in ``out_tl0``: templates, and the layer that targets end at."""
        layer = 63
        if 0 <= self.goal < frame.dependency.targets:
            layer = frame.dependency.target_spatial[self.goal] << 3 | frame.dependency.target_temporal[self.goal]
            self.spatial = layer >> 3
            self.temporal = layer & 7
            if frame.ends and frame.spatial == layer >> 3:
                self.out_marker = True
        self.out_tl0 = self.template_delta | layer << 9
        if frame.dependency.has_structure:
            self.next_template = (frame.dependency.offset + self.template_delta + frame.dependency.templates) & 63
        if layer != self.told or frame.dependency.has_structure:
            self.told = layer
            if frame.dependency.limit(layer >> 3, layer & 7) != frame.dependency.active or not frame.keyframe:
                self.out_tl0 = self.out_tl0 | TELL


def make_arrays(projection: Projection) -> None:
    """What a compiled projection has from the start."""
    projection.left_number = [0] * LEFT_OUT
    projection.left_delta = [0] * LEFT_OUT
    projection.frame_in = [0] * FRAMES
    projection.frame_out = [0] * FRAMES
    projection.flowing = [0.0] * ENCODINGS
    projection.layer_at = [0.0] * SPATIAL_LAYERS
