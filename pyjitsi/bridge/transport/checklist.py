"""The pairs of one agent and the order in which they are checked (RFC 8445 section 6.1).

The bridge has one socket and one component, so a pair is its remote address: foundations and freezing have nothing to
do, and a pair's local candidate is always the socket.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pyjitsi.bridge.plane.api import Address

MAX_PAIRS = 100


def candidate_priority(type_preference: int) -> int:
    """RFC 8445 section 5.1.2.1 for the only local candidate: local preference 65535, component 1."""
    return type_preference << 24 | 65535 << 8 | 255


LOCAL_PRIORITY = candidate_priority(126)
REFLEXIVE_PRIORITY = candidate_priority(110)  # what PRIORITY says in our checks


class PairState(Enum):
    """RFC 8445 section 6.1.2.6, without Frozen."""

    WAITING = "waiting"
    IN_PROGRESS = "in-progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class Pair:
    """One remote address and what is known of the way there."""

    address: Address
    remote_priority: int
    state: PairState = PairState.WAITING
    authenticated: bool = False  # a check with our password came from there
    nominated: bool = False  # by the peer, while it is controlling
    answered_at: float | None = None  # when a check of ours was last answered

    def priority(self, controlling: bool) -> int:
        """RFC 8445 section 6.1.2.3."""
        high = LOCAL_PRIORITY if controlling else self.remote_priority
        low = self.remote_priority if controlling else LOCAL_PRIORITY
        return (min(high, low) << 32) + 2 * max(high, low) + (high > low)

    @property
    def unfinished(self) -> bool:
        """Whether an answer may still come."""
        return self.state in (PairState.WAITING, PairState.IN_PROGRESS)


class CheckList:
    """All pairs by remote address, at most ``MAX_PAIRS``, and the queue of triggered checks."""

    def __init__(self) -> None:
        self._pairs: dict[Address, Pair] = {}
        self._triggered: deque[Pair] = deque()

    def __iter__(self) -> Iterator[Pair]:
        return iter(list(self._pairs.values()))

    def __len__(self) -> int:
        return len(self._pairs)

    def get(self, address: Address) -> Pair | None:
        """The pair to this address."""
        return self._pairs.get(address)

    def add(self, address: Address, remote_priority: int, keep: Pair | None, controlling: bool) -> Pair | None:
        """A new pair. When the list is full the least useful one but ``keep`` gives way; None if all are in use."""
        if len(self._pairs) >= MAX_PAIRS and not self._evict(keep, controlling):
            return None
        pair = self._pairs[address] = Pair(address, remote_priority)
        return pair

    def _evict(self, keep: Pair | None, controlling: bool) -> bool:
        idle = [p for p in self._pairs.values() if p is not keep and p.state in (PairState.FAILED, PairState.WAITING)]
        if not idle:
            return False
        worst = min(idle, key=lambda p: (p.state is not PairState.FAILED, p.authenticated, p.priority(controlling)))
        del self._pairs[worst.address]
        if worst in self._triggered:
            self._triggered.remove(worst)
        return True

    def trigger(self, pair: Pair) -> None:
        """Check this pair before the ordinary ones (RFC 8445 section 7.3.1.4)."""
        pair.state = PairState.WAITING
        if pair not in self._triggered:
            self._triggered.append(pair)

    def pop_next(self, controlling: bool) -> Pair | None:
        """The next pair to check: triggered ones first, then the waiting one of highest priority."""
        while self._triggered:
            pair = self._triggered.popleft()
            if pair.state is PairState.WAITING:
                return pair
        return max(
            (p for p in self._pairs.values() if p.state is PairState.WAITING),
            key=lambda p: p.priority(controlling),
            default=None,
        )

    def has_waiting(self) -> bool:
        """Whether ``pop_next`` would find one."""
        return any(p.state is PairState.WAITING for p in self._pairs.values())

    def best(self, controlling: bool, *, answered_since: float = float("-inf"), but: Pair | None = None) -> Pair | None:
        """The valid pair of highest priority that answered at or after a time, other than ``but``."""
        valid = [
            p
            for p in self._pairs.values()
            if p is not but
            and p.state is PairState.SUCCEEDED
            and p.answered_at is not None
            and p.answered_at >= answered_since
        ]
        return max(valid, key=lambda p: p.priority(controlling), default=None)
