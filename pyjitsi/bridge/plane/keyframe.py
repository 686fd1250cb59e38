"""Where a key frame begins, by codec, read from the payload's first bytes; VP8's is in its descriptor (``rtp.vp8``).

Compiled with ``keyframe.pxd`` where the extension is built; the same lines run interpreted.
"""

ANY = 0  # a codec that is not known: it may begin anywhere
VP8 = 1
VP9 = 2
H264 = 3
AV1 = 4
AGGREGATED = 8  # units of an H.264 aggregate that are looked at; encoders put two or three there
KINDS = {"vp8": VP8, "vp9": VP9, "h264": H264, "av1": AV1}


def begins_keyframe(kind: int, data: bytes | bytearray, start: int, end: int) -> bool:
    """Whether the payload from ``start`` to ``end`` is the first of a key frame (of the lowest spatial layer)."""
    if start >= end:
        return False
    if kind == ANY:
        return True
    if kind == AV1:  # the aggregation header's N: a coded video sequence begins (AV1 RTP specification, section 4.4)
        return data[start] & 0x08 != 0
    if kind == H264:
        return _h264(data, start, end)
    if kind == VP9:
        return _vp9(data, start, end)
    return False


def _h264(data: bytes | bytearray, start: int, end: int) -> bool:
    """A parameter set or an IDR slice, alone, in an aggregate (behind a delimiter or remarks, perhaps), or as a
    fragment's beginning (RFC 6184)."""
    kind = data[start] & 0x1F
    if kind == 24:  # STAP-A: units, each behind its length in two bytes
        at = start + 1
        for _ in range(AGGREGATED):
            if at + 2 >= end:
                return False
            kind = data[at + 2] & 0x1F
            if kind in (5, 7):
                return True
            at += 2 + (data[at] << 8 | data[at + 1])
        return False
    if kind == 28:  # FU-A: its header tells the start and the kind
        if start + 1 >= end or data[start + 1] & 0x80 == 0:
            return False
        kind = data[start + 1] & 0x1F
    return kind in (5, 7)


def _vp9(data: bytes | bytearray, start: int, end: int) -> bool:
    """A frame's beginning that is not predicted from others in time, on spatial layer 0 (RFC 9628 section 4.2)."""
    first = data[start]
    if first & 0x40 or first & 0x08 == 0:
        return False
    at = start + 1
    if first & 0x80:
        if at >= end:
            return False
        at += 2 if data[at] & 0x80 else 1
    if first & 0x20:
        return at < end and data[at] >> 1 & 7 == 0
    return True
