"""``pyjitsi handover``: bring the installed generation of the bridge up beside the running one, which ends by itself.

Run by the NixOS module at boot, at each switch, and when a bridge has ended after a handover. There are two places for
a bridge, each a systemd unit with ports of its own. The new one is started in the free place; once it is well, the old
one takes no more meetings, and ends when it is empty or its drain time is over. Nothing happens where the generation
runs already. Where both places still have meetings, the new generation takes the first that is free.
"""

import argparse
import asyncio
import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from pyjitsi import clock

TIMEOUT = 10.0
START_LIMIT = 180.0  # seconds; a small machine in the middle of meetings takes its time


@dataclass(frozen=True, slots=True)
class Running:
    """A bridge that answers."""

    generation: str | None
    draining: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """``start`` a place, let one ``stay`` (it may have been told to end before), and let the others end."""

    start: str | None = None
    stay: str | None = None
    end: tuple[str, ...] = ()


def decide(places: Mapping[str, Running | None], generation: str) -> Decision:
    """What to do so that ``generation`` runs; ``places`` by unit, None where nothing answers."""
    busy = {unit: running for unit, running in places.items() if running is not None}
    right = sorted((running.draining, unit) for unit, running in busy.items() if running.generation == generation)
    if right:
        stay = right[0][1]
        return Decision(stay=stay, end=tuple(unit for unit in busy if unit != stay))
    free = next((unit for unit in places if unit not in busy), None)
    return Decision(start=free, end=tuple(busy))


def add_to(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--bridge", action="append", required=True, metavar="UNIT=URL", help="a place: its unit, its HTTP address"
    )
    parser.add_argument("--generation", required=True, help="what should run; a bridge's own says what does")
    parser.add_argument("--systemctl", default="systemctl", metavar="PATH", help="the program that starts units")


async def main(options: argparse.Namespace) -> int:
    """Decide, act, and say what comes of it."""
    urls: dict[str, str] = dict(each.split("=", 1) for each in options.bridge)
    urls = {unit: url.rstrip("/") for unit, url in urls.items()}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
            decision = decide({unit: await _running(session, url) for unit, url in urls.items()}, options.generation)
            if decision.start is not None:
                await _start(options.systemctl, decision.start)
                if decision.end and not await _well(session, urls[decision.start]):
                    print(f"{decision.start} is not well after {START_LIMIT:g} s; the running bridge stays. "
                          f"See journalctl -u {decision.start}")  # fmt: skip
                    return 1
                print(f"{decision.start} is started")
            elif decision.stay is not None:
                await _tell(session, urls[decision.stay], stay=True)
                print(f"{decision.stay} runs this generation already")
            for unit in decision.end:
                state = await _tell(session, urls[unit], stay=False)
                print(sentence(unit, state["conferences"], state["endpoints"], state["seconds"], clock.wall()))
            if decision.start is None and decision.stay is None:
                print("this generation starts when the first of them has ended")
    except (TimeoutError, aiohttp.ClientError, OSError, json.JSONDecodeError, KeyError) as error:
        print(f"the bridge can't be asked: {error!r}; `systemctl restart meet-bridge` takes the new generation")
        return 1
    return 0


async def _running(session: aiohttp.ClientSession, url: str) -> Running | None:
    try:
        async with session.get(f"{url}/about/version") as answer:
            generation = (await answer.json()).get("generation")
        async with session.get(f"{url}/colibri/drain") as answer:
            return Running(generation, bool((await answer.json()).get("drain")))
    except aiohttp.ClientConnectorError:
        return None


async def _start(systemctl: str, unit: str) -> None:
    process = await asyncio.create_subprocess_exec(systemctl, "--no-block", "start", f"{unit}.service")
    if await process.wait() != 0:
        raise OSError(f"{systemctl} start {unit} failed")


async def _well(session: aiohttp.ClientSession, url: str) -> bool:
    end = clock.monotonic() + START_LIMIT
    while clock.monotonic() < end:
        try:
            async with session.get(f"{url}/about/health") as answer:
                if answer.status == 200:
                    return True
        except (TimeoutError, aiohttp.ClientError):
            pass  # not yet
        await asyncio.sleep(0.2)
    return False


async def _tell(session: aiohttp.ClientSession, url: str, *, stay: bool) -> dict[str, int]:
    async with session.post(f"{url}/colibri/handover", params={"stay": "true"} if stay else {}) as answer:
        answer.raise_for_status()
        state: dict[str, int] = await answer.json()
        return state


def sentence(unit: str, conferences: int, endpoints: int, seconds: float, wall: float) -> str:
    """What an admin wants to know; ``wall`` is seconds since 1970."""
    if conferences == 0:
        return f"{unit} is empty and ends now"
    latest = datetime.datetime.fromtimestamp(wall + seconds).astimezone()
    meetings = "1 meeting" if conferences == 1 else f"{conferences} meetings"
    people = "1 person" if endpoints == 1 else f"{endpoints} people"
    return (
        f"{unit} has {meetings} with {people}; it ends when they are over, "
        f"at {latest:%H:%M} on {latest:%Y-%m-%d} at the latest"
    )
