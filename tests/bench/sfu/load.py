"""The load's process: ``python -m tests.bench.sfu.load ours|janus ADDRESS PID SENDERS RECEIVERS SECONDS``; prints JSON.

CPU is the server process's own account (/proc/PID/stat: user and system time of all its threads).
"""

import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path

import aiohttp

from tests.bench.sfu.janus import Janus
from tests.bench.sfu.ours import Ours
from tests.bench.sfu.peer import Peer, prepare

TICKS = os.sysconf("SC_CLK_TCK")
BITRATE = 2_500_000
WARM_UP = 4.0  # over the first key frames: the load answers no PLI
CHECKED = 10  # one receiver in so many opens what it gets


def processor(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """Resident MB."""
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def fan_out(server: Ours | Janus, senders: int, receivers: int) -> tuple[list[tuple[Peer, int]], list[Peer]]:
    """Senders of one video stream each, and receivers of all."""
    sending: list[tuple[Peer, int]] = []
    for number in range(senders):
        peer, ssrc = Peer(), 1000 + number
        await server.enter(peer, video=(ssrc,), last_n=0)
        sending.append((peer, ssrc))
    receiving = [Peer(checks=number % CHECKED == 0) for number in range(receivers)]
    for start in range(0, receivers, 10):
        await asyncio.gather(*(server.enter(peer) for peer in receiving[start : start + 10]))
    return sending, receiving


async def main(kind: str, address: str, pid: int, senders: int, receivers: int, seconds: float) -> None:
    """One run."""
    prepare()
    idle = memory(pid)
    async with aiohttp.ClientSession() as http:
        server = Ours(address, http) if kind == "ours" else Janus(address, http)
        await server.start()
        sending, receiving = await fan_out(server, senders, receivers)
        joined = memory(pid)
        until = time.monotonic() + WARM_UP + seconds + 0.5
        tasks = [asyncio.create_task(peer.video(ssrc, server.video_type, BITRATE, until)) for peer, ssrc in sending]
        await asyncio.sleep(WARM_UP)
        for peer in receiving:
            peer.count.delays.clear()
        used, began, own = processor(pid), time.monotonic(), time.process_time()
        before = sum(peer.count.packets for peer in receiving)
        await asyncio.sleep(seconds)
        used, passed, own = processor(pid) - used, time.monotonic() - began, time.process_time() - own
        forwarded = sum(peer.count.packets for peer in receiving) - before
        sent = sum(await asyncio.gather(*tasks))
        delays = sorted(delay for peer in receiving for delay in peer.count.delays)
        marks = statistics.quantiles(delays, n=100) if len(delays) > 100 else [0.0] * 99
        offered = sent / (WARM_UP + seconds + 0.5) * passed * receivers
        print(
            json.dumps(
                {
                    "forwarded": forwarded,
                    "of_offered": forwarded / offered if offered else 0.0,
                    "packets_a_second": forwarded / passed,
                    "microseconds": used / forwarded * 1e6 if forwarded else None,
                    "processor": used / passed,
                    "idle_mb": idle,
                    "joined_mb": joined,
                    "memory_mb": memory(pid),
                    "delay_p50_ms": marks[49] * 1e3,
                    "delay_p99_ms": marks[98] * 1e3,
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
    asyncio.run(main(what, where, int(numbers[0]), int(numbers[1]), int(numbers[2]), float(numbers[3])))
