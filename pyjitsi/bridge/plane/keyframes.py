"""How often a sender is asked for a key frame: once in 200 ms a source, three times in ten seconds a receiver."""

from collections import deque

SPACING = 0.2
WINDOW = 10.0
PER_WINDOW = 3


class KeyframeLimiter:
    """Says whether a request may go out now."""

    __slots__ = ("_by_receiver", "_last")

    def __init__(self) -> None:
        self._last: dict[int, float] = {}
        self._by_receiver: dict[tuple[int, int], deque[float]] = {}

    def allow(self, ssrc: int, receiver: int, now: float) -> bool:
        """Whether ``receiver`` (-1: the bridge itself) may have a PLI sent to the owner of ``ssrc``; noted if so."""
        if now - self._last.get(ssrc, -1e9) < SPACING:
            return False
        if receiver >= 0:
            times = self._by_receiver.setdefault((receiver, ssrc), deque(maxlen=PER_WINDOW))
            if len(times) == PER_WINDOW and now - times[0] < WINDOW:
                return False
            times.append(now)
        self._last[ssrc] = now
        return True

    def forget_receiver(self, receiver: int) -> None:
        """Drop what is kept for a receiver that left."""
        for key in [key for key in self._by_receiver if key[0] == receiver]:
            del self._by_receiver[key]

    def forget_source(self, ssrc: int) -> None:
        """Drop what is kept for a source that went."""
        self._last.pop(ssrc, None)
        for key in [key for key in self._by_receiver if key[1] == ssrc]:
            del self._by_receiver[key]
