"""Consent freshness on the selected pair (RFC 7675)."""

import random

INTERVAL = 5.0  # seconds between checks, each varied by 20 % (section 5.1)
IMPATIENT = 1.0  # while one is unanswered, so that loss is not taken for absence, nor absence noticed late
LIFETIME = 30.0


class Consent:
    """When to ask next, and since when nothing was answered."""

    def __init__(self, rng: random.Random, now: float) -> None:
        self._rng = rng
        self.unanswered_since: float | None = None
        self.due = now + self._interval()
        self.expires = now + LIFETIME

    def _interval(self) -> float:
        return (INTERVAL if self.unanswered_since is None else IMPATIENT) * self._rng.uniform(0.8, 1.2)

    def asked(self, now: float) -> None:
        """A check was sent on the selected pair."""
        if self.unanswered_since is None:
            self.unanswered_since = now
        self.due = now + self._interval()

    def answered(self, now: float) -> None:
        """One of them was answered, whichever."""
        self.expires = now + LIFETIME
        self.unanswered_since = None
        self.due = now + self._interval()

    def silent_for(self, now: float) -> float:
        """Seconds since the first check that is still unanswered."""
        return 0.0 if self.unanswered_since is None else now - self.unanswered_since
