"""A bridge behind NAT that learns its public address from coturn, and one on a network without IPv4."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pyjitsi.bridge import service
from pyjitsi.bridge.candidates import candidates
from pyjitsi.bridge.service import BridgeService
from pyjitsi.bridge.settings import BridgeSettings
from tests.scenario.bridge.client import Client
from tests.scenario.bridge.focus import BREWERY, FakeConnection, Focus
from tests.support.namespaces import address, cable, entered, missing, namespaces, run

HOME, ROUTER, WORLD, SIX, SIX_WORLD = "meet-home", "meet-router", "meet-world", "meet-six", "meet-six-world"
PUBLIC, MOVED, STUN = "203.0.113.1", "203.0.113.9", "203.0.113.2"
# As home routers do it: what goes out gets the router's address, and one port is let in.
RULES = """flush ruleset
table ip nat {
  chain out { type nat hook postrouting priority 100; oifname "world" masquerade; }
  chain in { type nat hook prerouting priority -100; iifname "world" udp dport 10000 dnat to 192.168.50.2; }
}
"""


@asynccontextmanager
async def bridge_in(
    namespace: str, monkeypatch: pytest.MonkeyPatch, **values: Any
) -> AsyncGenerator[tuple[BridgeService, Focus]]:
    """A bridge on all addresses of a namespace."""
    connection = FakeConnection()
    monkeypatch.setattr(service, "client", lambda _settings: connection)  # pyright: ignore[reportUnknownLambdaType]
    settings = BridgeSettings.model_validate(
        {"xmpp": {"domain": "auth.meet.example", "password": "-"}, "brewery": BREWERY, "nickname": "jvb", **values}
    )
    with entered(namespace):
        running = BridgeService(settings)
        await running.start()
    connection.presence(f"{BREWERY}/jvb")
    try:
        yield running, Focus(connection)
    finally:
        await running.stop()


async def until(check: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(15):
        while not check():  # noqa: ASYNC110 - what is awaited is others' state
            await asyncio.sleep(0.05)
    assert check(), what


async def meet(focus: Focus, namespace: str) -> tuple[Client, Client]:
    """Two people in a namespace who see each other."""
    people = Client(focus, "ada", data=True), Client(focus, "bo", data=True)
    for person in people:
        with entered(namespace):
            await person.join()
    for person, other in (people, people[::-1]):
        await person.watch()
        assert other.mine is not None
        for what, ssrc in (("picture", other.mine.video), ("voice", other.mine.audio)):
            await person.until(partial(person.gets, ssrc, 20), f"{other.id}'s {what}")
    return people


@pytest.fixture
def home(tmp_path: Path) -> Iterator[None]:
    """A home network behind a router, and the world with a STUN server in it."""
    reason = missing("nft", "turnserver")
    if reason is not None:
        pytest.skip(reason)
    with namespaces(HOME, ROUTER, WORLD):
        cable(HOME, "eth", ROUTER, "home")
        cable(WORLD, "eth", ROUTER, "world")
        address(HOME, "eth", "192.168.50.2/24")
        address(ROUTER, "home", "192.168.50.1/24")
        address(ROUTER, "world", f"{PUBLIC}/24")
        address(WORLD, "eth", f"{STUN}/24")
        run("ip", "-n", HOME, "route", "add", "default", "via", "192.168.50.1")
        run("ip", "netns", "exec", ROUTER, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        run("ip", "netns", "exec", ROUTER, "nft", "-f", "-", text=RULES)
        server = subprocess.Popen(
            ["ip", "netns", "exec", WORLD, "turnserver", "-n", "-S", "--listening-ip", STUN, "--no-tls", "--no-dtls",
             "--no-cli", "--pidfile", str(tmp_path / "pid"), "--log-file", str(tmp_path / "log")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            server.terminate()
            server.wait(10)


async def test_a_bridge_behind_nat_learns_its_public_address_and_people_meet_there(
    home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: dict[str, Any] = {"stun_servers": [STUN], "advertise_private": False, "require_stun": True}
    async with bridge_in(HOME, monkeypatch, **wanted) as (running, focus):
        assert not running.health().healthy
        await until(lambda: bool(candidates(running.bridge.hosts)), "an address from the STUN server")
        assert running.health().healthy
        (offered,) = candidates(running.bridge.hosts)
        assert (offered.type, offered.ip, offered.port) == ("srflx", PUBLIC, 10000)
        assert (offered.rel_addr, offered.rel_port) == ("0.0.0.0", 9)
        ada, bo = await meet(focus, WORLD)
        await asyncio.gather(ada.leave(), bo.leave())

        # The provider gives the router another address.
        run("ip", "-n", ROUTER, "addr", "del", f"{PUBLIC}/24", "dev", "world")
        address(ROUTER, "world", f"{MOVED}/24")
        assert running.discovery is not None
        await running.discovery.once()
        assert [each.ip for each in candidates(running.bridge.hosts)] == [MOVED]


async def test_a_stun_server_that_is_silent_leaves_the_bridge_unwell(
    home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: dict[str, Any] = {"stun_servers": ["203.0.113.77", "nowhere.invalid"], "advertise_private": False}
    async with bridge_in(HOME, monkeypatch, **wanted) as (running, _):
        await asyncio.sleep(0.5)
        assert running.health().reason == "no address to offer: no STUN server has answered"


async def test_people_meet_where_there_is_no_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with namespaces(SIX, SIX_WORLD):
        cable(SIX, "eth", SIX_WORLD, "eth")
        address(SIX, "eth", "2001:db8:5::1/64")
        address(SIX_WORLD, "eth", "2001:db8:5::2/64")
        async with bridge_in(SIX, monkeypatch) as (running, focus):
            assert [each.ip for each in candidates(running.bridge.hosts)] == ["2001:db8:5::1"]
            ada, bo = await meet(focus, SIX_WORLD)
            (conference,) = running.bridge.conferences.values()
            for each in conference.endpoints.values():
                assert each.destination is not None and each.destination[0] == "2001:db8:5::2"
            await asyncio.gather(ada.leave(), bo.leave())
