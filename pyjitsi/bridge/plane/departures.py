"""What was sent to one receiver under transport-wide numbers, matched with its feedback."""

from collections import deque

from pyjitsi.rtp.transport_cc import Feedback

HISTORY = 4096
RATE_WINDOW = 1.0  # seconds over which the sent bit rate is measured


class Departures:
    """Hands out transport-wide numbers, and turns feedback into counts."""

    __slots__ = ("_bytes", "_recent", "_sent", "next")

    def __init__(self) -> None:
        self.next: int = 1
        self._sent: dict[int, float] = {}
        self._recent: deque[tuple[float, int]] = deque()
        self._bytes: int = 0

    def number(self, size: int, now: float) -> int:
        """The number of a packet that leaves now."""
        number = self.next
        self.next = (number + 1) & 0xFFFF
        self._sent[number] = now
        if len(self._sent) > HISTORY:
            del self._sent[next(iter(self._sent))]
        self._recent.append((now, size))
        self._bytes += size
        return number

    def bitrate(self, now: float) -> float:
        """Bits per second over the last second."""
        while self._recent and now - self._recent[0][0] > RATE_WINDOW:
            self._bytes -= self._recent.popleft()[1]
        return self._bytes * 8 / RATE_WINDOW

    def feedback(self, message: Feedback) -> tuple[int, int, float | None]:
        """Packets delivered and lost, and the queue's growth in milliseconds a second (None where it can't be told)."""
        delivered = lost = 0
        first: tuple[float, float] | None = None
        last: tuple[float, float] | None = None
        for offset, arrival in enumerate(message.arrivals):
            sent = self._sent.pop((message.base + offset) & 0xFFFF, None)
            if sent is None:
                continue
            if arrival is None:
                lost += 1
                continue
            delivered += 1
            if first is None:
                first = (sent, arrival)
            last = (sent, arrival)
        if first is None or last is None or last[0] - first[0] < 0.01:
            return delivered, lost, None
        span = last[0] - first[0]
        return delivered, lost, ((last[1] - first[1]) - span) * 1000 / span
