"""``/stats`` as Jicofo has it (2-colibri.md section 6.2): what its autoscalers and monitoring scripts read."""

from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import Counter

from pyjitsi import __version__, clock
from pyjitsi.focus import metrics
from pyjitsi.focus.choice import BridgeChoice

LARGEST_BUCKET = 21  # conferences of so many people and more are counted together, as with Jicofo


def stats(sizes: Sequence[int], choice: BridgeChoice) -> dict[str, Any]:
    """The figures; ``sizes`` are those of the conferences now. There are neither visitors nor recorders here."""
    registry = choice.registry
    return {
        "conferences": len(sizes),
        "conferences_with_visitors": 0,
        "participants": sum(sizes),
        "visitors": 0,
        "largest_conference": max(sizes, default=0),
        "conference_sizes": [
            sum(min(size, LARGEST_BUCKET) == bucket for size in sizes) for bucket in range(LARGEST_BUCKET + 1)
        ],
        "endpoint_pairs": sum(size * (size - 1) for size in sizes),
        "total_participants": total(metrics.JOINED),
        "total_conferences_created": total(metrics.CREATED),
        "bridge_failures": {
            "participants_moved": total(metrics.PARTICIPANTS_MOVED),
            "bridges_removed": total(metrics.BRIDGES_REMOVED),
        },
        "participant_notifications": {
            "ice_failed": total(metrics.FAILED_ICE),
            "request_restart": total(metrics.RESTARTED),
        },
        "bridge_selector": {
            "bridge_count": len(registry.bridges),
            "operational_bridge_count": registry.operational_count(clock.monotonic()),
            "in_shutdown_bridge_count": registry.in_shutdown_count(),
            "lost_bridges": total(metrics.LOST_BRIDGES),
            "bridge_version_count": registry.version_count(),
        },
        "jingle": {way: _jingle(counters) for way, counters in metrics.JINGLE.items()},
        "version": __version__,
    }


def _jingle(counters: Mapping[str, Counter]) -> dict[str, int]:
    return {action.replace("-", "_").upper(): total(counter) for action, counter in counters.items()}


def total(counter: Counter) -> int:
    """What a counter without labels has counted."""
    return int(
        next(each.value for family in counter.collect() for each in family.samples if each.name.endswith("_total"))
    )
