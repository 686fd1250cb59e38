"""``python -m tests.bench.sfu.repair [--rounds 1] [--seconds 15]``: how loss is repaired, by our bridge and by Janus.

One sender, 30 receivers in another network namespace, whose words take 20 ms, and nftables drops 5 % of all datagrams
on the way to them. The receivers ask as Chromium does: at once, and again every so often; what stays missing for a
second costs a PLI.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from pylibsrtp import Error

from pyjitsi.rtp import rtcp
from pyjitsi.rtp.packet import RtpPacket
from tests.bench.sfu import net
from tests.bench.sfu.janus import Janus
from tests.bench.sfu.ours import Ours
from tests.bench.sfu.peer import Peer, prepare

LOSS = 5  # per cent
RECEIVERS = 30
BITRATE = 1_000_000
DELAY = 0.020  # seconds that what receivers say takes; without a round trip Janus 1.1.2 repairs nothing
AGAIN = 0.050  # seconds between two NACKs of a packet
GIVEN_UP = 1.0
WARM_UP = 4.0


@dataclass
class Repairs:
    """What became of one receiver's gaps."""

    lost: int = 0
    took: list[float] = field(default_factory=list[float])
    given_up: int = 0
    plis: int = 0


class Mending(Peer):
    """Asks for what is missing of the one video stream that it gets."""

    def __init__(self) -> None:
        super().__init__(checks=True, counts_rtcp=True)
        self._heard: tuple[int, float] | None = None  # the last sender report: the middle of its NTP time, and when
        self._reported: float = 0.0
        self._type: int = -1  # of the stream itself; others are RTX
        self.repairs: Repairs = Repairs()
        self.counts: bool = False
        self._ssrc: int = 0
        self._highest: int = -1
        self._missing: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def _open(self, data: bytes, more: list[tuple[int, int, bytes]]) -> None:
        try:
            packet = RtpPacket(self._dtls._rx_srtp.unprotect(data))
        except Error:
            return
        number = packet.sequence
        if self._type < 0:
            self._type = packet.payload_type
        if packet.payload_type != self._type:
            if len(packet.payload) < 2:
                return
            number = int.from_bytes(packet.payload[:2], "big")
        else:
            self._ssrc = packet.ssrc
        if self._highest < 0:
            self._highest = number
            return
        extended = self._highest + ((number - self._highest + 0x8000) & 0xFFFF) - 0x8000
        now = time.monotonic()
        if extended > self._highest:
            for each in range(self._highest + 1, extended):
                self._missing[each] = now
                self.repairs.lost += self.counts
            self._highest = extended
        elif (since := self._missing.pop(extended, None)) is not None:
            self._asked.pop(extended, None)
            if self.counts:
                self.repairs.took.append(now - since)
        self.ask(now)

    def _count_rtcp(self, data: bytes) -> None:
        try:
            parts = list(rtcp.split(self._dtls._rx_srtp.unprotect_rtcp(data)))
        except Error:
            return
        for part in parts:
            if part.type == rtcp.SR and (info := rtcp.sender_info(part)).ssrc == self._ssrc:
                self._heard = info.ntp >> 16 & 0xFFFFFFFF, time.monotonic()

    def ask(self, now: float) -> None:
        """Send the NACK that is due, and the PLI for what did not come."""
        for number in [number for number, since in self._missing.items() if now - since > GIVEN_UP]:
            del self._missing[number]
            self._asked.pop(number, None)
            self.repairs.given_up += self.counts
            self.repairs.plis += self.counts
            self._say(rtcp.build_pli(1, self._ssrc))
        due = [number for number in self._missing if now - self._asked.get(number, 0.0) >= AGAIN]
        if not due and self._ssrc and now - self._reported > 1.0:
            self._say(b"")
        if due:
            self._asked.update(dict.fromkeys(due, now))
            self._say(rtcp.build_nack(1, self._ssrc, due))

    def _say(self, message: bytes) -> None:
        # After a receiver report, as RFC 4585 section 3.1 has it and browsers do: Janus tells by it whose words these
        # are, and keeps nothing to send again before a report has told it the round trip.
        self._reported = now = time.monotonic()
        last, delay = (0, 0) if self._heard is None else (self._heard[0], int((now - self._heard[1]) * 65536))
        report = rtcp.build_rr(1, [rtcp.ReportBlock(self._ssrc, 0, 0, self._highest, 0, last, delay)])
        asyncio.get_running_loop().call_later(DELAY, self._send, report + message)

    def _send(self, message: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._dtls._send_rtp(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _watch(receivers: list[Mending], until: float) -> None:
    while time.monotonic() < until:
        for each in receivers:
            each.ask(time.monotonic())
        await asyncio.sleep(0.02)


async def load(kind: str, address: str, seconds: float) -> None:
    """The load's process; prints JSON."""
    prepare()
    async with aiohttp.ClientSession() as http:
        server = Ours(address, http) if kind == "ours" else Janus(address, http)
        await server.start()
        sender = Peer(counts_rtcp=True)
        if isinstance(server, Ours):
            await server.enter(sender, video=(1000,), rtx=(1500,), last_n=0)
        else:
            await server.enter(sender, video=(1000,))
        await asyncio.sleep(1.0)  # Janus offers nothing of a sender that it does not see yet
        receivers = [Mending() for _ in range(RECEIVERS)]
        for start in range(0, RECEIVERS, 10):
            await asyncio.gather(*(server.enter(each) for each in receivers[start : start + 10]))
        drop(LOSS)
        until = time.monotonic() + WARM_UP + seconds + 1.5
        tasks: list[Coroutine[Any, Any, Any]] = [
            sender.video(1000, server.video_type, BITRATE, until), _watch(receivers, until)
        ]  # fmt: skip
        running = [asyncio.create_task(each) for each in tasks]
        await asyncio.sleep(WARM_UP)
        asked = sender.keyframes_asked
        for each in receivers:
            each.counts = True
        await asyncio.sleep(seconds)
        asked = sender.keyframes_asked - asked
        lost = sum(each.repairs.lost for each in receivers)
        await asyncio.sleep(1.2)
        took = sorted(each for receiver in receivers for each in receiver.repairs.took)
        print(
            json.dumps(
                {
                    "lost": lost,
                    "repaired": min(1.0, len(took) / lost) if lost else None,
                    "given_up": sum(each.repairs.given_up for each in receivers),
                    "p50_ms": statistics.median(took) * 1e3 if took else None,
                    "p95_ms": statistics.quantiles(took, n=100)[94] * 1e3 if len(took) > 100 else None,
                    "plis_of_receivers": sum(each.repairs.plis for each in receivers),
                    "keyframes_asked_of_sender": asked,
                }
            ),
            flush=True,
        )
        await asyncio.gather(*running)
    os._exit(0)


def drop(percent: int) -> None:
    """Lose that part of what arrives in this namespace."""
    rules = (
        "add table ip loss",
        "add chain ip loss input { type filter hook input priority 0 ; }",
        f"add rule ip loss input meta l4proto udp numgen random mod 100 < {percent} drop",
    )
    for rule in rules:
        subprocess.run(["nft", rule], check=True, capture_output=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--server", choices=("ours", "janus"), action="append")
    options = parser.parse_args()
    from tests.bench.sfu.__main__ import serving

    for _ in range(options.rounds):
        for server in options.server or ["ours", "janus"]:
            with net.namespaces(), serving(server):
                done = subprocess.run(
                    net.inside(net.LOAD, sys.executable, "-m", "tests.bench.sfu.repair", "--load", server,
                               net.SERVER_ADDRESS, str(options.seconds)),
                    capture_output=True, text=True, timeout=120, check=False,
                )  # fmt: skip
            print(server, done.stdout.strip() or done.stderr[-2000:])
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        asyncio.run(load(sys.argv[2], sys.argv[3], float(sys.argv[4])))
    sys.exit(main())
