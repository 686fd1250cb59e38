"""How much a receiver's downlink carries, from loss and queue growth (additive increase, multiplicative decrease)."""

FLOOR, CEILING = 30_000.0, 20_000_000.0
LOSS_HIGH, LOSS_LOW = 0.10, 0.02
QUEUE_HIGH = 60.0  # ms that the queue has grown by, in sum: a receiver that merely stutters grows and shrinks it
QUEUE_FADE = 0.95  # a feedback, so that old growth is forgotten
GROWTH_LIMIT = 300.0  # ms/s that are believed
DECREASE_EVERY = 0.3
INCREASE_PER_SECOND = 0.08
MIN_PACKETS = 20
SILENCE = 1.0  # seconds without feedback after which an estimate below its start begins to rise
SILENT_STEP, SILENT_FACTOR = 20_000.0, 1.25


class DownlinkEstimate:
    """Fed with counts from feedback; ``bitrate`` is in bit/s."""

    def __init__(self, start: float) -> None:
        self.bitrate: float = start
        self._start: float = start
        self._delivered: int = 0
        self._lost: int = 0
        self._queue: float = 0.0
        self._heard: float = 0.0
        self._decreased: float = 0.0
        self._updated: float = 0.0

    def feedback(self, delivered: int, lost: int, sent: float, growth: float | None, now: float) -> None:
        """Counts since the last feedback, what was sent in bit/s, and queue growth in ms/s."""
        self._delivered += delivered
        self._lost += lost
        elapsed = min(0.5, now - self._heard) if self._heard else 0.0
        self._heard = now
        if growth is not None:
            believed = max(-GROWTH_LIMIT, min(GROWTH_LIMIT, growth))
            self._queue = max(0.0, self._queue * QUEUE_FADE + believed * elapsed)
        total = self._delivered + self._lost
        if total < MIN_PACKETS:
            return
        loss = self._lost / total
        self._delivered = self._lost = 0
        elapsed = min(1.0, now - self._updated) if self._updated else 0.0
        self._updated = now
        if loss > LOSS_HIGH or self._queue > QUEUE_HIGH:
            if now - self._decreased >= DECREASE_EVERY:
                self._decreased = now
                factor = 0.85 if loss <= LOSS_HIGH else 1 - 0.5 * loss
                self.bitrate = max(FLOOR, min(self.bitrate, max(sent, FLOOR)) * factor)
                self._queue = 0.0
        elif loss < LOSS_LOW:
            # Above its start only what is used proves anything.
            ceiling = CEILING if sent > 0.5 * self.bitrate else max(self._start, self.bitrate)
            self.bitrate = min(ceiling, self.bitrate * (1 + INCREASE_PER_SECOND * elapsed) + 1000)

    def silence(self, now: float) -> None:
        """Time passed. Where so little is left that nothing is sent, no feedback comes that could raise it again."""
        if now - self._heard > SILENCE and self.bitrate < self._start:
            self._heard = now
            self.bitrate = min(self._start, self.bitrate * SILENT_FACTOR + SILENT_STEP)
