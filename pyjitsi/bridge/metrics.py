"""The bridge's metrics, gathered from its objects when they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from pyjitsi.bridge.bridge import Bridge


class BridgeCollector(Collector):
    """Totals survive the endpoints that they were counted for."""

    def __init__(
        self, bridge: "Bridge", losses: Callable[[], Mapping[str, int]] = dict,
        figures: Callable[[], Mapping[str, str | bool | int | float]] = dict,
    ) -> None:  # fmt: skip
        """``losses`` are the shell's own drops by reason, ``figures`` what the bridge says of itself in the brewery."""
        self._figures: Callable[[], Mapping[str, str | bool | int | float]] = figures
        self._bridge: Bridge = bridge
        self._losses: Callable[[], Mapping[str, int]] = losses
        self.refused: Counter[tuple[str, str]] = Counter()  # (what, reason)
        self.disconnects: int = 0  # of all XMPP connections

    def collect(self) -> Iterator[Metric]:
        bridge = self._bridge
        yield GaugeMetricFamily("pyjitsi_bridge_conferences", "Conferences now.", len(bridge.conferences))
        yield GaugeMetricFamily("pyjitsi_bridge_endpoints", "Endpoints now.", bridge.endpoint_count)
        drops: Counter[str] = Counter(bridge.dropped)
        drops.update(self._losses())
        for conference in bridge.conferences.values():
            for endpoint in conference.endpoints.values():
                drops.update(endpoint.dropped)
                drops.update(bridge.plane.counters(endpoint.key).dropped or {})
        flow = totals(bridge, relays=False)
        yield from self._as_jvb(flow, totals(bridge, relays=True))
        for name, value in sorted(flow.items()):
            yield CounterMetricFamily(f"pyjitsi_bridge_{name}", f"{name.replace('_', ' ')}, total.", value=value)
        yield CounterMetricFamily("pyjitsi_bridge_faults", "Errors of the bridge's own.", value=bridge.faults)
        dropped = CounterMetricFamily("pyjitsi_bridge_dropped", "Datagrams not taken, by reason.", labels=["reason"])
        for reason, value in sorted(drops.items()):
            dropped.add_metric([reason], value)
        yield dropped
        refused = CounterMetricFamily(
            "pyjitsi_bridge_refused", "Requests and messages refused.", labels=["what", "reason"]
        )
        for (what, reason), value in sorted(self.refused.items()):
            refused.add_metric([what, reason], value)
        yield refused

    def _as_jvb(self, flow: Mapping[str, int], relayed: Mapping[str, int]) -> Iterator[Metric]:
        """What dashboards for JVB look for, by its names."""
        bridge = self._bridge
        conferences = bridge.conferences.values()
        relayed_endpoints = sum(len(relay.endpoints) for each in conferences for relay in each.relays)
        gauges: dict[str, float] = {
            "conferences": len(conferences),
            "local_endpoints": bridge.endpoint_count,
            "current_endpoints": bridge.endpoint_count + relayed_endpoints,
            "endpoints_relayed": relayed_endpoints,
            "conferences_with_relay": sum(len(each.relays) > 0 for each in conferences),
            "graceful_shutdown": int(bridge.graceful_shutdown),
        }
        figures = self._figures()
        for name, source, factor in FROM_FIGURES:
            if source in figures:
                gauges[name] = float(figures[source]) * factor
        for name, value in gauges.items():
            yield GaugeMetricFamily(f"jitsi_jvb_{name}", f"{name.replace('_', ' ')}, now.".capitalize(), value)
        counters = {
            "conferences_created": bridge.total_conferences,
            "endpoints": bridge.total_endpoints,
            "relays": bridge.total_relays,
            "conferences_completed": bridge.total_conferences - len(conferences),
            "ice_succeeded": bridge.ice_succeeded,
            "ice_failed": bridge.ice_failed,
            "endpoints_ice_failed": bridge.ice_failed,
            **{f"ice_restarts_{name}": bridge.ice_restarts[name] for name in RESTARTS},
            **{name: flow.get(name, 0) for name in FLOW},
            **{f"relay_{name}": relayed.get(name, 0) for name in FLOW},
            "xmpp_disconnects": self.disconnects,
        }
        for name, value in counters.items():
            yield CounterMetricFamily(f"jitsi_jvb_{name}", f"{name.replace('_', ' ')}, in all.".capitalize(), value)
        sizes = HistogramMetricFamily("jitsi_jvb_conferences_by_size", "Conferences now, by how many are in them.")
        sizes.add_metric([], *_histogram([each.size for each in conferences]))
        yield sizes


def _histogram(sizes: Sequence[int]) -> tuple[list[tuple[str, float]], float]:
    """Buckets and the sum, as the library takes them."""
    buckets = [(str(float(most)), float(sum(size <= most for size in sizes))) for most in range(LARGEST_BUCKET + 1)]
    return [*buckets, ("+Inf", float(len(sizes)))], float(sum(sizes))


TOTALS = ("packets_received", "bytes_received", "packets_sent", "bytes_sent", "nacks_received", "nacks_sent",
          "rtx_sent", "plis_received", "plis_sent")  # fmt: skip
LARGEST_BUCKET = 20  # people, as with JVB
FROM_FIGURES = (  # JVB's gauge, the figure that it is, and what makes its unit
    ("stress", "stress_level", 1),
    ("healthy", "healthy", 1),
    ("drain_mode", "drain", 1),
    ("shutting_down", "shutting_down", 1),
    ("current_visitors", "visitors", 1),
    ("largest_conference", "largest_conference", 1),
    ("active_endpoints", "local_active_endpoints", 1),
    ("endpoints_inactive", "inactive_endpoints", 1),
    ("endpoints_recvonly", "receive_only_endpoints", 1),
    ("conferences_inactive", "inactive_conferences", 1),
    ("average_rtt", "rtt_aggregate", 1),
    ("incoming_bitrate", "bit_rate_download", 1000),
    ("outgoing_bitrate", "bit_rate_upload", 1000),
    ("incoming_packet_rate", "packet_rate_download", 1),
    ("outgoing_packet_rate", "packet_rate_upload", 1),
    ("relay_incoming_bitrate", "octo_receive_bitrate", 1),
    ("relay_outgoing_bitrate", "octo_send_bitrate", 1),
    ("relay_incoming_packet_rate", "octo_receive_packet_rate", 1),
    ("relay_outgoing_packet_rate", "octo_send_packet_rate", 1),
)
RESTARTS = ("started", "rejected", "not_established", "succeeded", "superseded", "failed")
FLOW = ("packets_sent", "packets_received", "bytes_sent", "bytes_received")


def totals_of(counters: object) -> dict[str, int]:
    """The plane's totals of an endpoint by metric name."""
    return {name: getattr(counters, name) for name in TOTALS}


def totals(bridge: "Bridge", *, relays: bool) -> Counter[str]:
    """Of all endpoints, or of all relays, that ever were."""
    found: Counter[str] = Counter(dict.fromkeys(TOTALS, 0))
    found.update(bridge.gone_relays if relays else bridge.gone)
    for conference in bridge.conferences.values():
        for peer in conference.relays if relays else conference.endpoints.values():
            found.update(totals_of(bridge.plane.counters(peer.key)))
    return found
