"""Arithmetic on RTP's wrapping numbers (RFC 3550 appendix A.1)."""

SEQUENCE_MASK = 0xFFFF
TIMESTAMP_MASK = 0xFFFFFFFF


def distance(later: int, earlier: int) -> int:
    """Signed steps from ``earlier`` to ``later`` on the 16-bit circle, in -32768 to 32767."""
    return ((later - earlier + 0x8000) & SEQUENCE_MASK) - 0x8000


class Unwrapper:
    """Turns 16-bit numbers into ones that don't wrap; the first is itself plus one turn, so that none is negative."""

    __slots__ = ("highest",)

    def __init__(self) -> None:
        self.highest: int = -1

    def unwrap(self, number: int) -> int:
        """The extended number, remembered where it is the highest so far."""
        if self.highest < 0:
            self.highest = number + 0x10000
            return self.highest
        extended = self.highest + distance(number, self.highest & SEQUENCE_MASK)
        self.highest = max(self.highest, extended)
        return extended
