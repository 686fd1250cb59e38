"""What a bridge says and does over HTTP for dashboards, autoscalers and those who drive it without XMPP."""

from typing import Any

import aiohttp
import pytest

from pyjitsi.bridge import selftest
from pyjitsi.bridge.drain import Drain
from pyjitsi.bridge.selftest import SelfTest, SelfTestError
from pyjitsi.bridge.service import BridgeService
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.xmpp.stanzas import colibri2
from tests.scenario.bridge.focus import MEETING, ROOM, Focus

ENDPOINT: dict[str, Any] = {
    "id": "aaaa0001", "create": True, "capabilities": ["source-names"], "transport": {"ice-controlling": True},
}  # fmt: skip


class Enough(Exception):
    """No more outcomes."""


CONFERENCES = "/colibri/v2/conferences"


async def ask(bridge: BridgeService, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
    """Status, and what came: JSON where it is that, else text."""
    url = f"http://127.0.0.1:{bridge.settings.http_port}{path}"
    async with aiohttp.ClientSession() as http, http.request(method, url, json=body, headers=headers) as answer:
        return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())


async def test_a_conference_without_xmpp(bridge: BridgeService) -> None:
    status, made = await ask(
        bridge, CONFERENCES, "POST", {"meeting-id": MEETING, "name": ROOM, "create": True, "endpoints": [ENDPOINT]}
    )
    assert status == 200
    ice = made["endpoints"][0]["transport"]["transport"]
    assert ice["ufrag"] == bridge.bridge.conferences[MEETING].endpoints["aaaa0001"].credentials.ufrag
    assert [each["id"] for each in made["sources"]] == ["jvb-a0", "jvb-v0"]
    mute = {"endpoints": [{"id": "aaaa0001", "force-mute": {"audio": True, "video": False}}]}
    assert await ask(bridge, f"{CONFERENCES}/{MEETING}", "PATCH", mute) == (200, {"endpoints": [{"id": "aaaa0001"}]})
    status, speaker = await ask(bridge, f"{CONFERENCES}/{MEETING}/dominant-speaker-identification")
    assert (status, speaker["endpointsBySpeechActivity"]) == (200, ["aaaa0001"])
    assert (await ask(bridge, f"{CONFERENCES}/{MEETING}"))[0] == 501
    assert (await ask(bridge, f"{CONFERENCES}/{MEETING}", "PATCH", {"expire": True}))[0] == 200
    assert not bridge.bridge.conferences


@pytest.mark.parametrize(
    ("path", "method", "body", "status", "says"),
    [
        (CONFERENCES, "POST", {"meeting-id": "m", "create": "yes"}, 400, "create must be true or false"),
        (CONFERENCES, "POST", {"meeting-id": "m"}, 400, "item-not-found: no such conference"),
        (f"{CONFERENCES}/nowhere", "PATCH", {}, 404, "no such conference"),
        (f"{CONFERENCES}/nowhere", "GET", None, 404, "no such conference"),
        (CONFERENCES, "GET", None, 501, "/debug shows them"),
    ],
)
async def test_what_can_not_be_done_is_said(
    bridge: BridgeService, path: str, method: str, body: Any, status: int, says: str
) -> None:
    answered, text = await ask(bridge, path, method, body)
    assert (answered, says in text) == (status, True), text


async def test_nobody_behind_the_proxy_makes_conferences_or_looks_into_them(bridge: BridgeService) -> None:
    assert not BridgeSettings.model_fields["colibri_http"].default
    for path, method in ((CONFERENCES, "POST"), (f"{CONFERENCES}/m", "PATCH"), ("/debug", "GET"), ("/debug/m", "GET")):
        assert (await ask(bridge, path, method, None, **{"X-Forwarded-For": "203.0.113.7"}))[0] == 403


async def test_debug_has_jvbs_shape(bridge: BridgeService, focus: Focus) -> None:
    await focus.allocate("aaaa0001")
    _, debug = await ask(bridge, "/debug")
    assert set(debug) == {"shutdown_state", "drain", "time", "load_management", "health", "conferences"}
    assert (debug["shutdown_state"], debug["drain"]) == ("RUNNING", False)
    assert debug["health"] == {"success": True, "hardFailure": False, "responseCode": 200, "message": ""}
    ((name, conference),) = debug["conferences"].items()
    assert {each: conference[each] for each in ("id", "name", "meeting_id", "rtcstatsEnabled", "relays")} == {
        "id": name, "name": ROOM, "meeting_id": MEETING, "rtcstatsEnabled": True, "relays": {},
    }  # fmt: skip
    assert conference["endpoints"] == {"aaaa0001": {"connected": False}}
    _, whole = await ask(bridge, f"/debug/{name}/aaaa0001")
    assert whole["conferences"][name]["endpoints"]["aaaa0001"]["ice"]["connected"] is False
    assert await ask(bridge, "/debug/nowhere") == (200, {"conferences": {"nowhere": "null"}})


async def test_collectors_of_statistics_get_the_meetings_that_allow_it(bridge: BridgeService, focus: Focus) -> None:
    await focus.allocate("aaaa0001")
    _, shown = await ask(bridge, "/stats")
    assert set(shown) == {MEETING}
    assert shown[MEETING]["endpoints"]["aaaa0001"]["connected"] is False
    bridge.modify(colibri2.ConferenceModify("private", create=True, rtcstats=False))
    assert set((await ask(bridge, "/stats"))[1]) == {MEETING}
    assert (await ask(bridge, "/stats", "GET", None, **{"X-Forwarded-For": "203.0.113.7"}))[0] == 403


async def test_a_bridge_can_begin_by_asking_for_others(bridge: BridgeService) -> None:
    drain = Drain(10.0, held=True)
    assert (drain.announced, drain.refusing, drain.over(1000.0, 0)) == (True, False, False)
    assert not BridgeSettings.model_fields["initial_drain"].default


@pytest.mark.parametrize(
    ("sticky", "age", "forgiven"), [(False, 400.0, True), (True, 200.0, True), (True, 400.0, False)]
)
async def test_a_failure_that_is_sticky_stays_once_the_bridge_had_time_to_settle(
    bridge: BridgeService, monkeypatch: pytest.MonkeyPatch, sticky: bool, age: float, forgiven: bool
) -> None:
    tested = SelfTest(bridge.bridge, bridge._port, lambda: None, sticky=sticky)  # pyright: ignore[reportPrivateUsage]
    tested._began -= age  # pyright: ignore[reportPrivateUsage]
    outcomes: list[SelfTestError | None] = [SelfTestError("nothing is forwarded"), None]

    async def once() -> None:
        if not outcomes:
            raise Enough
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    monkeypatch.setattr(tested, "once", once)
    monkeypatch.setattr(selftest, "INTERVAL", 0.0)
    with pytest.raises(Enough):
        await tested.run()
    assert (tested.failure is None) == forgiven
