"""How a bridge ends without ending meetings: it finishes those that it has, within a bound.

Two ways lead there. A **handover** is for a new generation on the same machine: until the bridge is empty others are
preferred (``drain``), but where it is the only one it still takes meetings. **Stopping** is for good: new meetings are
refused (``graceful_shutdown``).
"""

from dataclasses import dataclass


@dataclass
class Drain:
    """``bound`` is seconds; ``now`` is monotonic seconds throughout."""

    bound: float
    draining: bool = False
    refusing: bool = False
    deadline: float | None = None

    def begin(self, now: float, *, refuse: bool) -> None:
        """Finish what there is; a second call never puts the end off."""
        self.draining = True
        self.refusing = self.refusing or refuse
        if self.deadline is None:
            self.deadline = now + self.bound

    def remaining(self, now: float) -> float:
        """Seconds until the end at the latest; 0 where it has not begun."""
        return max(0.0, self.deadline - now) if self.deadline is not None else 0.0

    def over(self, now: float, conferences: int) -> bool:
        """Whether nothing is left to wait for."""
        return self.deadline is not None and (conferences == 0 or now >= self.deadline)
