"""``pyjitsi handover``: let a running bridge end after its meetings, so that the new generation takes its place.

Run by the NixOS module at each switch. The bridge is not restarted: it goes on until it is empty, or its drain time is
over, then ends, and systemd starts what is installed now. Nothing happens where the bridge runs that already.
"""

import argparse
import datetime
import json

import aiohttp

from pyjitsi import clock

TIMEOUT = 10.0


def add_to(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--bridge", default="http://127.0.0.1:9090", metavar="URL", help="the bridge's HTTP address")
    parser.add_argument("--generation", required=True, help="what should run; the bridge's own says what does")


async def main(options: argparse.Namespace) -> int:
    """Ask, and say what comes of it."""
    base = options.bridge.rstrip("/")
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
            async with session.get(f"{base}/about/version") as answer:
                running = (await answer.json()).get("generation")
            if running == options.generation:
                print("the bridge runs this generation already")
                return 0
            async with session.post(f"{base}/colibri/handover") as answer:
                answer.raise_for_status()
                state = await answer.json()
    except aiohttp.ClientConnectorError:
        print(f"no bridge runs at {base}; the next one to start is of this generation")
        return 0
    except (TimeoutError, aiohttp.ClientError, json.JSONDecodeError) as error:
        print(f"the bridge at {base} can't be asked: {error}; `systemctl restart meet-bridge` takes the new generation")
        return 1
    print(sentence(state["conferences"], state["endpoints"], state["seconds"], clock.wall()))
    return 0


def sentence(conferences: int, endpoints: int, seconds: float, wall: float) -> str:
    """What an admin wants to know; ``wall`` is seconds since 1970."""
    if conferences == 0:
        return "the bridge is empty and takes the new generation now"
    latest = datetime.datetime.fromtimestamp(wall + seconds).astimezone()
    meetings = "1 meeting" if conferences == 1 else f"{conferences} meetings"
    people = "1 person" if endpoints == 1 else f"{endpoints} people"
    return (
        f"the bridge has {meetings} with {people}; it takes the new generation when they are over, "
        f"at {latest:%H:%M} on {latest:%Y-%m-%d} at the latest"
    )
