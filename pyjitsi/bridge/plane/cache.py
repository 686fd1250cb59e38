"""The packets that were sent of one SSRC, for retransmission."""

CAPACITY = 512  # of one outgoing SSRC: over a second and a half of 1080p
MASK = CAPACITY - 1


class PacketCache:
    """A ring by sequence number: (sequence, packet without numbering extensions, when it was last sent)."""

    __slots__ = ("slots",)

    def __init__(self) -> None:
        self.slots: list[tuple[int, int, int, bool, dict[int, bytes], bytes, float] | None] = [None] * CAPACITY

    def put(
        self, sequence: int, timestamp: int, payload_type: int, marker: bool, extensions: dict[int, bytes],
        payload: bytes, now: float,
    ) -> None:  # fmt: skip
        """Keep a packet; the one that was sent 512 numbers ago goes."""
        self.slots[sequence & MASK] = (sequence, timestamp, payload_type, marker, extensions, payload, now)

    def again(
        self, sequence: int, now: float, spacing: float
    ) -> tuple[int, int, int, bool, dict[int, bytes], bytes, float] | None:
        """The packet, unless it is gone or was sent less than ``spacing`` seconds ago; noted as sent now."""
        kept = self.slots[sequence & MASK]
        if kept is None or kept[0] != sequence or now - kept[6] < spacing:
            return None
        self.slots[sequence & MASK] = (*kept[:6], now)
        return kept
