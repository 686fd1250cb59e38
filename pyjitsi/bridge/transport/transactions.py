"""STUN client transactions: retransmission over UDP and matching of answers (RFC 8489 section 6.2.1)."""

from dataclasses import dataclass, field

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport.checklist import Pair

FIRST_INTERVAL = 0.1  # seconds; doubles with each retransmission
LONGEST_INTERVAL = 1.6
RETRANSMISSIONS = 6
CONSENT_PATIENCE = 30.0  # an answer to a consent check counts as long as consent can live


@dataclass(slots=True, eq=False)
class Transaction:
    """A request under way to ``pair``; ``key`` verifies its answer even when the peer has restarted since."""

    id: bytes
    data: bytes
    pair: Pair
    key: bytes
    controlling: bool
    nominating: bool
    repeated: bool  # False for consent checks, which RFC 7675 section 5.1 sends once each
    interval: float = FIRST_INTERVAL
    left: int = RETRANSMISSIONS
    due: float = field(default=0.0)


class Transactions:
    """Requests under way, by transaction id."""

    def __init__(self) -> None:
        self._open: dict[bytes, Transaction] = {}

    def add(self, transaction: Transaction, now: float) -> None:
        """Watch over a request that is being sent now."""
        if transaction.repeated:
            transaction.due = now + transaction.interval
        else:
            transaction.left = 0
            transaction.due = now + CONSENT_PATIENCE
        self._open[transaction.id] = transaction

    def get(self, transaction_id: bytes) -> Transaction | None:
        """The request that an answer belongs to."""
        return self._open.get(transaction_id)

    def remove(self, transaction: Transaction) -> None:
        """Forget a request."""
        self._open.pop(transaction.id, None)

    def cancel(self, pair: Pair) -> None:
        """Forget the repeated requests to a pair."""
        for each in [t for t in self._open.values() if t.pair is pair and t.repeated]:
            del self._open[each.id]

    def busy(self, pair: Pair) -> bool:
        """Whether a repeated request to the pair is under way."""
        return any(t.pair is pair and t.repeated for t in self._open.values())

    def due(self, now: float) -> tuple[list[tuple[bytes, Address]], list[Transaction]]:
        """What to send again, and the requests that nobody answered (they are forgotten)."""
        again: list[tuple[bytes, Address]] = []
        dead: list[Transaction] = []
        for each in list(self._open.values()):
            if each.due > now:
                continue
            if each.left == 0:
                del self._open[each.id]
                dead.append(each)
                continue
            each.left -= 1
            each.interval = min(each.interval * 2, LONGEST_INTERVAL)
            each.due = now + each.interval
            again.append((each.data, each.pair.address))
        return again, dead

    def next_timeout(self) -> float | None:
        """When ``due`` next has something."""
        return min((t.due for t in self._open.values()), default=None)
