"""The most videos that a receiver may get, whatever it asks: by a meeting's size, and less while the bridge is loaded.

JVB's ``load-management`` (2-colibri.md section 7, 3-media.md section 8): ``conference-last-n-limits``, and the reducer
that takes a part of what is forwarded when stress is too high and gives it back in steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

OVERLOADED = 1.0  # of stress
RECOVERED = 0.8  # below this stress more is given again
REDUCTION = 0.75
RECOVERY = 1.25
IMPACT_SECONDS = 60.0  # until a change shows in the load
LEAST = 1
MOST_ENFORCED = 40  # from here on there is no limit
NONE = -1


@dataclass
class LastNLimits:
    """``by_size`` are limits by the number of sources from which they hold; ``reducing`` is whether load counts."""

    by_size: Mapping[int, int] = field(default_factory=dict[int, int])
    reducing: bool = False
    enforced: int = NONE  # because of load
    _changed: float | None = None

    def of(self, sources: int) -> int:
        """The limit for a receiver of a meeting with that many sources of others; -1 for none."""
        size = max((each for each in self.by_size if each <= sources + 1), default=None)
        return least(NONE if size is None else self.by_size[size], self.enforced)

    def sample(self, stress: float, most_forwarded: int, now: float) -> bool:
        """Note the load; ``most_forwarded`` is how many videos the receiver with most gets. True where it changed."""
        settled = self._changed is None or now - self._changed >= IMPACT_SECONDS
        if not self.reducing or not settled:
            return False
        if stress >= OVERLOADED and most_forwarded:
            wanted = max(LEAST, int(most_forwarded * REDUCTION))
        elif stress < RECOVERED and self.enforced != NONE:
            wanted = max(self.enforced + 1, int(self.enforced * RECOVERY))
            wanted = NONE if wanted >= MOST_ENFORCED else wanted
        else:
            return False
        changed, self.enforced, self._changed = wanted != self.enforced, wanted, now
        return changed


def least(asked: int, limit: int) -> int:
    """A receiver's last-N under a limit; -1 for none of either."""
    return min((each for each in (asked, limit) if each >= 0), default=NONE)
