"""The VP8 payload descriptor (RFC 7741 section 4.2), read and rewritten in place; the frame itself is never decoded."""

from pyjitsi.rtp.errors import RtpError

PICTURE_ID_MASK = 0x7FFF


class Vp8Descriptor:
    """What stands before a VP8 payload. ``picture_id`` and ``tl0`` are -1 where absent, ``height`` 0 where unknown."""

    __slots__ = ("height", "keyframe", "long_id", "picture_at", "picture_id", "size", "starts_frame", "temporal", "tl0",
                 "tl0_at")  # fmt: skip

    def __init__(self, payload: bytes) -> None:
        size = len(payload)
        if size < 1:
            raise RtpError("an empty VP8 payload")
        first = payload[0]
        self.picture_id: int = -1
        self.picture_at: int = 0
        self.long_id: bool = False
        self.tl0: int = -1
        self.tl0_at: int = 0
        self.temporal: int = 0
        self.height: int = 0
        at = 1
        if first & 0x80:
            if size < 2:
                raise RtpError("the VP8 descriptor ends before its extension byte")
            extension = payload[1]
            at = 2
            if extension & 0x80:
                if size <= at:
                    raise RtpError("the VP8 descriptor ends before its picture id")
                self.picture_at = at
                if payload[at] & 0x80:
                    if size < at + 2:
                        raise RtpError("the VP8 descriptor ends within its picture id")
                    self.long_id = True
                    self.picture_id = (payload[at] & 0x7F) << 8 | payload[at + 1]
                    at += 2
                else:
                    self.picture_id = payload[at]
                    at += 1
            if extension & 0x40:
                if size <= at:
                    raise RtpError("the VP8 descriptor ends before TL0PICIDX")
                self.tl0_at = at
                self.tl0 = payload[at]
                at += 1
            if extension & 0x30:
                if size <= at:
                    raise RtpError("the VP8 descriptor ends before its temporal layer")
                if extension & 0x20:
                    self.temporal = payload[at] >> 6
                at += 1
        self.size: int = at
        self.starts_frame: bool = first & 0x10 != 0 and first & 0x0F == 0
        self.keyframe: bool = self.starts_frame and size > at and payload[at] & 1 == 0
        if self.keyframe and size >= at + 10 and payload[at + 3 : at + 6] == b"\x9d\x01\x2a":
            width = (payload[at + 7] << 8 | payload[at + 6]) & 0x3FFF
            self.height = min(width, (payload[at + 9] << 8 | payload[at + 8]) & 0x3FFF)

    def rewrite(self, payload: bytes, picture_id: int, tl0: int) -> bytes:
        """The payload with another picture id and TL0PICIDX, in the fields that it has."""
        changed = bytearray(payload)
        if self.picture_id >= 0:
            if self.long_id:
                changed[self.picture_at] = 0x80 | picture_id >> 8 & 0x7F
                changed[self.picture_at + 1] = picture_id & 0xFF
            else:
                changed[self.picture_at] = picture_id & 0x7F
        if self.tl0 >= 0:
            changed[self.tl0_at] = tl0 & 0xFF
        return bytes(changed)
