"""A bridge that is to end does so without ending meetings, and the handover to a new generation."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator

import aiohttp
import pytest

from pyjitsi import handover
from pyjitsi.bridge.drain import Drain
from pyjitsi.bridge.service import BridgeService
from pyjitsi.handover import Decision, Running, decide
from pyjitsi.xmpp.stanzas import colibri
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.bridge.focus import FakeConnection, Focus


@pytest.fixture
async def told() -> AsyncIterator[asyncio.Event]:
    """Set when the process is told to end."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, event.set)
    yield event
    loop.remove_signal_handler(signal.SIGTERM)


def said(connection: FakeConnection, name: str) -> str:
    figures = colibri.parse_stats(connection.sent[-1])
    assert figures is not None
    return figures[name]


def options(bridge: BridgeService, generation: str, *, free: bool = False) -> argparse.Namespace:
    places = [f"meet-bridge=http://127.0.0.1:{bridge.settings.http_port}"]
    if free:
        places.append("meet-bridge-2=http://127.0.0.1:1")
    return argparse.Namespace(bridge=places, generation=generation, systemctl="true")


async def test_stopping_waits_for_the_meeting_and_takes_no_new_one(
    bridge: BridgeService, connection: FakeConnection, focus: Focus
) -> None:
    await focus.allocate("aaaa0001")
    draining = asyncio.create_task(bridge.drain())
    await asyncio.sleep(0.2)
    assert not draining.done()
    assert (said(connection, "drain"), said(connection, "graceful_shutdown")) == ("true", "true")
    (conference,) = bridge.bridge.conferences.values()
    await focus.allocate("aaaa0002")  # those who meet already may still be joined
    bridge.bridge.close(conference)
    with pytest.raises(StanzaError, match="shutting down"):
        await Focus(connection).allocate("aaaa0003")
    async with asyncio.timeout(2):
        await draining


async def test_an_empty_bridge_hands_over_at_once(
    bridge: BridgeService, told: asyncio.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await handover.main(options(bridge, "new")) == 0
    assert capsys.readouterr().out == (
        "meet-bridge is empty and ends now\nthis generation starts when the first of them has ended\n"
    )
    async with asyncio.timeout(2):
        await told.wait()
    assert bridge.exit_status == 75


async def test_a_bridge_with_a_meeting_goes_on_and_still_takes_meetings(
    bridge: BridgeService,
    connection: FakeConnection,
    focus: Focus,
    told: asyncio.Event,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await focus.allocate("aaaa0001")
    assert await handover.main(options(bridge, "new")) == 0
    assert "meet-bridge has 1 meeting with 1 person; it ends when they are over" in capsys.readouterr().out
    assert (said(connection, "drain"), said(connection, "graceful_shutdown")) == ("true", "false")
    await asyncio.sleep(0.3)
    assert not told.is_set()
    (conference,) = bridge.bridge.conferences.values()
    bridge.bridge.close(conference)
    async with asyncio.timeout(2):
        await told.wait()


async def test_the_same_generation_is_left_alone(
    bridge: BridgeService,
    connection: FakeConnection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"http://127.0.0.1:{bridge.settings.http_port}/about/version"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert (await answer.json())["generation"] is None

    async def same(_self: object, **_: object) -> dict[str, str | bool]:
        return {"generation": "this", "drain": False}

    monkeypatch.setattr(aiohttp.ClientResponse, "json", same)
    assert await handover.main(options(bridge, "this")) == 0
    assert capsys.readouterr().out == "meet-bridge runs this generation already\n"
    assert said(connection, "drain") == "false"


async def test_a_bridge_that_is_down_needs_no_handover(
    bridge: BridgeService, capsys: pytest.CaptureFixture[str]
) -> None:
    await bridge.stop()
    assert await handover.main(options(bridge, "new")) == 0
    assert capsys.readouterr().out == "meet-bridge is started\n"


async def test_a_new_generation_that_does_not_come_up_leaves_the_old_one_in_place(
    bridge: BridgeService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(handover, "START_LIMIT", 0.3)
    assert await handover.main(options(bridge, "new", free=True)) == 1
    assert "the running bridge stays" in capsys.readouterr().out
    assert not bridge.figures()["drain"]


async def test_a_handover_can_be_called_off(bridge: BridgeService, focus: Focus, told: asyncio.Event) -> None:
    await focus.allocate("aaaa0001")
    assert await handover.main(options(bridge, "new")) == 0
    assert bridge.figures()["drain"]
    url = f"http://127.0.0.1:{bridge.settings.http_port}/colibri/handover?stay=true"
    async with aiohttp.ClientSession() as http, http.post(url) as answer:
        assert (await answer.json())["conferences"] == 1
    assert not bridge.figures()["drain"]
    (conference,) = bridge.bridge.conferences.values()
    bridge.bridge.close(conference)
    await asyncio.sleep(0.3)
    assert not told.is_set()


OLD, NEW = Running("old", draining=False), Running("new", draining=False)
LEAVING = Running("new", draining=True)


@pytest.mark.parametrize(
    ("one", "two", "decision"),
    [
        (None, None, Decision(start="one")),
        (OLD, None, Decision(start="two", end=("one",))),
        (None, OLD, Decision(start="one", end=("two",))),
        (NEW, None, Decision(stay="one")),
        (OLD, NEW, Decision(stay="two", end=("one",))),
        (LEAVING, OLD, Decision(stay="one", end=("two",))),
        (LEAVING, NEW, Decision(stay="two", end=("one",))),
        (OLD, OLD, Decision(end=("one", "two"))),
    ],
)
def test_which_place_the_new_generation_takes(one: Running | None, two: Running | None, decision: Decision) -> None:
    assert decide({"one": one, "two": two}, "new") == decision


async def test_nobody_behind_the_proxy_ends_a_bridge(bridge: BridgeService) -> None:
    url = f"http://127.0.0.1:{bridge.settings.http_port}/colibri/handover"
    async with aiohttp.ClientSession() as http, http.post(url, headers={"X-Forwarded-For": "203.0.113.7"}) as answer:
        assert answer.status == 403
    assert not bridge.figures()["drain"]


async def test_candidates_can_be_read(bridge: BridgeService) -> None:
    url = f"http://127.0.0.1:{bridge.settings.http_port}/about/candidates"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        (candidate,) = (await answer.json())["candidates"]
    assert candidate == {"type": "host", "ip": "127.0.0.1", "port": bridge.settings.udp_port}


def test_the_bound_ends_the_wait_and_is_not_put_off() -> None:
    drain = Drain(60.0)
    assert not drain.over(0.0, 0)
    drain.begin(10.0, refuse=False)
    drain.begin(50.0, refuse=True)
    assert drain.refusing
    assert not drain.over(69.9, 2)
    assert drain.over(70.0, 2)
    assert drain.remaining(80.0) == 0
