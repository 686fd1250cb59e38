"""What the bridge says of itself in the brewery, every five seconds."""

import datetime
from dataclasses import dataclass

from pyjitsi.bridge.bridge import Bridge

INTERVAL = 5.0
CPU_FULL = 0.9  # this part of one core busy is a stress of 1: the bridge is one process
PARTICIPANT_STRESS = 0.01  # what the focus adds for somebody whom it just placed
Stat = str | bool | int | float


@dataclass
class Stress:
    """Load from processor time, sampled; 0 idle, 1 full."""

    level: float = 0.0
    _at: float = 0.0
    _used: float = 0.0

    def sample(self, now: float, processor_seconds: float) -> None:
        """Note how much processor time the process has used in all."""
        if self._at and now > self._at:
            self.level = max(0.0, (processor_seconds - self._used) / (now - self._at) / CPU_FULL)
        self._at, self._used = now, processor_seconds


def stats(
    bridge: Bridge, stress: float, version: str, region: str | None, relay_id: str | None, wall: float,
    *, healthy: bool, drain: bool = False, shutting_down: bool = False,
) -> dict[str, Stat]:  # fmt: skip
    """Names and values as JVB has them; region and relay id only where they are set."""
    timestamp = datetime.datetime.fromtimestamp(wall, datetime.UTC)
    found: dict[str, Stat] = {
        "stress_level": round(stress, 3),
        "average_participant_stress": PARTICIPANT_STRESS,
        "version": version,
        "healthy": healthy,
        "drain": drain,
        "graceful_shutdown": bridge.graceful_shutdown,
        "shutting_down": shutting_down,
        "colibri2": True,
        "conferences": len(bridge.conferences),
        "endpoints": bridge.endpoint_count,
        "participants": bridge.endpoint_count,
        "current_timestamp": timestamp.strftime("%Y-%m-%d %H:%M:%S.") + f"{timestamp.microsecond // 1000:03d}",
    }
    links = [relay for each in bridge.conferences.values() for relay in each.relays]
    found["octo_conferences"] = sum(len(each.relays) > 0 for each in bridge.conferences.values())
    found["octo_endpoints"] = sum(len(relay.endpoints) for relay in links)
    found["total_relays"] = bridge.total_relays
    found["total_conferences_created"] = bridge.total_conferences
    found["total_participants"] = bridge.total_endpoints
    if region is not None:
        found["region"] = region
    if relay_id is not None:
        found["relay_id"] = relay_id
    return found


def as_text(figures: dict[str, Stat]) -> dict[str, str]:
    """The figures as presence carries them."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in figures.items()}
