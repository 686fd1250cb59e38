"""Two bridges, one meeting: a focus links them as Jicofo does, and people on both see each other."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from pyjitsi.bridge import service
from pyjitsi.bridge.service import BridgeService
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.up.state import free_port
from pyjitsi.xmpp.settings import ClientSettings
from pyjitsi.xmpp.stanzas import colibri2, ssma
from tests.scenario.bridge.client import Client
from tests.scenario.bridge.focus import AUDIO, BREWERY, VIDEO, FakeConnection, Focus


@dataclass
class Site:
    """A bridge, and what the focus asks of it."""

    name: str
    bridge: BridgeService
    focus: Focus

    def relay_to(self, other: "Site") -> int:
        """The plane's number of the relay."""
        (conference,) = self.bridge.bridge.conferences.values()
        return conference.relays.by_id[other.name].key


@pytest.fixture
async def sites(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Site]]:
    made: list[Site] = []
    connections: list[FakeConnection] = []

    def client(_settings: ClientSettings) -> FakeConnection:
        return connections[-1]

    def register(_collector: object) -> None:
        """Two bridges in one process have the same metrics."""

    monkeypatch.setattr(service, "client", client)
    monkeypatch.setattr(REGISTRY, "register", register)
    monkeypatch.setattr(REGISTRY, "unregister", register)
    for name in ("oslo", "lima"):
        http = free_port(socket.SOCK_STREAM)
        values: dict[str, Any] = {
            "xmpp": {"domain": "auth.meet.example", "password": "not-used"},
            "brewery": BREWERY,
            "nickname": name,
            "udp_port": free_port(socket.SOCK_DGRAM),
            "http_port": http,
            "websocket_base": f"ws://127.0.0.1:{http}/colibri-ws",
            "bind_addresses": ["127.0.0.1"],
            "relay_id": name,
        }
        connections.append(FakeConnection())
        running = BridgeService(BridgeSettings.model_validate(values))
        await running.start()
        connections[-1].presence(f"{BREWERY}/{name}")
        made.append(Site(name, running, Focus(connections[-1])))
    yield made
    for site in made:
        await site.bridge.stop()


async def link(first: Site, second: Site, *, data: bool = False) -> None:
    """Jicofo's procedure (2-colibri.md section 4.3): both are asked, then each is told the other's half.

    ``data``: with a data channel between them, which the first opens.
    """
    asked: dict[str, colibri2.Transport] = {}
    for here, there, initiator in ((first, second, True), (second, first, False)):
        sctp = colibri2.Sctp(role="client" if initiator else "server") if data else None
        transport = colibri2.Transport(use_unique_port=initiator, ice_controlling=initiator, sctp=sctp)
        relay = colibri2.Relay(there.name, create=True, mesh_id="0", audio=AUDIO, video=VIDEO, transport=transport)
        granted = (await here.focus.relay(relay)).transport
        assert granted is not None
        assert granted.sctp == (colibri2.Sctp(5000, "server" if initiator else "client") if data else None)
        asked[here.name] = granted
    for here, there, setup in ((first, second, "active"), (second, first, "passive")):
        ice = asked[there.name].ice
        assert ice is not None
        assert ice.fingerprints[0].setup == "actpass"
        told = replace(
            ice,
            fingerprints=tuple(replace(each, setup=setup) for each in ice.fingerprints),
            web_sockets=ice.web_sockets if setup == "active" and not data else (),
        )
        await here.focus.relay(colibri2.Relay(there.name, transport=colibri2.Transport(ice=told)))


async def announce(person: Client, at: Site) -> None:
    """Tell a bridge who is behind the relay."""
    assert person.mine is not None
    mine = person.mine
    assert mine.video is not None
    assert mine.audio is not None
    assert mine.video_rtx is not None
    sources = (
        colibri2.MediaSource("audio", f"{person.id}-a0", (ssma.Source(mine.audio),)),
        colibri2.MediaSource(
            "video", f"{person.id}-v0", (ssma.Source(mine.video), ssma.Source(mine.video_rtx)),
            (ssma.SsrcGroup("FID", (mine.video, mine.video_rtx)),),
        ),
    )  # fmt: skip
    there = next(name for name in ("oslo", "lima") if name != at.name)
    behind = colibri2.Endpoint(person.id, create=True, sources=sources)
    await at.focus.relay(colibri2.Relay(there, endpoints=(behind,)))


