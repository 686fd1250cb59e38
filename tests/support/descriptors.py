"""Payload and dependency descriptors, and VP8 payloads with other numbers, as the data plane makes them."""

from pyjitsi.rtp.vp8 import describe


def rewritten(payload: bytes, picture_id: int, tl0: int) -> bytes:
    """The payload with another picture id and TL0PICIDX, in the fields that it has. Raises RtpError."""
    changed = bytearray(payload)
    describe(payload).write(changed, 0, picture_id, tl0)
    return bytes(changed)


def bits(text: str) -> bytes:
    """Bits as bytes, filled up with zeros."""
    digits = text.replace(" ", "")
    return int(digits.ljust(-(-len(digits) // 8) * 8, "0"), 2).to_bytes(-(-len(digits) // 8))


# VP9 (RFC 9628 section 4.2): I, L, B, V | 15-bit id 0x1234 | TID 0, SID 0 | TL0PICIDX 7 | two layers, Y, G |
# 320x180, 640x360 | one picture in the group, which refers to the one before
VP9_KEY = bytes.fromhex("aa 9234 00 07 38 0140 00b4 0280 0168 01 04 01") + b"data"
VP9_UPPER = bytes.fromhex("e5 9235 53 08") + b"data"  # I, P, L, E, Z | id 0x1235 | TID 2, U, SID 1, D | TL0PICIDX 8
VP9_FLEXIBLE = bytes.fromhex("f8 05 00 03 04") + b"data"  # I, P, L, F, B | 7-bit id 5 | TID 0 | the last two pictures
VP9 = [VP9_KEY, VP9_UPPER, VP9_FLEXIBLE]

# A dependency descriptor's structure (AV1 RTP specification, appendix A.8.2) of two temporal layers: after the offset
# of templates two decode targets; a template for the key frame, one for each temporal layer; one chain; 320x180
L1T2 = (
    " 00001 00 01 11"  # targets less one; layers of templates: same, next temporal, no more
    " 1010 1010 0001"  # indications
    " 0 100010 100000"  # references: none, 2 back, 1 back
    " 10 0000 0010 0001"  # one chain
    " 1 0000000100111111 0000000010110011"  # a resolution, less one
)
KEY_FRAME = bits("11 000000 0000000000000001 10000 000000" + L1T2)
DEPENDENCIES = [
    KEY_FRAME,
    bits("11 000010 0000000000000010"),  # the upper temporal layer
    bits("11 000001 0000000000000011 01000 11"),  # the lower one, with both targets active
    bits("10 000001 0000000000000100 00110 1101 01 0010 10 00011111 00"),  # with indications and references of its own
    bits("11 000001 0000000000000101 00001 00000001"),  # with a chain of its own
]
