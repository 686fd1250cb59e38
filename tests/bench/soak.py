"""People come and go at random for a long time: ``python -m tests.bench.soak [--minutes 60]``.

A hundred endpoints at the most in five meetings of one bridge, who speak and look at each other; each second some join
and some leave. Told are the bridge's memory, its tables that are larger when everybody has left, faults, and joins that
failed.
It needs root (network namespaces); exits non-zero where something grew or failed.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.process import memory
from tests.bench.sfu import net
from tests.bench.sfu.__main__ import command, wait_for
from tests.bench.sfu.ours import Ours
from tests.bench.sfu.peer import Peer, prepare
from tests.bench.sfu.serve import DOOR

MEETINGS, MOST = 5, 100
STAY = 60.0  # seconds, on the average
GONE = 45.0  # after which the bridge must have forgotten everybody: checks of ICE are remembered for 40 s
GROWTH = 0.05  # part of its memory that the bridge may gain from the second quarter of the time to the last
# What may be left: totals by name, addresses up to a bound, and checks of the self-test, which runs on.
LEFT = {
    "Bridge._ice": 2,
    "Bridge.dropped": 30,
    "Bridge.gone": 30,
    "Demultiplexer._checks": 40,
    "MediaPort._ways": 20_000,
}


class Crowd:
    """The load's side."""

    def __init__(self, meetings: list[Ours]) -> None:
        self.meetings: list[Ours] = meetings
        self.there: dict[Peer, tuple[Ours, asyncio.Task[int]]] = {}
        self.joins: int = 0
        self.failures: list[str] = []
        self._ssrc: int = 1000

    async def join(self) -> None:
        """Somebody enters a meeting, and speaks."""
        meeting, peer = random.choice(self.meetings), Peer()
        self._ssrc += 4
        video, audio = (self._ssrc, self._ssrc + 1, self._ssrc + 2), self._ssrc + 3
        try:
            async with asyncio.timeout(20):
                await meeting.enter(peer, video=video, audio=audio, last_n=4)
        except Exception as error:
            self.failures.append(repr(error))
            return
        self.joins += 1
        task = asyncio.create_task(peer.audio(audio, meeting.audio_type, time.monotonic() + 1e6))
        asyncio.get_running_loop().create_task(
            peer.video(video[0], meeting.video_type, 100_000, time.monotonic() + STAY / 2, height=180)
        ).add_done_callback(lambda done: done.exception())
        self.there[peer] = meeting, task

    async def leave(self, peer: Peer) -> None:
        """Somebody goes."""
        meeting, task = self.there.pop(peer)
        task.cancel()
        try:
            await meeting.leave(peer)
        except Exception as error:
            self.failures.append(repr(error))


async def load(address: str, pid: int, seconds: float) -> None:
    """Come and go; prints JSON."""
    prepare()
    async with aiohttp.ClientSession() as http:

        async def tables() -> dict[str, Any]:
            async with http.get(f"http://{address}:{DOOR}/tables") as answer:
                found: dict[str, Any] = await answer.json()
                return found

        before = await tables()
        crowd = Crowd([Ours(address, http) for _ in range(MEETINGS)])
        began, memories, most = time.monotonic(), list[float](), 0
        while time.monotonic() - began < seconds:
            await asyncio.sleep(random.expovariate(3.0))
            if len(crowd.there) < MOST and random.random() < (1 if len(crowd.there) < MOST * 9 // 10 else 0.5):
                await crowd.join()
            elif crowd.there:
                await crowd.leave(random.choice(list(crowd.there)))
            most = max(most, len(crowd.there))
            memories.append(memory(pid))
            if len(memories) % 100 == 0:
                print(f"{time.monotonic() - began:.0f} s: {len(crowd.there)} there, {crowd.joins} joins, "
                      f"{memories[-1]:.0f} MB", file=sys.stderr, flush=True)  # fmt: skip
        for peer in list(crowd.there):
            await crowd.leave(peer)
        await asyncio.sleep(GONE)
        after = await tables()
        quarter = len(memories) // 4
        grown = {
            name: size for name, size in after["sizes"].items()
            if size > max(before["sizes"].get(name, 0), LEFT.get(name, 0))
        }  # fmt: skip
        found = {
            "joins": crowd.joins, "most": most, "failures": crowd.failures[:5], "failed": len(crowd.failures),
            "faults": after["faults"], "unsent": after["unsent"], "grown": grown, "peak_mb": max(memories),
            "early_mb": statistics.mean(memories[quarter : 2 * quarter]),
            "late_mb": statistics.mean(memories[-quarter:]), "empty_mb": memory(pid),
        }  # fmt: skip
        print(json.dumps(found), flush=True)
    os._exit(0)  # aiortc takes its time to say farewell to all


def main(minutes: float) -> int:
    """Run, and judge."""
    with net.namespaces(), tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w+") as log:
        bridge = subprocess.Popen(
            net.inside(net.SERVER, *command("ours", Path(folder))), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for("ours")
            run = partial(subprocess.run, stdout=subprocess.PIPE, text=True, check=False)
            done = run(net.inside(net.LOAD, sys.executable, "-m", "tests.bench.soak", "--load", net.SERVER_ADDRESS,
                                  str(bridge.pid), str(minutes * 60)))  # fmt: skip
        finally:
            bridge.terminate()
            bridge.wait(10)
        if not done.stdout.strip():
            log.seek(0)
            print(log.read()[-2000:], file=sys.stderr)
            return 1
    found = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps(found, indent=1))
    grew = found["late_mb"] > found["early_mb"] * (1 + GROWTH)
    return int(grew or bool(found["grown"]) or found["faults"] > 0 or found["failed"] > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--load", nargs=3, metavar=("ADDRESS", "PID", "SECONDS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load is not None:
        asyncio.run(load(options.load[0], int(options.load[1]), float(options.load[2])))
    sys.exit(main(options.minutes))
