"""How much a receiver's downlink carries, from loss and queue growth (additive increase, multiplicative decrease)."""

FLOOR, CEILING = 30_000.0, 20_000_000.0
LOSS_HIGH, LOSS_LOW = 0.10, 0.02
GROWTH_HIGH = 60.0  # ms of queue growth a second that mean congestion
DECREASE_EVERY = 0.3
INCREASE_PER_SECOND = 0.08
MIN_PACKETS = 20


class DownlinkEstimate:
    """Fed with counts from feedback; ``bitrate`` is in bit/s."""

    def __init__(self, start: float) -> None:
        self.bitrate: float = start
        self._delivered: int = 0
        self._lost: int = 0
        self._growth: float = 0.0
        self._decreased: float = 0.0
        self._updated: float = 0.0

    def feedback(self, delivered: int, lost: int, sent: float, growth: float | None, now: float) -> None:
        """Counts since the last feedback, what was sent in bit/s, and queue growth in ms/s."""
        self._delivered += delivered
        self._lost += lost
        if growth is not None:
            self._growth = 0.8 * self._growth + 0.2 * max(-200.0, min(200.0, growth))
        total = self._delivered + self._lost
        if total < MIN_PACKETS:
            return
        loss = self._lost / total
        self._delivered = self._lost = 0
        elapsed = min(1.0, now - self._updated) if self._updated else 0.0
        self._updated = now
        if loss > LOSS_HIGH or self._growth > GROWTH_HIGH:
            if now - self._decreased >= DECREASE_EVERY:
                self._decreased = now
                factor = 0.85 if loss <= LOSS_HIGH else 1 - 0.5 * loss
                self.bitrate = max(FLOOR, min(self.bitrate, max(sent, FLOOR)) * factor)
                self._growth = 0.0
        elif loss < LOSS_LOW and sent > 0.5 * self.bitrate:
            # Only what is used proves anything; an idle link keeps its estimate.
            self.bitrate = min(CEILING, self.bitrate * (1 + INCREASE_PER_SECOND * elapsed) + 1000)
