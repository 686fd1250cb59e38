"""What an admin does to a running focus over HTTP, with Jicofo's addresses and shapes (2-colibri.md section 6.2).

Moving takes people from a bridge and places them anew; with the bridge draining they land elsewhere.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from aiohttp import web

from pyjitsi import __version__, clock
from pyjitsi.focus.choice import BridgeChoice, Pin
from pyjitsi.focus.conference import Conference
from pyjitsi.focus.moving import move, people_on
from pyjitsi.focus.stats import stats
from pyjitsi.observe.http import require_this_machine

MAX_PINS = 1000


class FocusControl:
    """See the module's text. ``conferences`` are those of now, by room."""

    def __init__(self, choice: BridgeChoice, conferences: Callable[[], Mapping[str, Conference]]) -> None:
        self._choice: BridgeChoice = choice
        self._conferences: Callable[[], Mapping[str, Conference]] = conferences

    def add_to(self, app: web.Application) -> None:
        """Add the pages."""
        for path, handler in (
            ("/move-endpoints/move-endpoint", self._move_endpoint),
            ("/move-endpoints/move-endpoints", self._move_endpoints),
            ("/move-endpoints/move-fraction", self._move_fraction),
            ("/pin", self._pins),
            ("/about/version", self._version),
            ("/stats", self._stats),
            ("/rtcstats", self._rtcstats),
            ("/debug", self._debug),
            ("/debug/conferences", self._debug_conferences),
            ("/debug/conferences-full", self._debug_conferences_full),
            ("/debug/conference/{room}", self._debug_conference),
        ):
            app.router.add_get(path, handler)
        app.router.add_post("/pin", self._pin)
        app.router.add_post("/pin/remove", self._unpin)

    # Moving.

    async def _move_endpoint(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        room, endpoint = _required(request, "conference"), _required(request, "endpoint")
        conference = self._conference(room)
        member = conference.members.get(endpoint)
        if member is None:
            raise web.HTTPNotFound(text=f"there is no {endpoint} in {room}\n")
        bridge = request.query.get("bridge")
        if bridge is not None and member not in conference.placing.on(self._bridge(bridge)):
            raise web.HTTPBadRequest(text=f"{endpoint} is not on {bridge}\n")
        return _moved(move([(conference, member)]))

    async def _move_endpoints(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        bridge = self._bridge(_required(request, "bridge"))
        room = request.query.get("conference")
        among = [self._conference(room)] if room is not None else list(self._conferences().values())
        return _moved(move(people_on(bridge, among)[: _number(request, "numEndpoints", 1, 1, 1e6)]))

    async def _move_fraction(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        bridge = self._bridge(_required(request, "bridge"))
        people = people_on(bridge, self._conferences().values())
        text = request.query.get("fraction", "0.1")
        try:
            fraction = float(text)
        except ValueError:
            fraction = -1.0
        if not 0 <= fraction <= 1:
            raise web.HTTPBadRequest(text=f"fraction {text[:40]!r} is not a number from 0 to 1\n")
        return _moved(move(people[: math.ceil(fraction * len(people))]))

    def _conference(self, room: str) -> Conference:
        conference = self._conferences().get(room)
        if conference is None:
            raise web.HTTPNotFound(text=f"there is no conference {room[:200]}\n")
        return conference

    def _bridge(self, name: str) -> str:
        """A bridge's address, from that or its nick."""
        for jid in self._choice.registry.bridges:
            if name in (jid, jid.partition("/")[2]):
                return jid
        raise web.HTTPNotFound(text=f"there is no bridge {name[:200]}\n")

    # Pins.

    async def _pins(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        now, wall = clock.monotonic(), clock.wall()
        current = [room for room in list(self._choice.pins) if self._choice.pin(room, now) is not None]
        return web.json_response([
            {"conferenceId": room, "jvbVersion": pin.version, "expiresAt": round(wall + pin.until - now)}
            for room in current if (pin := self._choice.pins[room])
        ])  # fmt: skip

    async def _pin(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        body = await _object(request)
        room, version, minutes = body.get("conferenceId"), body.get("jvbVersion"), body.get("durationMinutes")
        if not isinstance(room, str) or not isinstance(version, str) or not version:
            raise web.HTTPBadRequest(text="conferenceId and jvbVersion must be texts\n")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 0 < minutes <= 60 * 24 * 365:
            raise web.HTTPBadRequest(text="durationMinutes must be a number of minutes, at most a year\n")
        if len(self._choice.pins) >= MAX_PINS:
            raise web.HTTPBadRequest(text=f"{MAX_PINS} rooms are pinned; remove some\n")
        self._choice.pins[room] = Pin(version, clock.monotonic() + 60.0 * minutes)
        return web.Response()

    async def _unpin(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        room = (await _object(request)).get("conferenceId")
        if not isinstance(room, str) or self._choice.pins.pop(room, None) is None:
            raise web.HTTPNotFound(text="that room is not pinned\n")
        return web.Response()

    # Figures.

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"name": "pyjitsi focus", "version": __version__, "os": "Linux"})

    async def _stats(self, _request: web.Request) -> web.Response:
        return web.json_response(stats([len(each.members) for each in self._conferences().values()], self._choice))

    async def _rtcstats(self, request: web.Request) -> web.Response:
        """The state of the meetings that collectors of statistics may read."""
        require_this_machine(request)
        shown = [each for each in self._conferences().values() if each.placing.rtcstats]
        return web.json_response({each.placing.meeting_id: describe(each) for each in shown})

    async def _debug_conferences(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        return web.json_response(list(self._conferences()))

    async def _debug_conferences_full(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        return web.json_response({room: describe(each) for room, each in self._conferences().items()})

    async def _debug_conference(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        return web.json_response(describe(self._conference(request.match_info["room"])))

    async def _debug(self, request: web.Request) -> web.Response:
        require_this_machine(request)
        now, choice = clock.monotonic(), self._choice
        placed = dict.fromkeys(choice.registry.bridges, 0)
        for conference in self._conferences().values():
            for jid in placed:
                placed[jid] += len(conference.placing.on(jid))
        bridges = {
            each.jid: {
                "corrected-stress": round(choice.stress(each, now), 3), "drain": each.drain,
                "endpoints": placed[each.jid], "graceful-shutdown": each.graceful_shutdown,
                "failing-ice": choice.failing_ice(each, now),
                "endpoint-restart-requests": len(each.restarts), "healthy": each.healthy,
                "operational": choice.registry.operational(each, now), "overloaded": choice.overloaded(each, now),
                "region": each.region, "relay-id": each.relay_id, "release": each.release,
                "shutting-down": each.shutting_down, "stress": each.stress, "version": each.version,
            }
            for each in choice.registry.bridges.values()
        }  # fmt: skip
        return web.json_response({"bridge_selector": {"strategy": choice.rules.strategy, "bridge": bridges}})


def describe(conference: Conference) -> dict[str, Any]:
    """A conference as ``/debug`` shows it: who is in it, and where."""
    return {
        "name": conference.room,
        "meeting_id": conference.placing.meeting_id,
        "rtcstatsEnabled": conference.placing.rtcstats,
        "pinned_version": conference.placing.pinned,
        "participants": {
            member.endpoint: {
                "id": member.endpoint, "role": member.occupant.role, "region": member.occupant.region,
                "stats_id": member.occupant.stats_id,
                "bridge": None if member.session is None else member.session.bridge.bridge,
                "session": None if member.session is None else member.session.state,
            }
            for member in conference.members
        },
        "colibri_session_manager": {
            each.bridge: {"id": each.id, "relay_id": each.relay_id, "region": each.region, "created": each.created,
                          "endpoints": sorted(each.endpoints), "relays": sorted(each.links)}
            for each in conference.cascade
        },
    }  # fmt: skip


def _moved(counts: tuple[int, int]) -> web.Response:
    return web.json_response({"movedEndpoints": counts[0], "conferences": counts[1]})


def _required(request: web.Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise web.HTTPBadRequest(text=f"the parameter {name} is missing\n")
    return value


def _number(request: web.Request, name: str, default: int, low: int, high: float) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise web.HTTPBadRequest(text=f"{name} {text[:40]!r} is not a number from {low}\n")
    return int(text)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise web.HTTPBadRequest(text="the request is not JSON\n") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the request is not an object\n")
    return cast(dict[str, Any], body)
