"""Bridges that are unwell by their presence, that nobody can reach, or that have too much to do."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from pyjitsi.focus.bridges import BridgeRegistry
from pyjitsi.focus.choice import BridgeChoice, Rules
from pyjitsi.focus.conference import Conference
from pyjitsi.focus.moving import Redistribution
from pyjitsi.focus.settings import IceFailureDetection, LoadRedistribution

READY = {"drain": "false", "stress_level": "0.1"}


@pytest.fixture
def registry() -> BridgeRegistry:
    registry = BridgeRegistry(quarantine=60.0)
    registry.present("one", READY, 100.0)
    return registry


# Health by presence.


@pytest.mark.parametrize(
    ("stats", "now", "problem"),
    [
        ({}, 145.0, None),
        ({}, 145.1, "it has said nothing for 45 s"),
        ({"healthy": "true"}, 110.0, None),
        ({"healthy": "false"}, 110.0, "it says that it is unwell"),
    ],
)
def test_what_a_presence_says_of_health(
    registry: BridgeRegistry, stats: dict[str, str], now: float, problem: str | None
) -> None:
    registry.present("one", {**READY, **stats}, 100.0)
    assert registry.unwell("one", now, 45.0) == problem


def test_a_bridge_that_is_gone_is_not_unwell(registry: BridgeRegistry) -> None:
    registry.gone("one")
    assert registry.unwell("one", 1000.0, 45.0) is None


# ICE failures.


def failing(
    registry: BridgeRegistry, *, endpoints: int, requests: int, apart: float = 0.1, enabled: bool = True
) -> bool:
    choice = BridgeChoice(registry, Rules(ice_failures=IceFailureDetection(enabled=enabled)))
    choice.endpoints_on = lambda _: endpoints
    now = 1000.0
    for _ in range(requests):
        choice.restart_requested("one", now)
        now += apart
    return choice.overloaded(registry.bridges["one"], now)


def test_more_than_a_tenth_of_thirty_or_more_is_the_bridges_fault(registry: BridgeRegistry) -> None:
    assert not failing(registry, endpoints=30, requests=3)
    assert failing(registry, endpoints=30, requests=1), "the fourth"


@pytest.mark.parametrize(
    "situation",
    [{"endpoints": 29, "requests": 29}, {"endpoints": 40, "requests": 20, "apart": 31.0},
     {"endpoints": 30, "requests": 30, "enabled": False}],
)  # fmt: skip
def test_too_few_too_slow_or_switched_off(registry: BridgeRegistry, situation: dict[str, Any]) -> None:
    assert not failing(registry, **situation)


def test_a_bridge_that_nobody_can_reach_is_avoided_for_ten_minutes(registry: BridgeRegistry) -> None:
    registry.present("two", {**READY, "stress_level": "0.7"})
    choice = BridgeChoice(registry, Rules(ice_failures=IceFailureDetection(enabled=True)))
    choice.endpoints_on = lambda _: 30
    for _ in range(4):
        choice.restart_requested("one", 1000.0)
    for now, taken in ((1001.0, "two"), (1599.0, "two"), (1601.0, "one")):
        chosen = choice.select(now)
        assert chosen is not None and chosen.jid == taken
    choice.restart_requested("nobody", 1000.0)


# Load.


class Crowd:
    """A conference by how many it has on each bridge."""

    def __init__(self, **people: int) -> None:
        self.people: dict[str, int] = people
        self.moved: int = 0
        self.placing: Crowd = self

    def on(self, jid: str) -> list[object]:
        return [object()] * self.people.get(jid, 0)

    def move(self, _member: object) -> None:
        self.moved += 1


def redistribution(registry: BridgeRegistry, *crowds: Crowd) -> Redistribution:
    rooms = cast(Mapping[str, Conference], {str(number): crowd for number, crowd in enumerate(crowds)})
    return Redistribution(BridgeChoice(registry, Rules()), lambda: rooms, LoadRedistribution(enabled=True))


def test_ten_of_the_largest_meetings_leave_an_overloaded_bridge_every_three_minutes(registry: BridgeRegistry) -> None:
    registry.present("busy", {**READY, "stress_level": "0.95"})
    small, large = Crowd(busy=6), Crowd(busy=8, one=3)
    relief = redistribution(registry, small, large)
    assert relief.run(1000.0) == 10
    assert (large.moved, small.moved) == (8, 2)
    assert [relief.run(now) for now in (1060.0, 1120.0, 1179.0)] == [0, 0, 0]
    assert relief.run(1180.0) == 10


@pytest.mark.parametrize(("one", "two", "moved"), [("0.85", "0.1", 0), ("0.95", "0.85", 0), ("0.95", "0.1", 5)])
def test_only_from_overloaded_ones_and_only_if_there_is_another(one: str, two: str, moved: int) -> None:
    registry = BridgeRegistry(quarantine=60.0)
    registry.present("one", {**READY, "stress_level": one})
    registry.present("two", {**READY, "stress_level": two})
    assert redistribution(registry, Crowd(one=5, two=5)).run(1000.0) == moved
