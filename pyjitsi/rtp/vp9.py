"""The VP9 payload descriptor (RFC 9628 section 4.2), read and rewritten in place; the frame itself is never decoded.

Compiled with ``vp9.pxd`` where the extension is built; the same lines run interpreted.
"""

from pyjitsi.rtp.errors import RtpError

SPATIAL_LAYERS = 8
COMPILED = __file__.endswith(".so")


class Vp9Descriptor:
    """What stands before a VP9 payload. ``picture_id`` and ``tl0`` are -1 where absent; ``layers`` is 0 where the
    packet has no scalability structure, else how many spatial layers it tells of, with their ``heights`` (0 where not
    told).

    ``picture_at`` and ``tl0_at`` are offsets from the payload's beginning, ``size`` is the descriptor's length.
    """

    heights: list[int]

    def __init__(self) -> None:
        self.picture_id: int = -1
        self.picture_at: int = 0
        self.long_id: bool = False
        self.tl0: int = -1
        self.tl0_at: int = 0
        self.temporal: int = 0
        self.spatial: int = 0
        self.switching_up: bool = False  # U: frames of this temporal layer need no earlier one of it
        self.predicted: bool = False  # P: from earlier pictures
        self.dependent: bool = False  # D: from the spatial layer below in the same picture
        self.unreferenced: bool = False  # Z: the spatial layer above does not depend on this frame
        self.starts_frame: bool = False
        self.ends_frame: bool = False
        self.layers: int = 0
        self.size: int = 0
        if not COMPILED:
            make_arrays(self)

    def parse(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """Read the descriptor of the payload from ``start`` to ``end``; False where it is cut short."""
        self.picture_id = -1
        self.picture_at = 0
        self.long_id = False
        self.tl0 = -1
        self.tl0_at = 0
        self.temporal = 0
        self.spatial = 0
        self.switching_up = False
        self.dependent = False
        self.layers = 0
        at = start + 1
        if at > end:
            return False
        first = data[start]
        self.predicted = first & 0x40 != 0
        self.starts_frame = first & 0x08 != 0
        self.ends_frame = first & 0x04 != 0
        self.unreferenced = first & 0x01 != 0
        if first & 0x80:
            if at >= end:
                return False
            self.picture_at = at - start
            if data[at] & 0x80:
                if at + 1 >= end:
                    return False
                self.long_id = True
                self.picture_id = (data[at] & 0x7F) << 8 | data[at + 1]
                at += 2
            else:
                self.picture_id = data[at]
                at += 1
        if first & 0x20:
            if at >= end:
                return False
            self.temporal = data[at] >> 5
            self.switching_up = data[at] & 0x10 != 0
            self.spatial = data[at] >> 1 & 7
            self.dependent = data[at] & 1 != 0
            at += 1
            if not first & 0x10:
                if at >= end:
                    return False
                self.tl0_at = at - start
                self.tl0 = data[at]
                at += 1
        if first & 0x50 == 0x50:  # flexible mode: at most three references
            count = 0
            more = True
            while more and count < 3:
                if at >= end:
                    return False
                more = data[at] & 1 != 0
                at += 1
                count += 1
            if more:
                return False
        if first & 0x02:
            at = self.structure(data, at, end)
            if at < 0:
                return False
        self.size = at - start
        return True

    def structure(self, data: bytes | bytearray, at: int, end: int) -> int:
        """Read the scalability structure at ``at``; returns where it ends, -1 where it is cut short."""
        if at >= end:
            return -1
        first = data[at]
        at += 1
        self.layers = (first >> 5) + 1
        for index in range(self.layers):
            self.heights[index] = 0
            if first & 0x10:
                if at + 4 > end:
                    return -1
                width = data[at] << 8 | data[at + 1]
                height = data[at + 2] << 8 | data[at + 3]
                self.heights[index] = width if width < height else height
                at += 4
        if first & 0x08:
            if at >= end:
                return -1
            pictures = data[at]
            at += 1
            while pictures > 0:
                if at >= end:
                    return -1
                at += 1 + (data[at] >> 2 & 3)
                pictures -= 1
        return at if at <= end else -1

    def key_picture(self) -> bool:
        """Whether the packet belongs to a frame of the lowest spatial layer that needs nothing before it."""
        return not self.predicted and self.spatial == 0

    def write(self, data: bytearray, start: int, picture_id: int, tl0: int) -> None:
        """Change picture id and TL0PICIDX of the payload at ``start``, in the fields that it has."""
        if self.picture_id >= 0:
            if self.long_id:
                data[start + self.picture_at] = 0x80 | picture_id >> 8 & 0x7F
                data[start + self.picture_at + 1] = picture_id & 0xFF
            else:
                data[start + self.picture_at] = picture_id & 0x7F
        if self.tl0 >= 0:
            data[start + self.tl0_at] = tl0 & 0xFF


def make_arrays(descriptor: Vp9Descriptor) -> None:
    """What a compiled descriptor has from the start."""
    descriptor.heights = [0] * SPATIAL_LAYERS


def describe(payload: bytes) -> Vp9Descriptor:
    """The descriptor of a whole payload. Raises RtpError."""
    found = Vp9Descriptor()
    if not found.parse(payload, 0, len(payload)):
        raise RtpError(f"a VP9 descriptor does not fit into {len(payload)} bytes")
    return found
