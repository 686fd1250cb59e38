"""What the focus does with a bridge whose health check fails."""

import asyncio
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from pyjitsi.focus import brewery as module
from pyjitsi.focus.brewery import Brewery
from pyjitsi.focus.bridges import BridgeRegistry, Found, Lost
from pyjitsi.xmpp.connection import IqError, IqTimeout
from tests.scenario.focus.story import BREWERY, Story

OSLO = f"{BREWERY}/oslo"
ROME = f"{BREWERY}/rome"
UNWELL = IqError("internal-server-error", "the self-test failed", None)


class FakeClock:
    """Passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


class World:
    """A focus's brewery with two bridges; Oslo answers its health checks as ``answers`` say, one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: list[Exception | None], **settings: Any) -> None:
        self.clock: FakeClock = FakeClock()
        self.answers: list[Exception | None] = answers
        self.asked: int = 0
        self.changes: list[tuple[float, Found | Lost]] = []
        self.over: asyncio.Event = asyncio.Event()
        self.before_answer: Callable[[], None] = lambda: None
        self.registry: BridgeRegistry = BridgeRegistry(quarantine=60.0)
        self.registry.present(OSLO, {"drain": "false"}, self.clock.now)
        self.registry.present(ROME, {"drain": "false"}, self.clock.now)
        made: Any = self
        self.brewery: Brewery = Brewery(made, Story(**settings).settings, "focus", self.registry, self._changed)
        monkeypatch.setattr(module, "clock", self.clock)
        monkeypatch.setattr(module.asyncio, "sleep", self._sleep)

    def _changed(self, change: Found | Lost) -> None:
        self.changes.append((self.clock.now - 1000.0, change))

    async def _sleep(self, seconds: float) -> None:
        self.clock.now += seconds
        await asyncio.tasks.sleep(0)
        if not self.answers:
            self.over.set()
            await asyncio.Event().wait()

    async def iq(self, to: str, _payload: Element, **options: Any) -> None:
        assert (to, options["kind"]) == (OSLO, "get")
        self.asked += 1
        self.before_answer()
        answer = self.answers.pop(0)
        if isinstance(answer, IqTimeout):
            self.clock.now += options["timeout"]
        if answer is not None:
            raise answer

    async def run(self) -> None:
        """Until there are no answers left."""
        checking = asyncio.create_task(self.brewery._check(OSLO))  # pyright: ignore[reportPrivateUsage]
        await self.over.wait()
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)


async def test_people_of_a_bridge_that_says_it_is_unwell_are_moved_and_it_is_used_again_a_minute_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, [None, UNWELL, *[None] * 7])
    await world.run()
    (lost_at, lost), (found_at, found) = world.changes
    assert (lost_at, found_at) == (20.0, 80.0)
    assert isinstance(lost, Lost)
    assert "the self-test failed" in lost.reason
    assert found == Found(OSLO)


@pytest.mark.parametrize("others", [None, {"drain": "true"}, {"graceful_shutdown": "true"}])
async def test_an_unwell_bridge_keeps_its_people_and_takes_more_where_no_other_one_could(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, str] | None
) -> None:
    world = World(monkeypatch, [None, UNWELL, UNWELL, None])
    if others is None:
        world.registry.gone(ROME)
    else:
        world.registry.present(ROME, others, world.clock.now)
    await world.run()
    assert world.changes == []
    assert world.registry.operational(world.registry.bridges[OSLO], world.clock.now)


async def test_it_is_left_once_there_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [UNWELL, UNWELL])
    world.registry.present(ROME, {"drain": "true"}, world.clock.now)
    drained = world.registry.bridges[ROME]

    def well() -> None:
        drained.drain = world.clock.now < 1020

    world.before_answer = well
    await world.run()
    assert [(at, type(change)) for at, change in world.changes] == [(20.0, Lost)]


async def test_a_bridge_that_is_silent_twice_gets_nobody_new_and_keeps_its_people(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, [IqTimeout("no answer"), IqTimeout("no answer")])
    await world.run()
    assert (world.asked, world.changes) == (2, [])
    assert not world.registry.operational(world.registry.bridges[OSLO], world.clock.now)


async def test_one_answer_that_is_late_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [IqTimeout("no answer"), None])
    await world.run()
    assert (world.asked, world.changes) == (2, [])
    assert world.registry.operational(world.registry.bridges[OSLO], world.clock.now)


async def test_health_by_presence_moves_people_off_a_bridge_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [None], health_by_presence=True, presence_timeout_seconds=15.0)
    checking = asyncio.create_task(world.brewery._check(OSLO))  # pyright: ignore[reportPrivateUsage]
    while not world.changes:
        await asyncio.tasks.sleep(0)
    checking.cancel()
    at, lost = world.changes[0]
    assert (at, lost) == (20.0, Lost(OSLO, "it has said nothing for 15 s"))
