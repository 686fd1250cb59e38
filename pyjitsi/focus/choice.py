"""Choosing a bridge for a participant: who may be taken at all, then the strategy (2-colibri.md section 5.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyjitsi.focus.bridges import Bridge, BridgeRegistry
from pyjitsi.focus.metrics import BRIDGE_RESTARTS
from pyjitsi.focus.selection import STRATEGIES, Name, Situation, group_of
from pyjitsi.focus.settings import IceFailureDetection


@dataclass(frozen=True, slots=True)
class Rules:
    """What an admin set; defaults are the settings'."""

    strategy: Name = "RegionBasedBridgeSelectionStrategy"
    stress_threshold: float = 0.8
    participant_stress: float = 0.01
    max_participants: int = 80
    max_per_interval: int | None = None
    interval: float = 20.0
    local_region: str | None = None
    region_groups: tuple[tuple[str, ...], ...] = ()
    relays: bool = True
    mixed_versions: bool = False
    ice_failures: IceFailureDetection = field(default_factory=IceFailureDetection)


@dataclass(frozen=True, slots=True)
class Pin:
    """A version that a room's bridges must have, until a time."""

    version: str
    until: float


class BridgeChoice:
    """Chooses among the registry's bridges by the rules."""

    def __init__(self, registry: BridgeRegistry, rules: Rules) -> None:
        self.registry: BridgeRegistry = registry
        self.rules: Rules = rules
        self.pins: dict[str, Pin] = {}
        self.endpoints_on: Callable[[str], float] = lambda _jid: 0  # how many participants a bridge has

    def pin(self, room: str, now: float) -> str | None:
        """The version that a new meeting in a room must use."""
        pin = self.pins.get(room)
        if pin is not None and now >= pin.until:
            del self.pins[room]
            return None
        return None if pin is None else pin.version

    def stress(self, bridge: Bridge, now: float) -> float:
        """A bridge's stress, with those whom it does not report yet; over the threshold where ICE fails there."""
        stress = bridge.corrected_stress(now, self.rules.participant_stress)
        return max(stress, self.rules.stress_threshold + 0.01) if self.failing_ice(bridge, now) else stress

    def failing_ice(self, bridge: Bridge, now: float) -> bool:
        """Whether so many of its people asked for new sessions that it must be the bridge."""
        rules = self.rules.ice_failures
        return bridge.ice_failed_at is not None and now - bridge.ice_failed_at < rules.timeout_seconds

    def restart_requested(self, jid: str, now: float) -> None:
        """Somebody on a bridge asked for a new session, as ICE failed."""
        rules, bridge = self.rules.ice_failures, self.registry.bridges.get(jid)
        if bridge is None:
            return
        BRIDGE_RESTARTS.labels(jid.partition("/")[2]).inc()
        bridge.restarts.append(now)
        while bridge.restarts and now - bridge.restarts[0] > rules.interval_seconds:
            bridge.restarts.popleft()
        endpoints = self.endpoints_on(jid)
        if rules.enabled and endpoints >= rules.min_endpoints and len(bridge.restarts) > endpoints * rules.threshold:
            bridge.ice_failed_at = now

    def overloaded(self, bridge: Bridge, now: float) -> bool:
        """Whether it should take nobody who can be placed elsewhere."""
        return self.stress(bridge, now) >= self.rules.stress_threshold

    def select(
        self, now: float, meeting: Mapping[str, int] | None = None, *, region: str | None = None,
        version: str | None = None, room: str = "",
    ) -> Bridge | None:  # fmt: skip
        """The bridge for a participant of a meeting that is on bridges ``meeting`` already (with how many there)."""
        meeting = meeting or {}
        candidates = self._candidates(now, meeting, version)
        if not candidates:
            return None
        first = next((each for each in candidates if each.jid in meeting), None)
        if first is not None and (not self.rules.relays or first.relay_id is None):
            return first
        if first is not None:  # a bridge without relay id can't join the others
            candidates = [each for each in candidates if each.relay_id is not None]
        region = self._region(region, meeting, candidates)
        rules = self.rules
        full = {
            each.jid
            for each in candidates
            if meeting.get(each.jid, 0) >= rules.max_participants
            or (
                rules.max_per_interval is not None
                and each.placed_lately(room, now, rules.interval) >= rules.max_per_interval
            )
        }
        return STRATEGIES[rules.strategy](
            Situation(
                tuple(candidates), meeting, region,
                frozenset(each.jid for each in candidates if self.overloaded(each, now)), frozenset(full),
                group_of(region, rules.region_groups),
            )
        )  # fmt: skip

    def placed(self, jid: str, room: str, now: float) -> None:
        """A participant was placed."""
        bridge = self.registry.bridges.get(jid)
        if bridge is not None:
            bridge.placed.append((now, room))

    def _candidates(self, now: float, meeting: Mapping[str, int], version: str | None) -> list[Bridge]:
        """Bridges that may be used, best first; draining or ending ones only where there are no others."""
        used = next((self.registry.bridges[jid].full_version for jid in meeting if jid in self.registry.bridges), None)
        version = used or version
        found = [
            each
            for each in self.registry.bridges.values()
            if self.registry.operational(each, now)
            and not each.shutting_down
            and (version is None or self.rules.mixed_versions or each.full_version == version)
        ]
        # A conference can't be made on a bridge in graceful shutdown: only those that have one there may go on.
        found = [each for each in found if not each.graceful_shutdown or each.jid in meeting]
        found = [each for each in found if not each.drain] or found
        found = [each for each in found if not each.graceful_shutdown] or found
        return sorted(found, key=lambda each: self.stress(each, now))

    def _region(self, region: str | None, meeting: Mapping[str, int], candidates: list[Bridge]) -> str | None:
        local = self.rules.local_region
        if region is None or local is None:
            return region or local
        near = group_of(region, self.rules.region_groups)
        if not meeting and region != local and local in near:
            return local
        return region if any(each.region in near for each in candidates) else local
