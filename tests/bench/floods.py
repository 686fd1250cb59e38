"""What a meeting notices of floods from people who never log in: ``python -m tests.bench.floods [--seconds 10]``.

Two scripted participants with media meet on a whole server; another process, from an address of its own, floods what
browsers can reach: sockets that are opened and left, log-ins, BOSH sessions, XML that is none, headers that never end.
Printed for each: the signalling's round trip, the longest gap in what the two receive, how long somebody needs to come
in, and what the services used. Needs root, for the two addresses (on the loopback device, outside 127.0.0.0/8).
"""

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import aiohttp
from aiortc.rtp import RtpPacket

from tests.bench.process import processor
from tests.support.participant import MUC, Participant
from tests.support.server import MeetingServer
from tests.support.xmpp_client import FRAMING, SASL, XmppClient

HERE, ELSEWHERE = "10.92.3.1", "10.92.3.2"
AT_ONCE = 150
DOMAIN = "meet.localhost"  # of a server that has an address alone
ROOM = f"steady@conference.{DOMAIN}"


@contextlib.contextmanager
def addresses() -> Generator[None]:
    """The server's and the flood's, while the block runs."""
    for address in (HERE, ELSEWHERE):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=False, capture_output=True)
    try:
        yield
    finally:
        for address in (HERE, ELSEWHERE):
            subprocess.run(["ip", "addr", "del", f"{address}/32", "dev", "lo"], check=False, capture_output=True)


# The floods: each does one thing, once; it is called again and again.


async def sockets(session: aiohttp.ClientSession, url: str) -> None:
    """A web-socket that is opened, and left without log-in."""
    async with session.ws_connect(url + "xmpp-websocket", protocols=("xmpp",)) as socket:
        await socket.send_str(f"<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>")
        await asyncio.sleep(0.5)


