"""Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), read without making objects.

Compiled with ``feedback.pxd`` where the extension is built; the same lines run interpreted.
"""

MAX_STATUSES = 8192  # of one message; far over what arrives within 100 ms
TICK = 250e-6  # seconds a delta counts
REFERENCE_TICKS = 256  # the reference time counts in units of 64 ms
LOST = 0
END = -1
MALFORMED = -2


class FeedbackReader:
    """``open`` a message, then ``next`` tells of packet after packet, from ``base`` on."""

    def __init__(self) -> None:
        self.base: int = 0
        self.count: int = 0
        self.ticks: int = 0  # when the packet arrived that ``next`` told of, on the peer's clock
        self.chunk_at: int = 0
        self.delta_at: int = 0
        self.end: int = 0
        self.told: int = 0
        self.chunk: int = 0
        self.left: int = 0  # statuses of the current chunk that were not told yet

    def open(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """Begin with the message's body (from its sender's SSRC on); False where it is cut short or absurd."""
        if end - start < 16:
            return False
        self.base = data[start + 8] << 8 | data[start + 9]
        self.count = data[start + 10] << 8 | data[start + 11]
        if self.count > MAX_STATUSES:
            return False
        reference = data[start + 12] << 16 | data[start + 13] << 8 | data[start + 14]
        if reference & 0x800000:
            reference -= 0x1000000
        self.ticks = reference * REFERENCE_TICKS
        self.chunk_at = start + 16
        self.end = end
        self.told = 0
        self.left = 0
        at = start + 16
        seen = 0
        while seen < self.count:
            if at + 2 > end:
                return False
            size = self.statuses(data[at] << 8 | data[at + 1])
            if size == 0:
                return False
            seen += size
            at += 2
        self.delta_at = at
        return True

    def statuses(self, chunk: int) -> int:
        """How many packets a chunk is about."""
        if chunk & 0x8000 == 0:
            return chunk & 0x1FFF
        return 7 if chunk & 0x4000 else 14

    def next(self, data: bytes | bytearray) -> int:
        """LOST, 1 or 2 for one that arrived (then ``ticks`` is set), END, or MALFORMED."""
        if self.told >= self.count:
            return END
        if self.left == 0:
            self.chunk = data[self.chunk_at] << 8 | data[self.chunk_at + 1]
            self.chunk_at += 2
            self.left = self.statuses(self.chunk)
        self.left -= 1
        self.told += 1
        if self.chunk & 0x8000 == 0:
            symbol = self.chunk >> 13 & 3
        elif self.chunk & 0x4000:
            symbol = self.chunk >> 2 * self.left & 3
        else:
            symbol = self.chunk >> self.left & 1
        if symbol == 0:
            return LOST
        width = 1 if symbol == 1 else 2
        if symbol == 3 or self.delta_at + width > self.end:
            return MALFORMED
        if symbol == 1:
            self.ticks += data[self.delta_at]
        else:
            delta = data[self.delta_at] << 8 | data[self.delta_at + 1]
            self.ticks += delta - 0x10000 if delta & 0x8000 else delta
        self.delta_at += width
        return symbol
