"""A full ICE agent on a socket that it shares with all others (RFC 8445), normally controlling.

The bridge's peers seldom signal candidates, so pairs come from authenticated incoming checks (peer-reflexive). Every
check with the right password is answered at once, also before the peer's credentials are known. The first valid pair is
nominated; consent (RFC 7675) is kept on it, and when it falls silent any other pair that answers takes over, which is
also how a peer that changes network keeps its session without signalling.

Sans-I/O: call ``receive`` and ``tick``, then send ``take_transmits`` and handle ``take_events``; ``next_timeout`` is
the absolute time at which to call ``tick`` again.
"""

import ipaddress
import random
from collections import Counter
from collections.abc import Sequence

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.checklist import REFLEXIVE_PRIORITY, CheckList, Pair, PairState
from pyjitsi.bridge.transport.consent import Consent
from pyjitsi.bridge.transport.ice_events import (
    Authenticated,
    ConsentLost,
    Credentials,
    Failed,
    IceEvent,
    Selected,
    Validated,
)
from pyjitsi.bridge.transport.stun import Class, Message, StunError, local_ufrag_of
from pyjitsi.bridge.transport.transactions import Transaction, Transactions
from pyjitsi.xmpp.stanzas.ice_udp import Candidate

__all__ = [
    "Authenticated",
    "Candidate",
    "ConsentLost",
    "Credentials",
    "Failed",
    "IceAgent",
    "IceEvent",
    "Selected",
    "Validated",
    "local_ufrag_of",
]

PACING = 0.02  # seconds between checks (Ta)
BETTER_WAIT = 0.05  # how long a first valid pair waits for one of higher priority
PATIENCE = 39.5  # without a valid pair the agent fails after this (RFC 8863 section 4)
SUSPICION = 1.5  # a selected pair silent for this long loses to one that answers
DESPERATION = 5.0  # silent for this long, the other valid pairs are asked
STALE = 10.0  # a check from an address that we last heard an answer from longer ago is checked in turn


