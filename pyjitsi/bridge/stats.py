"""What the bridge says of itself in the brewery, every five seconds."""

import datetime
from dataclasses import dataclass

from pyjitsi.bridge.bridge import Bridge

INTERVAL = 5.0
CPU_FULL = 0.9  # this part of one core busy is a stress of 1: the bridge is one process


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
) -> dict[str, str]:  # fmt: skip
    """Names and values as JVB has them."""

    def flag(value: bool) -> str:
        return "true" if value else "false"

    timestamp = datetime.datetime.fromtimestamp(wall, datetime.UTC)
    found = {
        "stress_level": f"{stress:.3f}",
        "average_participant_stress": "0.01",
        "version": version,
        "healthy": flag(healthy),
        "drain": flag(drain),
        "graceful_shutdown": flag(bridge.graceful_shutdown),
        "shutting_down": flag(shutting_down),
        "colibri2": "true",
        "conferences": str(len(bridge.conferences)),
        "endpoints": str(bridge.endpoint_count),
        "participants": str(bridge.endpoint_count),
        "current_timestamp": timestamp.strftime("%Y-%m-%d %H:%M:%S.") + f"{timestamp.microsecond // 1000:03d}",
    }
    if region is not None:
        found["region"] = region
    if relay_id is not None:
        found["relay_id"] = relay_id
    return found
