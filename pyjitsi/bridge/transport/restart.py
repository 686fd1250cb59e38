"""ICE that can be restarted in place (RFC 8445 section 9), make-before-break.

A restart makes a second agent with credentials of its own, while the first goes on carrying media; once the second has
selected a pair, that one is used, and the first stays a little longer for checks that are still on their way. Where the
second finds nothing, the first is kept. DTLS and SRTP above notice nothing.

The agents are told apart by the user name fragment in requests, and by the transaction in answers; so, unlike JVB's, a
restart succeeds from an unchanged address too.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport import ice_events
from pyjitsi.bridge.transport.ice import IceAgent, local_ufrag_of
from pyjitsi.bridge.transport.ice_events import Credentials, IceEvent
from pyjitsi.xmpp.stanzas.ice_udp import Candidate

TIMEOUT = 20.0  # seconds for the new agent to connect, from the request on (JVB's videobridge.ice.restart.timeout)
TRANSITION = 3.0  # seconds that the old one then stays (JVB's transition-window)


@dataclass
class Pending:
    """A restart under way. ``generation`` counts them from 1; both sides name it."""

    agent: IceAgent
    generation: int
    deadline: float
    answered: bool = False  # the peer's new credentials are there, and checks go out


class RestartableIce:
    """One agent after another, as one. ``restarts`` counts what became of them, in JVB's words.

    ``retired`` are local user name fragments that are no longer answered; whoever routes by them empties it.
    """

    def __init__(self, controlling: bool, local: Credentials, rng: random.Random, *, zone: str = "") -> None:
        """As IceAgent; ``rng`` makes the credentials of later generations too."""
        self._rng: random.Random = rng
        self._zone: str = zone
        self.agent: IceAgent = self._agent(controlling, local)
        self.pending: Pending | None = None
        self.restarts: Counter[str] = Counter()
        self.retired: list[str] = []
        self._generation: int = 0
        self._old: tuple[IceAgent, float] | None = None  # and until when
        self._events: list[IceEvent] = []

    def _agent(self, controlling: bool, local: Credentials) -> IceAgent:
        return IceAgent(controlling, local, tie_breaker=self._rng.getrandbits(64), rng=self._rng, zone=self._zone)

    @property
    def controlling(self) -> bool:
        """The role of the agent in use."""
        return self.agent.controlling

    @property
    def local(self) -> Credentials:
        """Ours, of the agent in use."""
        return self.agent.local

    @property
    def remote(self) -> Credentials | None:
        """The peer's, of the agent in use."""
        return self.agent.remote

    @property
    def selected(self) -> Address | None:
        """Where the agent in use sends to."""
        return self.agent.selected

    @property
    def ufrags(self) -> list[str]:
        """All that are answered."""
        return [agent.local.ufrag for agent in self._agents()]

    def _agents(self) -> list[IceAgent]:
        agents = [self.agent]
        if self.pending is not None:
            agents.append(self.pending.agent)
        if self._old is not None:
            agents.append(self._old[0])
        return agents

    def set_remote(self, credentials: Credentials, candidates: Sequence[Candidate], now: float) -> None:
        """The peer's half of the agent in use."""
        self.agent.set_remote(credentials, candidates, now)
        self._collect(now)

    # Restarts.

    def restart(self, now: float) -> Pending:
        """Begin one, or go on with one that the peer has not answered yet: clients ask twice when networks change."""
        if self.pending is not None and not self.pending.answered:
            return self.pending
        if self.pending is not None:
            self.restarts["superseded"] += 1
            self._retire(self.pending.agent)
        self._generation += 1
        self.restarts["started"] += 1
        agent = self._agent(self.agent.controlling, Credentials.generate())
        self.pending = Pending(agent, self._generation, now + TIMEOUT)
        return self.pending

    def answer(self, generation: int, credentials: Credentials, candidates: Sequence[Candidate], now: float) -> None:
        """The peer's half of a restart; of any but the one that waits for it, it is old news."""
        pending = self.pending
        if pending is not None and pending.generation == generation and not pending.answered:
            pending.answered = True
            pending.agent.set_remote(credentials, candidates, now)
            self._collect(now)

    def _cut_over(self, pending: Pending, now: float) -> None:
        self.restarts["succeeded"] += 1
        self.pending = None
        if self._old is not None:
            self._retire(self._old[0])
        self._old = (self.agent, now + TRANSITION)
        self.agent = pending.agent

    def _give_up(self, pending: Pending) -> None:
        self.restarts["failed"] += 1
        self.pending = None
        self._retire(pending.agent)
        if self.agent.failed:
            self._events.append(ice_events.Failed("the agent failed, and so did its restart"))

    def _retire(self, agent: IceAgent) -> None:
        self.retired.append(agent.local.ufrag)

    # Datagrams and timers, as of an IceAgent.

    def receive(self, data: bytes, address: Address, now: float) -> None:
        """A STUN datagram."""
        ufrag = local_ufrag_of(data)
        for agent in self._agents():
            if ufrag is None or agent.local.ufrag == ufrag:  # an answer is taken by whoever asked
                agent.receive(data, address, now)
        self._collect(now)

    def tick(self, now: float) -> None:
        """Run the timers that are due."""
        for agent in self._agents():
            due = agent.next_timeout()
            if due is not None and due <= now:
                agent.tick(now)
        if self._old is not None and now >= self._old[1]:
            self._retire(self._old[0])
            self._old = None
        if self.pending is not None and (now >= self.pending.deadline or self.pending.agent.failed):
            self._give_up(self.pending)
        self._collect(now)

    def next_timeout(self) -> float | None:
        """When to call ``tick``; None while nothing is due."""
        times = [agent.next_timeout() for agent in self._agents()]
        if self.pending is not None:
            times.append(self.pending.deadline)
        if self._old is not None:
            times.append(self._old[1])
        return min((time for time in times if time is not None), default=None)

    def _collect(self, now: float) -> None:
        """Take what the agents have to say; only the one in use speaks for the peer."""
        pending, old = self.pending, None if self._old is None else self._old[0]
        for event in self.agent.take_events():
            if not (isinstance(event, ice_events.Failed) and pending is not None):  # perhaps the restart saves it
                self._events.append(event)
        if old is not None:
            old.take_events()
        if pending is not None:
            for event in pending.agent.take_events():
                match event:
                    case ice_events.Selected():
                        self._cut_over(pending, now)
                        self._events.append(event)
                    case ice_events.Authenticated() | ice_events.Validated():
                        self._events.append(event)
                    case ice_events.ConsentLost() | ice_events.Failed():
                        pass  # its time ends it

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        """Datagrams to send, in order."""
        return [each for agent in self._agents() for each in agent.take_transmits()]

    def take_events(self) -> list[IceEvent]:
        """Events since the last call, in order."""
        events, self._events = self._events, []
        return events