async def logins(session: aiohttp.ClientSession, url: str) -> None:
    """A log-in, as fast as it goes."""
    async with session.ws_connect(url + "xmpp-websocket", protocols=("xmpp",)) as socket:
        await socket.send_str(f"<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>")
        await socket.receive(5)
        await socket.receive(5)
        await socket.send_str(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        await socket.receive(20)


async def bosh(session: aiohttp.ClientSession, url: str) -> None:
    """A BOSH session that is begun and left."""
    body = f"<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='{DOMAIN}' wait='60' hold='1' ver='1.6'/>"
    async with session.post(url + "http-bind", data=body) as answer:
        await answer.read()


async def nonsense(session: aiohttp.ClientSession, url: str) -> None:
    """XML that is none, of a size."""
    async with session.ws_connect(url + "xmpp-websocket", protocols=("xmpp",)) as socket:
        await socket.send_str("<a>" * 20_000)
        await socket.receive(5)


async def headers(_session: aiohttp.ClientSession, url: str) -> None:
    """A request whose headers never end (slow loris)."""
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    _, writer = await asyncio.open_connection(host, int(port), local_addr=(ELSEWHERE, 0))
    try:
        writer.write(b"GET / HTTP/1.1\r\n")
        for number in range(20):
            writer.write(f"X-{number}: slow\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.5)
    finally:
        writer.close()


FLOODS: dict[str, Callable[[aiohttp.ClientSession, str], Coroutine[Any, Any, None]]] = {
    each.__name__: each for each in (sockets, logins, bosh, nonsense, headers)
}


def flood(kind: str, url: str, seconds: float, counts: "multiprocessing.Queue[Counter[str]]") -> None:
    """The flooding process."""
    done: Counter[str] = Counter()

    async def one(session: aiohttp.ClientSession, until: float) -> None:
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    await FLOODS[kind](session, url)
                done["done"] += 1
            except (aiohttp.ClientError, OSError, TimeoutError, TypeError) as error:
                done[type(error).__name__] += 1
                await asyncio.sleep(0.01)

    async def run() -> None:
        connector = aiohttp.TCPConnector(limit=0, local_addr=(ELSEWHERE, 0))
        async with aiohttp.ClientSession(connector=connector) as session:
            until = time.monotonic() + seconds
            await asyncio.gather(*(one(session, until) for _ in range(AT_ONCE)))

    asyncio.run(run())
    counts.put(done)


class Gaps:
    """The longest silence of each source that somebody receives."""

    def __init__(self) -> None:
        self.last: dict[int, float] = {}
        self.longest: float = 0.0

    def note(self, packet: RtpPacket) -> None:
        now = time.monotonic()
        if packet.ssrc in self.last:
            self.longest = max(self.longest, now - self.last[packet.ssrc])
        self.last[packet.ssrc] = now


async def comes_in(url: str, number: int) -> float:
    """Seconds from opening a socket to being in the room; and out again."""
    began = time.monotonic()
    client = XmppClient(url, DOMAIN)
    try:
        async with asyncio.timeout(30):
            await client.connect()
            presence = Element("{jabber:client}presence", to=f"{ROOM}/{number:08x}")
            presence.append(Element(f"{{{MUC}}}x"))
            await client.send(presence)
            await client.expect(lambda s: s.get("from") == f"{ROOM}/{number:08x}", "the own presence", timeout=30)
        return time.monotonic() - began
    finally:
        await client.close()


async def observe(name: str, server: MeetingServer, people: list[Participant], seconds: float, joins: Any) -> None:
    """Print what the meeting is like for so long."""
    gaps = [Gaps() for _ in people]
    for person, gap in zip(people, gaps, strict=True):
        person.on_packet = gap.note
    before = {each: processor(pid) for each, pid in server.children().items()}
    round_trips: list[float] = []
    entering: list[float] = []
    failed = 0
    url = server.url.replace("http", "ws", 1) + "xmpp-websocket"

    async def ask() -> None:
        while True:
            began = time.monotonic()
            await people[0].client.iq(DOMAIN, Element("{urn:xmpp:ping}ping"), "get", timeout=30)
            round_trips.append(time.monotonic() - began)
            await asyncio.sleep(0.05)

    async def join() -> None:
        nonlocal failed
        while True:
            try:
                entering.append(await comes_in(url, next(joins)))
            except (OSError, TimeoutError, AssertionError, aiohttp.ClientError):
                failed += 1
            await asyncio.sleep(0.5)

    tasks = [asyncio.create_task(work) for work in (ask(), join())]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    used = {each: processor(pid) - before.get(each, 0.0) for each, pid in server.children().items()}
    trips = sorted(round_trips) or [float("nan")]
    print(
        f"{name:9} round trip {statistics.median(trips) * 1000:6.1f} ms, worst {trips[-1] * 1000:6.0f} ms; "
        f"longest gap {max(gap.longest for gap in gaps) * 1000:5.0f} ms; "
        f"in after {statistics.median(entering or [float('nan')]) * 1000:6.0f} ms, worst "
        f"{max(entering, default=float('nan')) * 1000:6.0f} ms ({len(entering)} in, {failed} not); processor "
        + ", ".join(f"{each} {seconds_ / seconds * 100:.0f} %" for each, seconds_ in used.items())
    )


async def run(options: argparse.Namespace) -> None:
    """The benchmark."""
    folder = Path(tempfile.mkdtemp(prefix="meet-floods-"))
    server = MeetingServer(folder / "state", address=HERE)
    server.start()
    people: list[Participant] = []
    joins = itertools.count(0x10000000)
    try:
        for _ in range(2):
            client = XmppClient(server.url.replace("http", "ws", 1) + "xmpp-websocket", DOMAIN)
            await client.connect()
            people.append(Participant(client, ROOM))
            await people[-1].join()
        await people[0].until(lambda: people[0].sees(people[1]) and people[1].sees(people[0]), "each other")
        await observe("quiet", server, people, options.seconds, joins)
        for kind in options.floods:
            counts: multiprocessing.Queue[Counter[str]] = multiprocessing.get_context("spawn").Queue()
            process = multiprocessing.get_context("spawn").Process(
                target=flood, args=(kind, server.url, options.seconds + 1, counts)
            )
            process.start()
            await asyncio.sleep(1.5)
            await observe(kind, server, people, options.seconds, joins)
            done = await asyncio.to_thread(counts.get)
            process.join()
            per_second = {name: round(count / options.seconds) for name, count in done.items()}
            print(f"          a second: {per_second}; offers {[person.offers for person in people]}")
        await observe("after", server, people, options.seconds, joins)
    finally:
        await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
        server.stop()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each flood (10)")
    parser.add_argument("floods", nargs="*", default=list(FLOODS), help=f"some of {', '.join(FLOODS)}")
    options = parser.parse_args()
    with addresses():
        asyncio.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
