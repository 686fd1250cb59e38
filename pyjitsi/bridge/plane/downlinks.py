"""From a receiver's ``Delivery`` to what control is told of it."""

from typing import Literal

from pyjitsi.bridge.plane.api import EndpointId, Feedback, ProbeResult
from pyjitsi.bridge.plane.delivery import Delivery

USAGES: dict[int, Literal["normal", "over", "under"]] = {0: "normal", 1: "over", -1: "under"}
UNKNOWN_RTT = 0.2  # seconds, until there is a report
ProbeNumbers = tuple[int, int, int, float, float, float, float, int, int]
Numbers = tuple[int, int, float, float, float, int, bool, bool, ProbeNumbers]
"""Bytes delivered and lost, bit/s sent, getting through and of late, usage, overused, recovered; a probe's numbers."""


def numbers_of(delivery: Delivery, now: float) -> Numbers:
    """What is known since the last reset."""
    probe = (
        delivery.probe, delivery.probe_packets, delivery.probe_bytes, delivery.probe_first_sent,
        delivery.probe_last_sent, delivery.probe_first_at, delivery.probe_last_at, delivery.probe_first_size,
        delivery.probe_last_size,
    )  # fmt: skip
    return (
        delivery.delivered_bytes, delivery.lost_bytes, delivery.bitrate(now), delivery.throughput(),
        delivery.recent(), delivery.usage, delivery.overused, delivery.recovered, probe,
    )  # fmt: skip


def feedback_of(numbers: Numbers, endpoint: EndpointId, rtt: float, at: float) -> Feedback:
    """The event that these make."""
    delivered, lost, sent, throughput, recent, usage, overused, recovered, probe = numbers
    return Feedback(
        endpoint, delivered, lost, sent, throughput if throughput >= 0 else None, recent if recent >= 0 else None,
        USAGES[usage], overused, recovered, rtt or UNKNOWN_RTT, ProbeResult(*probe) if probe[1] else None, at,
    )  # fmt: skip
