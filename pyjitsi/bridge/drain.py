"""How a bridge ends without ending meetings: it finishes those that it has, within a bound.

Two ways lead there. A **handover** is for a new generation on the same machine: until the bridge is empty others are
preferred (``drain``), but where it is the only one it still takes meetings. **Stopping** is for good: new meetings are
refused (``graceful_shutdown``). Apart from both, an admin may have the bridge ask for others to be preferred, for as
long as he likes (``held``), and may have its people moved away at once (``moving``).
"""

from dataclasses import dataclass

LAST_PHASE = 60.0  # seconds in which people are moved, as with JVB


@dataclass
class Drain:
    """``bound`` is seconds; ``now`` is monotonic seconds throughout."""

    bound: float
    draining: bool = False
    refusing: bool = False
    deadline: float | None = None
    held: bool = False
    moving: bool = False
    ends_process: bool = False  # nobody else will end it

    @property
    def announced(self) -> bool:
        """What the presence says."""
        return self.draining or self.held

    def shut_down(self, now: float, *, at_once: bool) -> None:
        """End for good, after the meetings; ``at_once``: with the people moved away, as far as that goes."""
        self.begin(now, refuse=True)
        self.ends_process = True
        if at_once and not self.moving:
            self.moving = True
            self.deadline = min(self.deadline or now, now + LAST_PHASE)

    def stay(self) -> None:
        """A handover was called off."""
        if not self.refusing:
            self.draining, self.deadline = False, None

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
