"""VP8 payloads with other numbers, as the data plane makes them."""

from pyjitsi.rtp.vp8 import describe


def rewritten(payload: bytes, picture_id: int, tl0: int) -> bytes:
    """The payload with another picture id and TL0PICIDX, in the fields that it has. Raises RtpError."""
    changed = bytearray(payload)
    describe(payload).write(changed, 0, picture_id, tl0)
    return bytes(changed)
