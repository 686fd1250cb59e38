"""ICE restarts as both sides see them: the new pair takes over when it works, and until then the old one goes on."""

import random

import pytest

from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport.ice import Candidate, Credentials, Failed, IceAgent, Selected
from pyjitsi.bridge.transport.restart import RestartableIce
from tests.unit.transport.network import BRIDGE, CLIENT, Host, Network

US, THEM = Credentials("localufrag", "l" * 24), Credentials("remoteufrag", "r" * 24)
ELSEWHERE: Address = ("203.0.113.9", 50_000)
AT_BRIDGE = Candidate("1", 1, "udp", 2130706431, *BRIDGE, "host")


class Restarts:
    """A bridge that can restart, and a client whose agents succeed each other, as a browser's do."""

    def __init__(self) -> None:
        self.network: Network = Network()
        self.ice: RestartableIce = RestartableIce(True, US, random.Random(1))
        self.bridge: Host = self.network.add(self.ice, BRIDGE)
        self.first: Host = self.client(THEM, CLIENT)
        self.ice.set_remote(THEM, [], self.network.now)
        self.knock(self.first, self.ice.local)
        self.network.run(1)
        assert self.ice.selected == CLIENT
        self.bridge.events.clear()

    def client(self, credentials: Credentials, address: Address) -> Host:
        agent = IceAgent(False, credentials, tie_breaker=3, rng=random.Random(address[1]))
        return self.network.add(agent, address)

    def knock(self, host: Host, bridge: Credentials) -> None:
        """Let a client's agent check the bridge's address."""
        host.agent.set_remote(bridge, [AT_BRIDGE], self.network.now)

    def moves(self, generation: int | None = None, *, delay: float = 0.0) -> Host:
        """The client answers a restart from another address, its credentials arriving ``delay`` late."""
        pending = self.ice.restart(self.network.now)
        fresh = Credentials(f"remote{pending.generation}x", "s" * 24)
        second = self.client(fresh, ELSEWHERE)
        self.knock(second, pending.agent.local)
        self.network.run(delay)
        self.ice.answer(generation or pending.generation, fresh, [], self.network.now)
        return second

    @property
    def selections(self) -> list[Address]:
        return [event.address for event in self.bridge.saw(Selected) if isinstance(event, Selected)]


@pytest.fixture
def restarts() -> Restarts:
    return Restarts()


def test_the_old_pair_is_used_until_the_new_one_is_selected(restarts: Restarts) -> None:
    restarts.moves(delay=2)
    assert (restarts.ice.selected, restarts.selections) == (CLIENT, []), "nothing changed before the peer answered"
    restarts.network.run(0.5)
    assert (restarts.ice.selected, restarts.selections) == (ELSEWHERE, [ELSEWHERE])
    assert restarts.ice.restarts == {"started": 1, "succeeded": 1}


def test_the_old_agent_answers_for_three_more_seconds(restarts: Restarts) -> None:
    restarts.moves()
    restarts.network.run(0.5)
    assert len(restarts.ice.ufrags) == 2
    restarts.network.run(2.2)
    assert (len(restarts.ice.ufrags), restarts.ice.retired) == (2, [])
    restarts.network.run(0.5)
    assert (len(restarts.ice.ufrags), restarts.ice.retired) == (1, ["localufrag"])


def test_a_restart_that_finds_nothing_in_20_seconds_leaves_all_as_it_was(restarts: Restarts) -> None:
    pending = restarts.ice.restart(restarts.network.now)
    restarts.ice.answer(1, Credentials("remote1x", "s" * 24), [], restarts.network.now)
    restarts.network.run(19.9)
    assert restarts.ice.pending is pending
    restarts.network.run(0.2)
    assert restarts.ice.pending is None
    assert (restarts.ice.selected, restarts.bridge.events) == (CLIENT, [])
    assert restarts.ice.retired == [pending.agent.local.ufrag]
    assert restarts.ice.restarts == {"started": 1, "failed": 1}


def test_asking_twice_before_the_answer_is_one_restart(restarts: Restarts) -> None:
    assert restarts.ice.restart(restarts.network.now) is restarts.ice.restart(restarts.network.now)
    assert restarts.ice.restarts["started"] == 1


def test_a_later_restart_takes_the_place_of_one_that_is_being_checked(restarts: Restarts) -> None:
    first = restarts.ice.restart(restarts.network.now)
    restarts.ice.answer(1, Credentials("remote1x", "s" * 24), [], restarts.network.now)
    restarts.moves()
    restarts.network.run(0.5)
    assert restarts.ice.selected == ELSEWHERE
    assert first.agent.local.ufrag in restarts.ice.retired
    assert restarts.ice.restarts == {"started": 2, "superseded": 1, "succeeded": 1}


@pytest.mark.parametrize("generation", [2, 7])
def test_an_answer_of_another_generation_is_ignored(restarts: Restarts, generation: int) -> None:
    restarts.moves(generation)
    restarts.network.run(1)
    assert restarts.ice.pending is not None and not restarts.ice.pending.answered
    assert restarts.ice.selected == CLIENT


def test_a_second_answer_changes_nothing(restarts: Restarts) -> None:
    restarts.moves()
    restarts.ice.answer(1, Credentials("otherufrag", "o" * 24), [], restarts.network.now)
    restarts.network.run(0.5)
    assert restarts.ice.selected == ELSEWHERE


def test_it_works_from_an_unchanged_address(restarts: Restarts) -> None:
    """JVB tells agents apart by the remote address, and fails here."""
    pending = restarts.ice.restart(restarts.network.now)
    fresh = Credentials("remote1x", "s" * 24)
    restarts.network.hosts.clear()
    restarts.network.hosts[BRIDGE] = restarts.bridge
    restarts.knock(restarts.client(fresh, CLIENT), pending.agent.local)
    restarts.ice.answer(1, fresh, [], restarts.network.now)
    restarts.network.run(0.5)
    assert restarts.ice.local == pending.agent.local
    assert restarts.selections == [CLIENT]


def test_a_client_that_was_gone_for_a_minute_comes_back_by_a_restart(restarts: Restarts) -> None:
    del restarts.network.hosts[CLIENT]
    restarts.network.run(60)
    assert restarts.ice.selected is None, "consent is over"
    restarts.moves()
    restarts.network.run(0.5)
    assert restarts.ice.selected == ELSEWHERE


def test_an_agent_that_fails_is_given_up_only_when_its_restart_is_too(restarts: Restarts) -> None:
    del restarts.network.hosts[CLIENT]
    restarts.network.run(68)
    restarts.ice.restart(restarts.network.now)
    restarts.network.run(15)
    assert restarts.ice.agent.failed and restarts.bridge.saw(Failed) == []
    restarts.network.run(6)
    assert len(restarts.bridge.saw(Failed)) == 1
