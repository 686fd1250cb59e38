"""The load's process: ``python -m tests.bench.sfu.load ours|janus ADDRESS PID LOAD SECONDS``; prints JSON.

CPU is the server process's own account (/proc/PID/stat: user and system time of all its threads).
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp

from tests.bench.process import memory, processor, thread_seconds
from tests.bench.sfu.janus import Janus
from tests.bench.sfu.ours import Ours
from tests.bench.sfu.peer import Peer, prepare

BITRATE = 2_500_000
WARM_UP = 4.0  # over the first key frames: the load answers no PLI
CHECKED = 10  # one receiver in so many opens what it gets


@dataclass(frozen=True)
class Load:
    """``senders`` to ``receivers``, who send nothing, in so many ``rooms``; or a meeting of ``people``.

    ``threads``: how many the bridge forwards with; by default as many as it likes.
    """

    senders: int = 0
    receivers: int = 0
    people: int = 0
    rooms: int = 1
    threads: int | None = None


LOADS = {
    "fan-out 1x50": Load(1, 50),
    "fan-out 4x40": Load(4, 40),
    "meeting 20": Load(people=20),
    "one thread": Load(1, 12, rooms=4, threads=1),
    "two threads": Load(1, 12, rooms=4, threads=2),
    "small": Load(1, 5),
}
LAYERS = ((200_000, 180), (500_000, 360), (2_500_000, 720))  # bit/s and height
LAST_N = 9
Sending = list[Callable[[float], Coroutine[Any, Any, int]]]


async def meeting(server: Ours | Janus, people: int) -> tuple[Sending, list[Peer], float]:
    """Everybody sends audio and three layers of video, hears all and sees LAST_N. The float is what each should get."""
    peers = [Peer(checks=number % CHECKED == 0) for number in range(people)]
    sending: Sending = []
    for number, peer in enumerate(peers):
        ssrcs, audio = tuple(1000 + number * 10 + index for index in range(3)), 1009 + number * 10
        await server.enter(peer, video=ssrcs, audio=audio, last_n=0)
        for ssrc, (bitrate, height) in zip(ssrcs, LAYERS, strict=True):
            sending.append(partial(peer.video, ssrc, server.video_type, bitrate, height=height))
        sending.append(partial(peer.audio, audio, server.audio_type))
    watching = await server.watch(peers, LAST_N)
    each = LAYERS[2][0] / 8 / 1180 + (LAST_N - 1) * 30 + (people - 1) * 50
    return sending, watching, each * people


async def fan_out(server: Ours | Janus, senders: int, receivers: int) -> tuple[Sending, list[Peer], float]:
    """Senders of one video stream each, and receivers of all."""
    sending: Sending = []
    for number in range(senders):
        peer, ssrc = Peer(), 1000 + number
        await server.enter(peer, video=(ssrc,), last_n=0)
        sending.append(partial(peer.video, ssrc, server.video_type, BITRATE))
    receiving = [Peer(checks=number % CHECKED == 0) for number in range(receivers)]
    for start in range(0, receivers, 10):
        await asyncio.gather(*(server.enter(peer) for peer in receiving[start : start + 10]))
    return sending, receiving, BITRATE / 8 / 1180 * senders * receivers


def marks(delays: list[float]) -> tuple[float, float] | tuple[None, None]:
    """Median and 99th percentile in milliseconds."""
    if len(delays) < 100:
        return None, None
    found = statistics.quantiles(delays, n=100)
    return found[49] * 1e3, found[98] * 1e3


async def main(kind: str, address: str, pid: int, load: Load, seconds: float) -> None:
    """One run."""
    prepare()
    idle = memory(pid)
    async with aiohttp.ClientSession() as http:
        servers: list[Ours | Janus] = []
        for _ in range(load.rooms):
            servers.append(Ours(address, http) if kind == "ours" else Janus(address, http))
            await servers[-1].start()
        server = servers[0]
        if load.people:
            sending, receiving, offered = await meeting(server, load.people)
        else:
            sending, receiving, offered = [], [], 0.0
            for room in servers:
                more = await fan_out(room, load.senders, load.receivers)
                sending, receiving, offered = sending + more[0], receiving + more[1], offered + more[2]
        joined = memory(pid)
        until = time.monotonic() + WARM_UP + seconds + 0.5
        tasks = [asyncio.create_task(send(until)) for send in sending]
        await asyncio.sleep(WARM_UP)
        for peer in receiving:
            peer.count.delays.clear()
            peer.count.audio_delays.clear()
        await server.figures()  # those until now don't count
        shares = thread_seconds(pid, "plane")
        used, began, own = processor(pid), time.monotonic(), time.process_time()
        before = sum(peer.count.packets for peer in receiving)
        await asyncio.sleep(seconds)
        used, passed, own = processor(pid) - used, time.monotonic() - began, time.process_time() - own
        forwarded = sum(peer.count.packets for peer in receiving) - before
        shares = [after - earlier for earlier, after in zip(shares, thread_seconds(pid, "plane"), strict=True)]
        figures = await server.figures()
        await asyncio.gather(*tasks)
        video = marks([delay for peer in receiving for delay in peer.count.delays])
        audio = marks([delay for peer in receiving for delay in peer.count.audio_delays])
        print(
            json.dumps(
                {
                    "forwarded": forwarded,
                    "of_offered": forwarded / passed / offered,
                    "packets_a_second": forwarded / passed,
                    "microseconds": used / forwarded * 1e6 if forwarded else None,
                    "processor": used / passed,
                    "idle_mb": idle,
                    "joined_mb": joined,
                    "memory_mb": memory(pid),
                    "receiver_kb": (memory(pid) - idle) * 1024 / (len(receiving) + len(sending) * (not load.people)),
                    "delay_p50_ms": video[0],
                    "delay_p99_ms": video[1],
                    "audio_p50_ms": audio[0],
                    "audio_p99_ms": audio[1],
                    "thread_seconds": [each / passed for each in shares],
                    **figures,
                    "opened": sum(peer.count.opened for peer in receiving),
                    "refused": sum(peer.count.refused for peer in receiving),
                    "generator": own / passed,
                }
            ),
            flush=True,
        )
    os._exit(0)  # aiortc takes its time to say farewell to all


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    asyncio.run(main(what, where, int(numbers[0]), LOADS[numbers[1]], float(numbers[2])))
