"""The packets that were sent of one SSRC, for retransmission."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyjitsi.bridge.plane.egress import Sending

CAPACITY = 512  # of one outgoing SSRC: over a second and a half of 1080p
MASK = CAPACITY - 1


class PacketCache:
    """A ring by sequence number: the packet, and when it was last sent."""

    __slots__ = ("slots",)

    def __init__(self) -> None:
        self.slots: list[tuple[Sending, float] | None] = [None] * CAPACITY

    def put(self, packet: "Sending", now: float) -> None:
        """Keep a packet; the one that was sent 512 numbers ago goes."""
        self.slots[packet.sequence & MASK] = (packet, now)

    def again(self, sequence: int, now: float, spacing: float) -> "Sending | None":
        """The packet, unless it is gone or was sent less than ``spacing`` seconds ago; noted as sent now."""
        kept = self.slots[sequence & MASK]
        if kept is None or kept[0].sequence != sequence or now - kept[1] < spacing:
            return None
        self.slots[sequence & MASK] = (kept[0], now)
        return kept[0]