@pytest.mark.parametrize("data", [False, True], ids=["web-socket", "data channel"])
async def test_people_on_two_bridges_see_each_other_and_a_packet_crosses_once(sites: list[Site], data: bool) -> None:
    oslo, lima = sites
    people = [Client(site.focus, name) for site, name in ((oslo, "ada"), (lima, "bo"), (lima, "cy"), (lima, "di"))]
    ada, bo, cy, di = people
    try:
        await ada.join()
        for person in (bo, cy, di):
            await person.join()
        await link(oslo, lima, data=data)
        await announce(ada, lima)
        for person in (bo, cy, di):
            await announce(person, oslo)
        for person in people:
            await person.watch(720)
        assert ada.mine is not None
        picture, voice = ada.mine.video, ada.mine.audio
        assert picture is not None
        assert voice is not None
        for person in (bo, cy, di):
            mine = person.mine
            assert mine is not None
            await person.until(lambda p=person: p.gets(picture, 50), "ada's picture")
            await person.until(lambda p=person: p.gets(voice, 50), "ada's voice")
            await ada.until(lambda m=mine: ada.gets(m.video, 20), f"{person.id}'s picture")
            await ada.until(lambda m=mine: ada.gets(m.audio, 20), f"{person.id}'s voice")

        crossed = oslo.bridge.bridge.plane.counters(oslo.relay_to(lima)).packets_sent
        sent = oslo.bridge.bridge.plane.counters(
            next(iter(oslo.bridge.bridge.conferences.values())).endpoints["ada"].key
        ).packets_received
        delivered = sum(len(p.received[picture]) + len(p.received[voice]) for p in (bo, cy, di))
        assert delivered > 2 * crossed  # three watchers behind the relay
        assert crossed <= sent

        # What is said on the channel reaches the other side too.
        await ada.say({"colibriClass": "EndpointMessage", "to": "", "msgPayload": {"hand": True}})
        await bo.until(lambda: any(m.get("msgPayload") == {"hand": True} for m in bo.messages), "ada's message")
        (heard,) = bo.heard("EndpointMessage")
        assert heard["from"] == "ada"
        await bo.say({"colibriClass": "EndpointMessage", "to": "ada", "msgPayload": {"only": "ada"}})
        await ada.until(lambda: any(m.get("msgPayload") == {"only": "ada"} for m in ada.messages), "bo's answer")
        assert not any(m.get("msgPayload") == {"only": "ada"} for m in cy.messages)

        # Nobody over there watches any more: ada is told to stop, and nothing of her picture crosses.
        for person in (bo, cy, di):
            await person.watch(0)
        await ada.until(lambda: ada.heard("SenderSourceConstraints")[-1]["maxHeight"] == 0, "that nobody watches")
        # Nor does ada: what is counted is what crosses of her voice.
        await ada.watch(0)
        for person in (bo, cy, di):
            await person.until(lambda p=person: p.heard("SenderSourceConstraints")[-1]["maxHeight"] == 0, "the same")
        await asyncio.sleep(0.2)  # what is on its way
        before = lima.bridge.bridge.plane.counters(lima.relay_to(oslo)).packets_received
        heard_before, began = len(bo.received[voice]), asyncio.get_running_loop().time()
        await asyncio.sleep(1.0)
        packets = lima.bridge.bridge.plane.counters(lima.relay_to(oslo)).packets_received - before
        seconds = asyncio.get_running_loop().time() - began
        voices = len(bo.received[voice]) - heard_before
        assert packets <= voices + 10 * seconds  # reports; a voice that was held up comes faster than 50 a second
        await bo.watch(360)
        seen = len(bo.received[picture])
        await bo.until(lambda: len(bo.received[picture]) > seen + 20, "ada's picture again")

        # Who leaves over there is gone here.
        await oslo.focus.relay(colibri2.Relay("lima", endpoints=(colibri2.Endpoint("di", expire=True),)))
        (conference,) = oslo.bridge.bridge.conferences.values()
        assert sorted(conference.relays.by_id["lima"].endpoints) == ["bo", "cy"]
        await oslo.focus.relay(colibri2.Relay("lima", expire=True))
        assert len(conference.relays) == 0
    finally:
        await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
