"""Dominant speaker identification by audio levels alone.

Volfin and Cohen, "Dominant Speaker Identification for Multipoint Videoconferencing", Computer Speech & Language 27(4),
2013, with the constants that Jitsi uses.
"""

import math
from collections import deque

HISTORY = 50  # levels of 20 ms
N1, N2, N3 = 13, 5, 10
SUBUNIT = 10
MEDIUM_THRESHOLD, LONG_THRESHOLD = 7, 4
LAMBDAS = (0.78, 24.0, 47.0)
MINIMUM_SCORE = 1e-10
C1, C2, C3 = 3.0, 2.0, 0.0
DECISION_INTERVAL = 0.3
IDLE = 0.04  # seconds without a level that count as one of silence
FLOOR_WINDOW = 750
RECENT = 10


def _score(value: int, count: int, parameter: float) -> float:
    score = (
        math.log(math.comb(count, min(value, count))) + count * math.log(0.5) - math.log(parameter) + parameter * value
    )
    return max(score, MINIMUM_SCORE)


class Speaker:
    """Levels of one endpoint, newest first, and the three scores made of them."""

    def __init__(self, now: float) -> None:
        self.levels: deque[int] = deque([0] * HISTORY, maxlen=HISTORY)
        self.heard: float = now
        self._floor: float = 127.0
        self._lowest: int = 127
        self._collected: int = 0

    def level(self, level: int, now: float) -> None:
        """Note a level, 0 silence to 127 loudest."""
        self.heard = now
        self.levels.appendleft(level)
        if level <= 0:
            return
        if level < self._floor:
            self._floor, self._lowest, self._collected = float(level), 127, 0
            return
        self._lowest = min(self._lowest, level)
        self._collected += 1
        if self._collected >= FLOOR_WINDOW:
            self._floor = math.sqrt(self._floor * self._lowest)
            self._lowest, self._collected = 127, 0

    def idle(self, now: float) -> None:
        """Count missing levels as silence."""
        while now - self.heard > IDLE and any(self.levels):
            self.heard += IDLE / 2
            self.levels.appendleft(0)

    def scores(self) -> tuple[float, float, float]:
        """Activity over the immediate, medium and long interval."""
        threshold = self._floor + SUBUNIT
        immediate = [level // SUBUNIT if level >= threshold else 0 for level in self.levels]
        medium = [
            sum(value > MEDIUM_THRESHOLD for value in immediate[start : start + N2]) for start in range(0, HISTORY, N2)
        ]
        long = sum(value > LONG_THRESHOLD for value in medium)
        return (
            _score(immediate[0], N1, LAMBDAS[0]),
            _score(medium[0], N2, LAMBDAS[1]),
            _score(long, N3, LAMBDAS[2]),
        )


class SpeakerDetector:
    """Takes levels of all endpoints of a conference, and says when another speaks."""

    def __init__(self) -> None:
        self.dominant: str | None = None
        self.recent: list[str] = []  # dominant first
        self._speakers: dict[str, Speaker] = {}
        self._decided: float = 0.0

    def level(self, endpoint: str, level: int, now: float) -> None:
        """An RFC 6464 level: 0 loudest to 127 silence."""
        speaker = self._speakers.get(endpoint)
        if speaker is None:
            speaker = self._speakers[endpoint] = Speaker(now)
        speaker.level(127 - level, now)

    def forget(self, endpoint: str) -> bool:
        """An endpoint left. Whether the dominant speaker changed by it: it is then who was that before, if anybody."""
        self._speakers.pop(endpoint, None)
        if endpoint in self.recent:
            self.recent.remove(endpoint)
        if self.dominant != endpoint:
            return False
        self.dominant = next((each for each in self.recent if each in self._speakers), None)
        return self.dominant is not None

    def decide(self, now: float) -> bool:
        """Every 300 ms: whether the dominant speaker changed."""
        if now - self._decided < DECISION_INTERVAL or not self._speakers:
            return False
        self._decided = now
        for speaker in self._speakers.values():
            speaker.idle(now)
        winner = self._winner()
        if winner == self.dominant:
            return False
        self.dominant = winner
        if winner in self.recent:
            self.recent.remove(winner)
        self.recent.insert(0, winner)
        del self.recent[RECENT + 1 :]
        return True

    def _winner(self) -> str:
        if self.dominant is None or len(self._speakers) == 1:
            return max(self._speakers, key=lambda name: self._speakers[name].scores()[1])
        ruling = self._speakers[self.dominant].scores()
        best, best_margin = self.dominant, C2
        for name, speaker in self._speakers.items():
            if name == self.dominant:
                continue
            margins = [math.log(mine / theirs) for mine, theirs in zip(speaker.scores(), ruling, strict=True)]
            if margins[0] > C1 and margins[1] > best_margin and margins[2] > C3:
                best, best_margin = name, margins[1]
        return best
