"""The bridges that the focus knows from the brewery: which are there, and which are well. ``choice`` takes one."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

RAMP_UP = 20.0  # seconds until a placed participant shows in the stress that a bridge reports


@dataclass
class Bridge:
    """One bridge as its presence shows it. ``drain`` is true until the bridge says otherwise, as with Jicofo."""

    jid: str
    stress: float = 0.0
    version: str | None = None
    release: str | None = None
    region: str | None = None
    relay_id: str | None = None
    drain: bool = True
    graceful_shutdown: bool = False
    shutting_down: bool = False
    healthy: bool = True  # by its own word, which counts where health goes by presence
    seen_at: float = 0.0  # its last statistics
    restarts: deque[float] = field(default_factory=deque[float])  # when its people asked for new sessions
    ice_failed_at: float | None = None
    failed_at: float | None = None
    average_participant_stress: float | None = None
    placed: deque[tuple[float, str]] = field(default_factory=deque[tuple[float, str]])  # when, and of which meeting

    @property
    def full_version(self) -> str | None:
        """What must agree among the bridges of a meeting."""
        return f"{self.version}-{self.release}" if self.version and self.release else self.version

    def corrected_stress(self, now: float, participant_stress: float) -> float:
        """The reported stress, and what those add who came too lately to show in it."""
        while self.placed and now - self.placed[0][0] > RAMP_UP:
            self.placed.popleft()
        each = participant_stress if self.average_participant_stress is None else self.average_participant_stress
        return self.stress + len(self.placed) * each

    def placed_lately(self, meeting: str, now: float, interval: float) -> int:
        """How many of a meeting came in the last seconds, at most ``RAMP_UP`` of them."""
        return sum(1 for at, whose in self.placed if whose == meeting and now - at <= interval)

    def update(self, stats: Mapping[str, str], now: float = 0.0) -> None:
        """A presence; names that are missing keep their last value, shutdown flags stay once set."""
        self.seen_at = now
        if "healthy" in stats:
            self.healthy = stats["healthy"] == "true"
        self.stress = _number(stats.get("stress_level"), self.stress)
        if "average_participant_stress" in stats:
            self.average_participant_stress = _number(stats["average_participant_stress"], 0.01)
        self.release = stats.get("release", self.release)
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
    """Fed with the brewery's presences and with health."""

    def __init__(self, *, quarantine: float) -> None:
        self.bridges: dict[str, Bridge] = {}
        self._quarantine: float = quarantine

    def present(self, jid: str, stats: Mapping[str, str] | None, now: float = 0.0) -> Found | Lost | None:
        """A presence with statistics; one without them makes no bridge."""
        if stats is None:
            return None
        bridge = self.bridges.get(jid)
        new = bridge is None
        if bridge is None:
            bridge = self.bridges[jid] = Bridge(jid)
        ending = bridge.shutting_down
        bridge.update(stats, now)
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

    def unwell(self, jid: str, now: float, timeout: float) -> str | None:
        """What is wrong with a bridge by its presence; None where nothing is, or where it is gone."""
        bridge = self.bridges.get(jid)
        if bridge is None:
            return None
        if now - bridge.seen_at > timeout:
            return f"it has said nothing for {timeout:g} s"
        return None if bridge.healthy else "it says that it is unwell"

    def replaceable(self, jid: str, now: float) -> bool:
        """Whether there is another bridge that people could be moved to."""
        return any(
            self.operational(each, now) and not (each.drain or each.graceful_shutdown or each.shutting_down)
            for each in self.bridges.values()
            if each.jid != jid
        )

    def operational_count(self, now: float) -> int:
        """How many can be used."""
        return sum(self.operational(each, now) for each in self.bridges.values())

    def in_shutdown_count(self) -> int:
        """How many are in graceful shutdown."""
        return sum(each.graceful_shutdown for each in self.bridges.values())

    def version_count(self) -> int:
        """How many different versions there are."""
        return len({each.full_version for each in self.bridges.values()})

    def operational(self, bridge: Bridge, now: float) -> bool:
        """Whether it is well, or has been left alone for long enough to be tried again."""
        return bridge.failed_at is None or now - bridge.failed_at >= self._quarantine


def _number(text: str | None, otherwise: float) -> float:
    """A figure; an unparsable one is ignored, as with Jicofo."""
    try:
        return otherwise if text is None else max(0.0, float(text))
    except ValueError:
        return otherwise
