"""Consent freshness on the selected pair (RFC 7675)."""

import random

INTERVAL = 5.0  # seconds between checks, each varied by 20 % (section 5.1)
LIFETIME = 30.0


class Consent:
    """When to ask next, and since when nothing was answered."""

    def __init__(self, rng: random.Random, now: float) -> None:
        self._rng = rng
        self.due = now + self._interval()
        self.expires = now + LIFETIME
        self.unanswered_since: float | None = None

    def _interval(self) -> float:
        return INTERVAL * self._rng.uniform(0.8, 1.2)

    def asked(self, now: float) -> None:
        """A check was sent on the selected pair."""
        self.due = now + self._interval()
        if self.unanswered_since is None:
            self.unanswered_since = now

    def answered(self, now: float) -> None:
        """One of them was answered, whichever."""
        self.expires = now + LIFETIME
        self.unanswered_since = None

    def silent_for(self, now: float) -> float:
        """Seconds since the first check that is still unanswered."""
        return 0.0 if self.unanswered_since is None else now - self.unanswered_since
