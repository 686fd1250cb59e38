"""The bridges that the focus knows from the brewery: which are there, which are well, and which to take."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Bridge:
    """One bridge as its presence shows it. ``drain`` is true until the bridge says otherwise, as with Jicofo."""

    jid: str
    stress: float = 0.0
    version: str | None = None
    region: str | None = None
    relay_id: str | None = None
    drain: bool = True
    graceful_shutdown: bool = False
    shutting_down: bool = False
    failed_at: float | None = None
    participants: int = 0

    def update(self, stats: Mapping[str, str]) -> None:
        """A presence; names that are missing keep their last value, shutdown flags stay once set."""
        stress = stats.get("stress_level")
        if stress is not None:
            try:
                self.stress = max(0.0, float(stress))
            except ValueError:
                pass  # unparsable stress is ignored, as with Jicofo
        self.version = stats.get("version", self.version)
        self.region = stats.get("region", self.region)
        self.relay_id = stats.get("relay_id", self.relay_id)
        if "drain" in stats:
            self.drain = stats["drain"] == "true"
        self.graceful_shutdown = self.graceful_shutdown or stats.get("graceful_shutdown") == "true"
        self.shutting_down = self.shutting_down or stats.get("shutting_down") == "true"


@dataclass(frozen=True, slots=True)
class Lost:
    """A bridge whose people must be moved."""

    jid: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """A bridge that can be used from now on."""

    jid: str


class BridgeRegistry:
    """Fed with the brewery's presences and with health; chooses bridges."""

    def __init__(self, *, quarantine: float, stress_threshold: float) -> None:
        self.bridges: dict[str, Bridge] = {}
        self._quarantine: float = quarantine
        self._stress_threshold: float = stress_threshold

    def present(self, jid: str, stats: Mapping[str, str] | None) -> Found | Lost | None:
        """A presence with statistics; one without them makes no bridge."""
        if stats is None:
            return None
        bridge = self.bridges.get(jid)
        new = bridge is None
        if bridge is None:
            bridge = self.bridges[jid] = Bridge(jid)
        ending = bridge.shutting_down
        bridge.update(stats)
        if bridge.shutting_down:
            return None if ending else Lost(jid, "it is shutting down")
        return Found(jid) if new else None

    def gone(self, jid: str) -> Lost | None:
        """A bridge left the brewery."""
        return Lost(jid, "it left the brewery") if self.bridges.pop(jid, None) is not None else None

    def clear(self) -> list[Lost]:
        """The brewery itself was lost."""
        lost = [Lost(jid, "the brewery was lost") for jid in self.bridges]
        self.bridges.clear()
        return lost

    def failed(self, jid: str, now: float) -> None:
        """A bridge did not do what it was asked; it is left alone for a while."""
        bridge = self.bridges.get(jid)
        if bridge is not None:
            bridge.failed_at = now

    def healthy(self, jid: str, now: float) -> Found | None:
        """A bridge answered a health check; after its quarantine it is usable again."""
        bridge = self.bridges.get(jid)
        if bridge is None or bridge.failed_at is None or now - bridge.failed_at < self._quarantine:
            return None
        bridge.failed_at = None
        return Found(jid)

    def usable(self, now: float) -> list[Bridge]:
        """Bridges that may take somebody, best first: not draining, under the threshold, least stressed."""
        candidates = [
            bridge
            for bridge in self.bridges.values()
            if not bridge.shutting_down
            and not bridge.graceful_shutdown
            and (bridge.failed_at is None or now - bridge.failed_at >= self._quarantine)
        ]
        return sorted(candidates, key=lambda each: (each.drain, each.stress >= self._stress_threshold, each.stress))

    def select(self, now: float, *, prefer: str | None = None) -> Bridge | None:
        """The bridge for a participant: the conference's own while it is usable, else the best."""
        usable = self.usable(now)
        return next((each for each in usable if each.jid == prefer), usable[0] if usable else None)
