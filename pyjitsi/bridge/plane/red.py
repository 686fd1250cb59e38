"""Opus with redundancy (RED, RFC 2198): what a packet holds, for receivers that take the primary block alone.

Compiled with ``red.pxd`` where the extension is built; the same lines run interpreted.
"""

BLOCKS = 8  # of redundancy in a packet; browsers send one or two
DISTANCE = 2  # how far back lost packets are taken from redundancy
COMPILED = __file__.endswith(".so")


class Red:
    """What ``read`` found last: redundant blocks, oldest first, and the primary one, which is the payload's rest."""

    block_type: list[int]
    block_offset: list[int]
    block_start: list[int]
    block_length: list[int]

    def __init__(self) -> None:
        self.count: int = 0
        self.primary_type: int = 0
        self.primary_start: int = 0
        if not COMPILED:
            make_arrays(self)

    def read(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """Read the payload from ``start`` to ``end``; False where it is malformed."""
        at = start
        self.count = 0
        while True:
            if at >= end:
                return False
            if data[at] & 0x80 == 0:
                break
            if at + 4 > end or self.count == BLOCKS:
                return False
            self.block_type[self.count] = data[at] & 0x7F
            self.block_offset[self.count] = data[at + 1] << 6 | data[at + 2] >> 2
            self.block_length[self.count] = (data[at + 2] & 3) << 8 | data[at + 3]
            self.count += 1
            at += 4
        self.primary_type = data[at]
        at += 1
        for index in range(self.count):
            self.block_start[index] = at
            at += self.block_length[index]
        self.primary_start = at
        return at < end

    def back(self, index: int) -> int:
        """How many packets before this one a block was the primary of; 0 where that is too far."""
        distance = self.count - index
        return distance if distance <= DISTANCE and self.block_length[index] > 0 else 0


def make_arrays(red: Red) -> None:
    """What a compiled one has from the start."""
    red.block_type = [0] * BLOCKS
    red.block_offset = [0] * BLOCKS
    red.block_start = [0] * BLOCKS
    red.block_length = [0] * BLOCKS
