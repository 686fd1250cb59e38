"""The VP8 payload descriptor (RFC 7741 section 4.2), read and rewritten in place; the frame itself is never decoded.

Compiled with ``vp8.pxd`` where the extension is built; the same lines run interpreted.
"""

from pyjitsi.rtp.errors import RtpError

PICTURE_ID_MASK = 0x7FFF


class Vp8Descriptor:
    """What stands before a VP8 payload. ``picture_id`` and ``tl0`` are -1 where absent, ``height`` 0 where unknown.

    ``picture_at`` and ``tl0_at`` are offsets from the payload's beginning, ``size`` is the descriptor's length.
    """

    def __init__(self) -> None:
        self.picture_id: int = -1
        self.picture_at: int = 0
        self.long_id: bool = False
        self.tl0: int = -1
        self.tl0_at: int = 0
        self.temporal: int = 0
        self.height: int = 0
        self.size: int = 0
        self.starts_frame: bool = False
        self.keyframe: bool = False

    def parse(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """Read the descriptor of the payload from ``start`` to ``end``; False where it is cut short."""
        self.picture_id = -1
        self.picture_at = 0
        self.long_id = False
        self.tl0 = -1
        self.tl0_at = 0
        self.temporal = 0
        self.height = 0
        self.starts_frame = False
        self.keyframe = False
        at = start + 1
        if at > end:
            return False
        first = data[start]
        if first & 0x80:
            if at >= end:
                return False
            extension = data[at]
            at += 1
            if extension & 0x80:
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
            if extension & 0x40:
                if at >= end:
                    return False
                self.tl0_at = at - start
                self.tl0 = data[at]
                at += 1
            if extension & 0x30:
                if at >= end:
                    return False
                if extension & 0x20:
                    self.temporal = data[at] >> 6
                at += 1
        self.size = at - start
        self.starts_frame = first & 0x10 != 0 and first & 0x0F == 0
        self.keyframe = self.starts_frame and end > at and data[at] & 1 == 0
        if self.keyframe and end >= at + 10 and data[at + 3] == 0x9D and data[at + 4] == 1 and data[at + 5] == 0x2A:
            width = (data[at + 7] << 8 | data[at + 6]) & 0x3FFF
            height = (data[at + 9] << 8 | data[at + 8]) & 0x3FFF
            self.height = width if width < height else height
        return True

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


def describe(payload: bytes) -> Vp8Descriptor:
    """The descriptor of a whole payload. Raises RtpError."""
    found = Vp8Descriptor()
    if not found.parse(payload, 0, len(payload)):
        raise RtpError(f"a VP8 descriptor does not fit into {len(payload)} bytes")
    return found
