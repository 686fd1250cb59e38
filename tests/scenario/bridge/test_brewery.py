"""The bridge in its brewery: how it enters, what it says of itself, whom it obeys."""

import asyncio
from xml.etree.ElementTree import Element, SubElement

import aiohttp
import pytest

from pyjitsi.bridge import brewery
from pyjitsi.bridge.service import BridgeService
from pyjitsi.xmpp.stanzas import colibri, colibri2, healthcheck
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.bridge.focus import BREWERY, MEETING, FakeConnection, Focus

MUC = "{http://jabber.org/protocol/muc}x"


async def health(bridge: BridgeService) -> tuple[int, dict[str, object]]:
    url = f"http://127.0.0.1:{bridge.settings.http_port}/about/health"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.json()


def joins(connection: FakeConnection) -> list[Element]:
    return [each for each in connection.sent if each.find(MUC) is not None]


async def test_it_enters_and_then_says_how_it_is(bridge: BridgeService, connection: FakeConnection) -> None:
    (join,) = joins(connection)
    assert join.get("to") == f"{BREWERY}/jvb-1"
    assert colibri.parse_stats(join) is None
    figures = colibri.parse_stats(connection.sent[1])
    assert figures is not None
    assert figures.items() >= {"drain": "false", "healthy": "true", "colibri2": "true", "conferences": "0"}.items()
    assert "region" not in figures
    assert float(figures["stress_level"]) >= 0
    assert connection.sent[1].find(MUC) is None, "an update does not join again"


async def test_it_says_so_again_and_again(bridge: BridgeService, connection: FakeConnection, focus: Focus) -> None:
    await focus.allocate("aaaa0001")
    await asyncio.sleep(0.8)
    figures = colibri.parse_stats(connection.sent[-1])
    assert figures is not None
    assert (figures["conferences"], figures["endpoints"]) == ("1", "1")


async def test_nobody_outside_the_brewery_is_obeyed(bridge: BridgeService, connection: FakeConnection) -> None:
    request = colibri2.build_modify(colibri2.ConferenceModify(MEETING, create=True))
    for sender in ("mallory@meet.example/1", "other@internal.auth.meet.example/focus", "internal.auth.meet.example"):
        with pytest.raises(StanzaError) as caught:
            await connection.ask(request, sender)
        assert caught.value.condition == "forbidden"
        with pytest.raises(StanzaError):
            await connection.ask(healthcheck.build(), sender)
    assert not bridge.bridge.conferences
    assert bridge.refused["colibri", "not-in-brewery"] == 6
    await connection.ask(request, f"{BREWERY.upper()}/focus")
    assert list(bridge.bridge.conferences) == [MEETING]


async def test_a_refused_request_is_counted(bridge: BridgeService, focus: Focus) -> None:
    with pytest.raises(colibri2.ColibriError):
        await focus.modify(colibri2.Endpoint("x", sources=()))
    assert bridge.refused["colibri", "item-not-found"] == 1


async def test_health_by_iq_and_by_http(bridge: BridgeService, connection: FakeConnection) -> None:
    assert await connection.ask(healthcheck.build()) is None
    assert await health(bridge) == (200, {"healthy": True, "conferences": 0, "endpoints": 0})
    connection.drop()
    assert (await health(bridge))[0] == 500
    with pytest.raises(StanzaError, match="not in the brewery") as caught:
        await connection.ask(healthcheck.build())
    assert caught.value.condition == "internal-server-error"


async def test_statistics_by_http_have_native_types(bridge: BridgeService) -> None:
    url = f"http://127.0.0.1:{bridge.settings.http_port}/colibri/stats"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        figures = await answer.json()
    assert figures["drain"] is False
    assert figures["conferences"] == 0


async def test_it_enters_again_after_it_was_removed(bridge: BridgeService, connection: FakeConnection) -> None:
    connection.presence(f"{BREWERY}/jvb-1", "unavailable")
    assert (await health(bridge))[0] == 500
    await asyncio.sleep(1.2)
    assert len(joins(connection)) == 2
    connection.presence(f"{BREWERY}/jvb-1")
    assert (await health(bridge))[0] == 200


async def test_it_keeps_trying_where_its_nickname_is_taken(
    bridge: BridgeService, connection: FakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brewery, "REFUSED_RETRY", 0.1)
    error = Element("{jabber:client}error", type="cancel")
    SubElement(error, "{urn:ietf:params:xml:ns:xmpp-stanzas}conflict")
    for attempt in range(2, 4):
        connection.presence(f"{BREWERY}/jvb-1", "error", error)
        await asyncio.sleep(0.2)
        assert len(joins(connection)) == attempt


async def test_others_presence_is_not_taken_for_its_own(bridge: BridgeService, connection: FakeConnection) -> None:
    connection.presence(f"{BREWERY}/focus", "unavailable")
    connection.presence(f"{BREWERY}/jvb-2", "unavailable")
    assert (await health(bridge))[0] == 200


async def test_requests_in_a_row_are_answered_in_order(bridge: BridgeService, connection: FakeConnection) -> None:
    one, two = Focus(connection), Focus(connection, "another-meeting", "attic@conference.meet.example")
    names = [f"{index:08x}" for index in range(20)]
    await asyncio.gather(*(each.allocate(name) for name in names for each in (one, two)))
    assert list(bridge.bridge.conferences[MEETING].endpoints) == names
    assert list(bridge.bridge.conferences["another-meeting"].endpoints) == names


def in_the_room(*jids: str) -> Element:
    """What the room says of an occupant: the real addresses behind it."""
    user = Element("{http://jabber.org/protocol/muc#user}x")
    for jid in jids:
        SubElement(user, "{http://jabber.org/protocol/muc#user}item", jid=jid, affiliation="none", role="participant")
    return user


async def test_a_nickname_that_another_process_has_is_left_to_it(
    bridge: BridgeService, connection: FakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brewery, "REFUSED_RETRY", 0.1)
    own, other = "jvb@auth.meet.example/1", "jvb@auth.meet.example/2"
    # Who was there first stays, whoever joins under its name.
    before = len(connection.sent)
    connection.presence(f"{BREWERY}/jvb-1", "available", in_the_room(own, other))
    assert len(connection.sent) == before
    assert (await health(bridge))[0] == 200
    # Who comes second leaves, says so by its health, and tries again later.
    connection.presence(f"{BREWERY}/jvb-1", "unavailable")
    await asyncio.sleep(0)
    connection.presence(f"{BREWERY}/jvb-1", "available", in_the_room(other, own))
    assert connection.sent[-1].get("type") == "unavailable"
    assert (await health(bridge))[0] == 500
    connection.presence(f"{BREWERY}/jvb-1", "unavailable")
    count = len(joins(connection))
    await asyncio.sleep(0.3)
    assert len(joins(connection)) > count
    connection.presence(f"{BREWERY}/jvb-1", "available", in_the_room(own))
    assert (await health(bridge))[0] == 200
