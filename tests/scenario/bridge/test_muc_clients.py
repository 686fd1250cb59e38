"""A bridge that serves the focuses of several servers, added and removed while it runs (JVB's muc-client pages)."""

import asyncio
from typing import Any

import aiohttp
import pytest

from pyjitsi.bridge import service
from pyjitsi.bridge.service import BridgeService
from pyjitsi.xmpp.settings import ClientSettings
from pyjitsi.xmpp.stanzas import colibri, colibri2
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.bridge.focus import BREWERY, FakeConnection, Focus

SHARD = "jvbbrewery@internal.auth.shard-1.example"
WISH = {
    "id": "shard1", "hostname": "10.0.0.5", "domain": "auth.shard-1.example", "username": "jvb", "password": "secret",
    "MUC_JIDS": SHARD, "muc_nickname": "jvb-1", "port": "6222",
}  # fmt: skip


@pytest.fixture
def made(bridge: BridgeService, monkeypatch: pytest.MonkeyPatch) -> list[tuple[ClientSettings, FakeConnection]]:
    """Connections that are made from now on."""
    connections: list[tuple[ClientSettings, FakeConnection]] = []

    def client(settings: ClientSettings) -> FakeConnection:
        connections.append((settings, FakeConnection()))
        return connections[-1][1]

    monkeypatch.setattr(service, "client", client)
    return connections


async def ask(bridge: BridgeService, page: str, body: Any = None, **headers: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{bridge.settings.http_port}/colibri/muc-client/{page}"
    method = "GET" if body is None else "POST"
    async with aiohttp.ClientSession() as http, http.request(method, url, json=body, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_second_focus_uses_the_same_bridge_and_sees_all_of_its_load(
    bridge: BridgeService, focus: Focus, made: list[tuple[ClientSettings, FakeConnection]]
) -> None:
    assert await ask(bridge, "list") == (200, '["default"]')
    assert (await ask(bridge, "add", WISH))[0] == 200
    ((settings, second),) = made
    assert (settings.host, settings.port, settings.domain) == ("10.0.0.5", 6222, "auth.shard-1.example")
    assert settings.security == "required", "it is not on this machine"
    second.presence(f"{SHARD}/jvb-1")
    await focus.allocate("aaaa0001")
    wanted = colibri2.build_modify(colibri2.ConferenceModify("meeting-2", create=True, name="hall@c.shard-1.example"))
    with pytest.raises(StanzaError, match="only the brewery's occupants"):
        await second.ask(wanted)  # as an occupant of the first one
    assert await second.ask(wanted, f"{SHARD}/focus") is not None
    await asyncio.sleep(0.8)
    figures = colibri.parse_stats(second.sent[-1])
    assert figures is not None and figures["conferences"] == "2"
    assert await ask(bridge, "list") == (200, '["default", "shard1"]')
    assert (await ask(bridge, "remove", {"id": "shard1"}))[0] == 200
    assert second.sent[-1].get("type") == "unavailable"
    assert await ask(bridge, "list") == (200, '["default"]')


async def test_the_same_again_changes_nothing_and_another_account_does(
    bridge: BridgeService, made: list[tuple[ClientSettings, FakeConnection]]
) -> None:
    for wish in (WISH, WISH, {**WISH, "password": "changed"}, {**WISH, "username": "other"}):
        assert (await ask(bridge, "add", wish))[0] == 200
    assert [settings.username for settings, _ in made] == ["jvb", "other"]


async def test_one_server_that_is_away_makes_the_bridge_unwell_for_its_own_focus_alone(
    bridge: BridgeService, connection: FakeConnection, made: list[tuple[ClientSettings, FakeConnection]]
) -> None:
    await ask(bridge, "add", WISH)
    assert bridge.health().healthy
    made[0][1].presence(f"{SHARD}/jvb-1")
    connection.drop()
    assert bridge.health().healthy
    made[0][1].drop()
    assert bridge.health().reason == "not in the brewery"


@pytest.mark.parametrize(
    ("page", "body", "says"),
    [
        ("add", {"id": "x"}, "missing: hostname, username, password, muc_jids, muc_nickname"),
        ("add", {**WISH, "id": ""}, "id is missing"),
        ("add", {**WISH, "port": "much"}, "port: Input should be a valid integer"),
        ("add", {**WISH, "MUC_JIDS": "brewery"}, "are not rooms' addresses"),
        ("add", {**WISH, "security_mode": "perhaps"}, "security: Input should be"),
        ("add", {**WISH, "disable_certificate_verification": "true"}, "certificates are verified here"),
        ("add", {**WISH, "port": 6222}, "not an object of texts"),
        ("remove", {"id": "nobody"}, "there is no server with that id"),
        ("remove", ["shard1"], "not an object of texts"),
    ],
)
async def test_what_can_not_be_done_is_said(bridge: BridgeService, page: str, body: Any, says: str) -> None:
    status, text = await ask(bridge, page, body)
    assert (status, says in text) == (400, True), text
    assert "secret" not in text


async def test_nobody_behind_the_proxy_adds_a_server(bridge: BridgeService) -> None:
    for page, body in (("list", None), ("add", WISH), ("remove", {"id": "default"})):
        assert (await ask(bridge, page, body, **{"X-Forwarded-For": "203.0.113.7"}))[0] == 403
    assert [each.room for each in bridge._clients.breweries] == [BREWERY]  # pyright: ignore[reportPrivateUsage]
