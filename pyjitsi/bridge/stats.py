"""What the bridge says of itself in the brewery, every five seconds."""

import datetime
from dataclasses import dataclass

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.traffic import Traffic

INTERVAL = 5.0
CPU_FULL = 0.9  # this part of one core busy is a stress of 1: control and plane have a thread each
PACKETS_FULL = 250_000  # packets a second, in and out, that one plane thread carries at the most
PARTICIPANT_STRESS = 0.01  # what the focus adds for somebody whom it just placed
ANNOUNCED = frozenset((
    "stress_level", "average_participant_stress", "version", "healthy", "drain", "graceful_shutdown", "shutting_down",
    "colibri2", "conferences", "endpoints", "current_timestamp", "region", "relay_id",
))  # fmt: skip
Stat = str | bool | int | float


@dataclass
class Stress:
    """Load from processor time and packet rate, sampled, whichever is more; 0 idle, 1 full."""

    level: float = 0.0
    _at: float = 0.0
    _used: float = 0.0

    def sample(self, now: float, processor_seconds: float, packets: float = 0.0) -> None:
        """Note how much processor time the process has used in all, and how many packets a second there are."""
        if self._at and now > self._at:
            busy = max(0.0, (processor_seconds - self._used) / (now - self._at) / CPU_FULL)
            self.level = max(busy, packets / PACKETS_FULL)
        self._at, self._used = now, processor_seconds


def stats(
    bridge: Bridge, stress: float, version: str, region: str | None, relay_id: str | None, wall: float,
    traffic: Traffic, *, healthy: bool, drain: bool = False, shutting_down: bool = False,
) -> dict[str, Stat]:  # fmt: skip
    """Names and values as JVB has them; region and relay id only where they are set."""
    everybody = sum(each.size for each in bridge.conferences.values())
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
        "endpoints": everybody,
        "participants": everybody,
        "current_timestamp": timestamp.strftime("%Y-%m-%d %H:%M:%S.") + f"{timestamp.microsecond // 1000:03d}",
    }
    found["octo_conferences"] = sum(len(each.relays) > 0 for each in bridge.conferences.values())
    found["octo_endpoints"] = everybody - bridge.endpoint_count
    found |= _people(bridge) | _flow(traffic)
    found["total_relays"] = bridge.total_relays
    found["total_conferences_created"] = bridge.total_conferences
    found["total_conferences_completed"] = bridge.total_conferences - len(bridge.conferences)
    found["total_participants"] = bridge.total_endpoints
    found["total_ice_succeeded"] = bridge.ice_succeeded
    found["total_ice_failed"] = bridge.ice_failed
    if region is not None:
        found["region"] = region
    if relay_id is not None:
        found["relay_id"] = relay_id
    return found


def _people(bridge: Bridge) -> dict[str, Stat]:
    """Who is there now."""
    conferences = bridge.conferences.values()
    endpoints = [endpoint for each in conferences for endpoint in each.endpoints.values()]
    known = [each.rtt for each in endpoints if each.rtt]
    return {
        "largest_conference": max((each.size for each in conferences), default=0),
        "inactive_conferences": sum(not any(e.active for e in each.endpoints.values()) for each in conferences),
        "local_endpoints": len(endpoints),
        "local_active_endpoints": sum(each.active for each in endpoints),
        "inactive_endpoints": sum(not each.active for each in endpoints),
        "receive_only_endpoints": sum(not each.sources for each in endpoints),
        "visitors": sum(each.visitor for each in endpoints),
        "rtt_aggregate": round(1000 * sum(known) / len(known), 1) if known else 0.0,
    }


def _flow(traffic: Traffic) -> dict[str, Stat]:
    """What flows: kbit/s and packets a second of endpoints, bit/s of relays, and totals."""
    found: dict[str, Stat] = {
        "bit_rate_download": round(traffic.rate("bytes_received") * 8 / 1000),
        "bit_rate_upload": round(traffic.rate("bytes_sent") * 8 / 1000),
        "packet_rate_download": round(traffic.rate("packets_received")),
        "packet_rate_upload": round(traffic.rate("packets_sent")),
        "octo_receive_bitrate": round(traffic.rate("bytes_received", relays=True) * 8),
        "octo_send_bitrate": round(traffic.rate("bytes_sent", relays=True) * 8),
        "octo_receive_packet_rate": round(traffic.rate("packets_received", relays=True)),
        "octo_send_packet_rate": round(traffic.rate("packets_sent", relays=True)),
    }
    for name in ("bytes_received", "bytes_sent", "packets_received", "packets_sent"):
        found[f"total_{name}"] = traffic.endpoints[name]
        found[f"total_{name}_octo"] = traffic.relays[name]
    return found


def as_text(figures: dict[str, Stat]) -> dict[str, str]:
    """The figures as presence carries them: those that a focus reads, as with JVB's filter; the rest is for HTTP."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in figures.items()
        if name in ANNOUNCED
    }
