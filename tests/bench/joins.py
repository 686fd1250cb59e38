"""How fast a room fills: ``python -m tests.bench.joins [--people 100] [--rooms 1] [--over 0] [--restart-focus]``.

Scripted participants on a real server (Prosody, focus, bridge) ask, join, and accept their offer; of media they have
only ICE, which keeps them alive at the bridge. Printed: the time until all have accepted, percentiles from request to
accepted session, what was refused, and what each service used of processor and memory meanwhile.

With ``--restart-focus`` the focus is killed under all of them. Its metrics tell when it has everybody again, which
costs it nothing; then everybody sends it some Jingle, which must be taken under the session that they have.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from pyjitsi.xmpp.stanzas import jingle
from pyjitsi.xmpp.stanzas.ice_udp import Fingerprint, IceUdpTransport
from tests.bench.consent import Consent
from tests.bench.process import memory, processor
from tests.support.jingle_sdp import LocalSources, Offer, accept
from tests.support.participant import Participant
from tests.support.server import MeetingServer
from tests.support.xmpp_client import Refused, XmppClient

TOGETHER = 50  # requests of all these clients that are under way at once, where they check something


class Silent(Participant):
    """A participant without media: its answer is a fair one, and ICE works, but nothing is sent over it."""

    def __init__(self, client: XmppClient, room: str) -> None:
        super().__init__(client, room)
        self.began: float = 0.0
        self.accepted: asyncio.Event = asyncio.Event()
        self.took: float = 0.0
        self.refused: str = ""
        self.consent: Consent | None = None

    async def enter(self, after: float = 0.0) -> None:
        """Ask for the conference and join."""
        await asyncio.sleep(after)
        self.began = time.monotonic()
        await self.join()

    async def accept(self, offer: Offer) -> None:
        """Answer at once, unless the server has gone."""
        fingerprint = Fingerprint("sha-256", ":".join(f"{random.randrange(256):02X}" for _ in range(32)), "active")
        transport = IceUdpTransport(f"u{self.nick}", f"{self.nick}password0of0a0script", fingerprints=(fingerprint,))
        ssrcs = random.sample(range(1, 2**32 - 1), 3)
        self.mine = LocalSources(*ssrcs)
        answer = accept(offer, self.nick, self.focus, self.client.jid, transport, self.mine)
        try:
            await self.client.iq(self.focus, answer)
        except (Refused, TimeoutError) as error:
            self.refused = str(error)[:300] or "the accept was not answered in time"
            return
        self.took = time.monotonic() - self.began
        self.accepted.set()
        self.fall_silent()
        self.consent = Consent(transport)
        await self.consent.start(offer.transport)

    def fall_silent(self) -> None:
        """End ICE."""
        if self.consent is not None:
            self.consent.close()

    async def known(self) -> bool:
        """Whether the focus takes Jingle of this session."""
        if self.offer is None:
            return False
        try:
            await self.client.iq(self.focus, jingle.build(jingle.Jingle("source-add", self.offer.sid)))
        except (Refused, TimeoutError):
            return False
        return True


def usage(server: MeetingServer) -> dict[str, tuple[float, float]]:
    """Processor seconds and resident MB of each service."""
    return {name: (processor(pid), memory(pid)) for name, pid in server.children().items()}


async def run(options: argparse.Namespace) -> int:
    """The benchmark; 0 where everybody got in."""
    folder = Path(tempfile.mkdtemp(prefix="meet-joins-"))
    (folder / "up.toml").write_text("[bridge]\nmax_endpoints = 5000\n")
    server = MeetingServer(folder / "state", options=("--config", str(folder / "up.toml")))
    server.start()
    url = server.url.replace("http", "ws", 1) + "xmpp-websocket"
    clients: list[Silent] = []
    try:
        for start in range(0, options.people * options.rooms, 50):
            batch = [XmppClient(url, "localhost") for _ in range(min(50, options.people * options.rooms - start))]
            await asyncio.gather(*(client.connect() for client in batch))
            clients += [
                Silent(client, f"room{(start + at) // options.people}@conference.localhost")
                for at, client in enumerate(batch)
            ]
        before, began, own = usage(server), time.monotonic(), time.process_time()
        pause = options.over / len(clients)
        entering = [asyncio.create_task(each.enter(pause * at)) for at, each in enumerate(clients)]
        results = await asyncio.gather(*entering, return_exceptions=True)
        waiting = [asyncio.create_task(each.accepted.wait()) for each in clients]
        await asyncio.wait(waiting, timeout=options.over + options.limit)
        wall = max((each.began + each.took for each in clients), default=began) - began
        for task in waiting:
            task.cancel()
        failed = [str(each) for each in results if isinstance(each, Exception)]
        failed += [each.refused for each in clients if each.refused]
        took = sorted(each.took for each in clients if each.accepted.is_set())
        print(f"{options.rooms} rooms of {options.people}: {len(took)} of {len(clients)} accepted in {wall:.1f} s")
        if len(took) > 1:
            marks = statistics.quantiles(took, n=100)
            print(f"request to accepted: median {marks[49]:.2f} s, 99th percentile {marks[98]:.2f} s")
        for name, (seconds, megabytes) in usage(server).items():
            print(f"{name}: {seconds - before[name][0]:.1f} s of processor, {megabytes:.0f} MB resident")
        await asyncio.sleep(1)
        answered = sum(each.consent is not None and each.consent.answered > 0 for each in clients)
        print(f"the bridge answers the ICE checks of {answered}")
        print(f"these {len(clients)} clients, in one process: {time.process_time() - own:.1f} s of processor")
        worst = server.metric("focus", "pyjitsi_loop_lag_worst_seconds")
        print(f"the focus's loop was {worst * 1000:.0f} ms late at the worst")
        for text in failed[:5]:
            print(f"failed: {text}")
        if options.restart_focus:
            await restart(server, clients)
        if options.leave:
            await leave(server, clients)
        return 0 if len(took) == len(clients) and not failed else 1
    finally:
        for each in clients:
            each.fall_silent()
        await asyncio.gather(*(each.client.close() for each in clients), return_exceptions=True)
        server.stop()


async def leave(server: MeetingServer, clients: list[Silent]) -> None:
    """All at once, by closing their streams; then nothing is left of them anywhere."""
    began = time.monotonic()
    await asyncio.gather(*(each.client.close() for each in clients), return_exceptions=True)
    while server.metric("focus", "pyjitsi_focus_participants") or server.metric("bridge", "pyjitsi_bridge_endpoints"):
        if time.monotonic() - began > 60:
            break
        await asyncio.sleep(0.1)
    people = server.metric("focus", "pyjitsi_focus_participants")
    endpoints = server.metric("bridge", "pyjitsi_bridge_endpoints")
    worst = server.metric("focus", "pyjitsi_loop_lag_worst_seconds")
    print(f"all left: {people:.0f} people and {endpoints:.0f} endpoints remain after {time.monotonic() - began:.1f} s; "
          f"the focus's loop was {worst * 1000:.0f} ms late at the worst")  # fmt: skip


async def restart(server: MeetingServer, clients: list[Silent]) -> None:
    """Kill the focus under all of them, and wait until it has everybody again and takes their Jingle."""
    offers, before = [each.offers for each in clients], usage(server)
    began = time.monotonic()
    server.kill("focus")
    http = known = 0.0
    while time.monotonic() - began < 120:
        await asyncio.sleep(0.2)
        try:
            people, waiting = await asyncio.gather(
                asyncio.to_thread(server.metric, "focus", "pyjitsi_focus_participants"),
                asyncio.to_thread(server.metric, "focus", "pyjitsi_focus_resuming"),
            )
        except OSError:
            continue
        http = http or time.monotonic() - began
        if people == len(clients) and not waiting:
            known = time.monotonic() - began
            break
    print(
        f"focus killed: a new one runs after {http:.1f} s, is in all rooms and has seen everybody after {known:.1f} s"
    )
    after = usage(server)
    print(", ".join(
        f"{name} {seconds - (0 if name == 'focus' else before[name][0]):.1f} s"
        for name, (seconds, _) in after.items()
    ) + " of processor meanwhile")  # fmt: skip
    free = asyncio.Semaphore(TOGETHER)

    async def ask(one: Silent) -> bool:
        async with free:
            return await one.known()

    taken = sum(await asyncio.gather(*(ask(each) for each in clients)))
    took = time.monotonic() - began
    invited = sum(each.offers > was for each, was in zip(clients, offers, strict=True))
    worst = server.metric("focus", "pyjitsi_loop_lag_worst_seconds")
    print(f"it takes the Jingle of {taken} of {len(clients)}; all had asked after {took:.1f} s, {invited} were invited "
          f"again, {server.metric('focus', 'pyjitsi_focus_participants'):.0f} are in rooms; "
          f"its loop was {worst * 1000:.0f} ms late at the worst")  # fmt: skip


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100, help="in each room")
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--over", type=float, default=0.0, help="seconds over which they ask; 0 all at once")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds to wait for the last")
    parser.add_argument("--restart-focus", action="store_true", help="kill the focus afterwards, and measure again")
    parser.add_argument("--leave", action="store_true", help="let all leave at once in the end")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