class IceAgent:
    """One agent, one component. ``refused`` counts datagrams by the reason for which they were refused."""

    def __init__(
        self, controlling: bool, local: Credentials, *, tie_breaker: int, rng: random.Random, zone: str = ""
    ) -> None:
        """``tie_breaker`` is 64 random bits; ``rng`` (``secrets.SystemRandom()``) makes transaction ids.

        ``zone`` is added to the signalled addresses (``192.0.2.1%zone``), where the agent has a socket of its own.
        """
        self.controlling = controlling
        self.local = local
        self.remote: Credentials | None = None
        self.selected: Address | None = None
        self.failed = False
        self.refused: Counter[str] = Counter()
        self._tie_breaker = tie_breaker
        self._rng = rng
        self._local_key = local.pwd.encode()
        self._zone = zone
        self.pairs = CheckList()
        self._transactions = Transactions()
        self._next_check_at = float("-inf")
        self._deadline: float | None = None
        self._first_valid_at: float | None = None
        self._nominating: Pair | None = None
        self._selected_pair: Pair | None = None
        self._consent: Consent | None = None
        self._transmits: list[tuple[bytes, Address]] = []
        self._events: list[IceEvent] = []

    def set_remote(self, credentials: Credentials, candidates: Sequence[Candidate], now: float) -> None:
        """Start checks. Again with the same credentials it adds candidates; other ones mean that the peer restarted.

        Candidates that are not component 1, UDP and a literal unicast address are ignored.
        """
        if self.remote is None:
            self._deadline = now + PATIENCE
        self.remote = credentials
        for candidate in candidates:
            address = _address_of(candidate, self._zone)
            if address is not None and self.pairs.get(address) is None:
                self.pairs.add(address, candidate.priority, self._selected_pair, self.controlling)
        self._run(now)

    def receive(self, data: bytes, address: Address, now: float) -> None:
        """A STUN datagram. Whatever cannot be read or does not prove knowledge of a password changes nothing."""
        if self.failed:
            return
        address = (address[0], address[1])
        try:
            message = stun.parse(data)
        except StunError:
            self.refused["malformed"] += 1
            return
        match message.kind:
            case Class.REQUEST:
                self._handle_request(message, address, now)
            case Class.RESPONSE | Class.ERROR:
                self._handle_answer(message, address, now)
            case _:
                return  # indications keep NAT bindings open and want nothing (RFC 8445 section 11)
        self._run(now)

    def tick(self, now: float) -> None:
        """Run the timers that are due."""
        if self.failed:
            return
        again, dead = self._transactions.due(now)
        self._transmits += again
        for transaction in dead:
            self._lost(transaction)
        self._keep_consent(now)
        self._run(now)
        if self._deadline is None and self.remote is not None and self.pairs.best(self.controlling) is None:
            self._deadline = now + PATIENCE
        if self._deadline is not None and now >= self._deadline:
            self.failed = True
            self._transactions = Transactions()
            self._events.append(Failed(f"no address of the peer answered within {PATIENCE} s"))

    def next_timeout(self) -> float | None:
        """When to call ``tick``, None while nothing is due; a time that has passed means now."""
        if self.failed:
            return None
        times = [self._deadline, self._transactions.next_timeout()]
        if self.remote is not None and self.pairs.has_waiting():
            times.append(self._next_check_at)
        if self._selected_pair is None:
            ready = self._first_valid_at is not None and self._nominating is None and self.pairs.best(True) is not None
            if self.controlling and ready and self._first_valid_at is not None:
                times.append(self._first_valid_at + BETTER_WAIT)
        elif self._consent is not None:
            times += [self._consent.due, self._consent.expires]
            since = self._consent.unanswered_since
            if since is not None and self._rival() is not None and self._nominating is None:
                times.append(since + SUSPICION)
        return min((time for time in times if time is not None), default=None)

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        """Datagrams to send, in order; the list is handed over."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def take_events(self) -> list[IceEvent]:
        """Events since the last call, in order; the list is handed over."""
        events, self._events = self._events, []
        return events

    # Incoming checks (RFC 8445 section 7.3)

    def _handle_request(self, request: Message, address: Address, now: float) -> None:
        username = request.username
        if username is None or not request.signed:
            self._refuse(request, address, "unauthenticated", 400, "Bad Request")
            return
        if username.partition(":")[0] != self.local.ufrag or not request.is_from(self._local_key):
            self._refuse(request, address, "wrong-password", 401, "Unauthenticated")
            return
        if self._role_conflict(request):
            self._transmits.append((stun.binding_error(request, 487, "Role Conflict", self._local_key), address))
            return
        self._transmits.append((stun.binding_success(request, address, self._local_key), address))

        pair = self.pairs.get(address)
        if pair is None:
            priority = REFLEXIVE_PRIORITY if request.priority is None else request.priority
            pair = self.pairs.add(address, priority, self._selected_pair, self.controlling)
            if pair is None:
                self.refused["too-many-pairs"] += 1
                return
        if not pair.authenticated:
            pair.authenticated = True
            self._events.append(Authenticated(address))
        if not self.controlling and request.nominates:
            self._nominated_by_peer(pair, now)
        self._trigger(pair, now)

    def _refuse(self, request: Message, address: Address, why: str, code: int, reason: str) -> None:
        self.refused[why] += 1
        self._transmits.append((stun.binding_error(request, code, reason, None), address))

    def _role_conflict(self, request: Message) -> bool:
        """Whether to answer 487; switches roles when the peer's tie-breaker wins (section 7.3.1.1)."""
        theirs = request.controlling if self.controlling else request.controlled
        if theirs is None:
            return False
        if (self._tie_breaker >= theirs) == self.controlling:
            return True
        self._switch_role(not self.controlling)
        return False

    def _nominated_by_peer(self, pair: Pair, now: float) -> None:
        if pair.state is PairState.SUCCEEDED:
            self._select(pair, now)
        else:
            pair.nominated = True  # once our check succeeds (section 7.3.1.5)

    def _switch_role(self, controlling: bool) -> None:
        if controlling != self.controlling:
            self.controlling = controlling
            self._nominating = None

    def _trigger(self, pair: Pair, now: float) -> None:
        match pair.state:
            case PairState.SUCCEEDED:
                stale = pair.answered_at is None or now - pair.answered_at > STALE
                if pair is not self._selected_pair and stale and not self._transactions.busy(pair):
                    self._check(pair, now)
            case PairState.WAITING | PairState.FAILED:
                self.pairs.trigger(pair)
            case PairState.IN_PROGRESS:
                pass  # its retransmissions are 100 ms apart, so a second check would gain nothing

    # Our checks (section 7.2)

    def _run(self, now: float) -> None:
        """Send the checks that pacing allows, then see whether to nominate."""
        if self.remote is None or self.failed:
            return
        while now >= self._next_check_at:
            pair = self.pairs.pop_next(self.controlling)
            if pair is None:
                break
            pair.state = PairState.IN_PROGRESS
            self._check(pair, now)
            self._next_check_at = now + PACING
        self._consider(now)

    def _check(self, pair: Pair, now: float, *, nominate: bool = False, repeated: bool = True) -> None:
        if self.remote is None:
            return
        key = self.remote.pwd.encode()
        transaction_id = self._rng.randbytes(12)
        data = stun.binding_request(
            transaction_id,
            f"{self.remote.ufrag}:{self.local.ufrag}",
            key,
            priority=REFLEXIVE_PRIORITY,
            controlling=self.controlling,
            tie_breaker=self._tie_breaker,
            nominate=nominate,
        )
        if nominate:
            self._nominating = pair
            self._transactions.cancel(pair)
        self._transactions.add(
            Transaction(transaction_id, data, pair, key, self.controlling, nominate, repeated=repeated), now
        )
        self._transmits.append((data, pair.address))
        if pair is self._selected_pair and self._consent is not None:
            self._consent.asked(now)

    def _handle_answer(self, answer: Message, address: Address, now: float) -> None:
        transaction = self._transactions.get(answer.transaction_id)
        if transaction is None:
            return
        # An answer from elsewhere is no proof that the pair works (section 7.2.5.2.1); an unproven one proves nothing.
        if address != transaction.pair.address or not answer.is_from(transaction.key):
            self.refused["bad-answer"] += 1
            return
        self._transactions.remove(transaction)
        if answer.kind is Class.ERROR:
            self._handle_error(answer, transaction)
        else:
            self._handle_success(transaction, now)

    def _handle_error(self, answer: Message, transaction: Transaction) -> None:
        if answer.error is not None and answer.error[0] == 487:
            self._switch_role(not transaction.controlling)
            if transaction.pair is not self._selected_pair:
                self.pairs.trigger(transaction.pair)
        else:
            self._lost(transaction)

    def _handle_success(self, transaction: Transaction, now: float) -> None:
        pair = transaction.pair
        if self.pairs.get(pair.address) is not pair:
            return  # it gave way to another pair meanwhile
        first = pair.answered_at is None or pair.state is PairState.FAILED
        pair.state = PairState.SUCCEEDED
        pair.answered_at = now
        self._deadline = None
        if self._first_valid_at is None:
            self._first_valid_at = now
        if first:
            self._events.append(Validated(pair.address))
        if pair is self._selected_pair and self._consent is not None:
            self._consent.answered(now)
        if self._nominating is pair and transaction.nominating:
            self._nominating = None
            self._select(pair, now)
        elif pair.nominated and not self.controlling:
            self._select(pair, now)
        elif self._selected_pair is not None and pair is not self._selected_pair and self.controlling:
            self._doubt_selected(now)

    def _lost(self, transaction: Transaction) -> None:
        """Nobody answered, or with an error. The selected pair is judged by consent alone."""
        pair = transaction.pair
        if self._nominating is pair and transaction.nominating:
            self._nominating = None
        if transaction.repeated and pair is not self._selected_pair:
            pair.state = PairState.FAILED

    # Nomination (section 8.1.1) and consent (RFC 7675)

    def _consider(self, now: float) -> None:
        """Nominate when controlling: first the best valid pair, later one that answers where the selected does not."""
        if not self.controlling or self._nominating is not None:
            return
        if self._selected_pair is None:
            best = self.pairs.best(True)
            if best is None or self._first_valid_at is None:
                return
            waiting = any(p.unfinished and p.priority(True) > best.priority(True) for p in self.pairs)
            if waiting and now < self._first_valid_at + BETTER_WAIT:
                return
            self._check(best, now, nominate=True)
        elif self._consent is not None and self._consent.silent_for(now) >= SUSPICION:
            rival = self._rival()
            if rival is not None:
                self._check(rival, now, nominate=True)

    def _rival(self) -> Pair | None:
        """The best pair that answered since the selected one fell silent."""
        if self._consent is None or self._consent.unanswered_since is None:
            return None
        since = self._consent.unanswered_since
        return self.pairs.best(self.controlling, answered_since=since, but=self._selected_pair)

    def _doubt_selected(self, now: float) -> None:
        """Another address works now: perhaps the peer moved there. Ask the selected one, and decide by its silence."""
        selected = self._selected_pair
        if selected is not None and not self._transactions.busy(selected):
            self._check(selected, now)

    def _select(self, pair: Pair, now: float) -> None:
        if pair is self._selected_pair:
            return
        pair.nominated = False
        self._selected_pair = pair
        self.selected = pair.address
        self._consent = Consent(self._rng, now)
        self._events.append(Selected(pair.address))

    def _keep_consent(self, now: float) -> None:
        pair, consent = self._selected_pair, self._consent
        if pair is None or consent is None:
            return
        if now >= consent.expires:
            pair.state = PairState.FAILED  # until a check comes from there
            pair.nominated = False
            self._selected_pair = self.selected = self._consent = None
            self._first_valid_at = None
            self._transactions.cancel(pair)
            for each in self.pairs:
                if each.state is PairState.SUCCEEDED:
                    each.state = PairState.FAILED
            self._events.append(ConsentLost())
        elif now >= consent.due:
            self._check(pair, now, repeated=False)
            if consent.silent_for(now) >= DESPERATION:
                for each in self.pairs:
                    if each is not pair and each.state is PairState.SUCCEEDED and not self._transactions.busy(each):
                        self._check(each, now)


def _address_of(candidate: Candidate, zone: str) -> Address | None:
    """Where to send checks for a signalled candidate; None for what the bridge cannot or must not reach."""
    if candidate.component != 1 or candidate.protocol != "udp" or candidate.port == 0:
        return None
    try:
        ip = ipaddress.ip_address(candidate.ip)
    except ValueError:
        return None  # a host name, usually mDNS
    if ip.is_multicast or ip.is_unspecified or (ip.version == 4 and ip.is_reserved):
        return None
    return f"{ip}%{zone}" if zone else str(ip), candidate.port
