"""Two or more sans-I/O agents on a fake network with a fake clock: delay, loss, reorder, NAT, cut addresses."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport.ice import IceEvent

BRIDGE: Address = ("192.0.2.10", 10000)
CLIENT: Address = ("198.51.100.7", 40001)


@dataclass
class Host:
    """An agent at an address, and what it said, with times."""

    agent: Any  # an IceAgent, or a RestartableIce
    address: Address
    events: list[tuple[float, IceEvent]] = field(default_factory=list[tuple[float, IceEvent]])

    def saw(self, kind: type[IceEvent]) -> list[IceEvent]:
        """Events of one kind."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def time_of(self, kind: type[IceEvent]) -> float:
        """When the first event of a kind came."""
        return next(at for at, event in self.events if isinstance(event, kind))


class Network:
    """Delivers datagrams between hosts. ``route`` may rewrite (source, destination) or return None to drop."""

    def __init__(self, seed: int = 1, *, delay: float = 0.01, jitter: float = 0.0, loss: float = 0.0) -> None:
        self.now = 100.0
        self.rng = random.Random(seed)
        self.delay, self.jitter, self.loss = delay, jitter, loss
        self.slow: dict[Address, float] = {}  # additional delay towards an address
        self.hosts: dict[Address, Host] = {}
        self.sent: list[tuple[float, Address, Address, bytes]] = []
        self.route: Callable[[Address, Address], tuple[Address, Address] | None] = lambda source, to: (source, to)
        self._queue: list[tuple[float, int, Address, Address, bytes]] = []
        self._order = itertools.count()

    def add(self, agent: Any, address: Address) -> Host:
        """Put an agent on the network."""
        host = self.hosts[address] = Host(agent, address)
        return host

    def move(self, host: Host, address: Address) -> None:
        """The host changes its address; the old one is dead at once."""
        del self.hosts[host.address]
        host.address = address
        self.hosts[address] = host

    def flush(self) -> None:
        """Take what the agents want to send and say."""
        for host in list(self.hosts.values()):
            host.events += [(self.now, event) for event in host.agent.take_events()]
            self._take(host, host.address)

    def _take(self, host: Host, source: Address) -> None:
        for data, to in host.agent.take_transmits():
            self.send(source, to, data)

    def send(self, source: Address, to: Address, data: bytes) -> None:
        """One datagram into the network."""
        self.sent.append((self.now, source, to, data))
        way = self.route(source, to)
        if way is None or self.rng.random() < self.loss:
            return
        at = self.now + self.delay + self.rng.random() * self.jitter + self.slow.get(to, 0.0)
        heapq.heappush(self._queue, (at, next(self._order), way[0], way[1], data))

    def run(self, seconds: float) -> None:
        """Let time pass. Fails when an agent asks for the same moment again and again."""
        end = self.now + seconds
        self.flush()
        spins = 0
        while True:
            timers = [(time, host) for host in self.hosts.values() if (time := host.agent.next_timeout()) is not None]
            next_timer = min((time for time, _ in timers), default=float("inf"))
            next_packet = self._queue[0][0] if self._queue else float("inf")
            at = max(self.now, min(next_timer, next_packet))
            if at > end:
                break
            spins = spins + 1 if at == self.now else 0
            assert spins < 1000, "an agent asks for the same moment again and again"
            self.now = at
            if next_packet <= at:
                _, _, source, to, data = heapq.heappop(self._queue)
                if to in self.hosts:
                    self.hosts[to].agent.receive(data, source, self.now)
                    self._take(self.hosts[to], to)  # a host of two addresses answers from the one that was asked
            else:
                for time, host in timers:
                    if time <= at:
                        host.agent.tick(self.now)
            self.flush()
        self.now = end
