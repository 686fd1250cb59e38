"""The bridge's metrics, gathered from its objects when they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from pyjitsi.bridge.bridge import Bridge


class BridgeCollector(Collector):
    """Totals survive the endpoints that they were counted for."""

    def __init__(self, bridge: "Bridge", losses: Callable[[], Mapping[str, int]] = dict) -> None:
        """``losses`` are the shell's own drops by reason."""
        self._bridge: Bridge = bridge
        self._losses: Callable[[], Mapping[str, int]] = losses
        self.refused: Counter[tuple[str, str]] = Counter()  # (what, reason)

    def collect(self) -> Iterator[Metric]:
        bridge = self._bridge
        yield GaugeMetricFamily("pyjitsi_bridge_conferences", "Conferences now.", len(bridge.conferences))
        yield GaugeMetricFamily("pyjitsi_bridge_endpoints", "Endpoints now.", bridge.endpoint_count)
        drops: Counter[str] = Counter(bridge.dropped)
        drops.update(self._losses())
        totals: Counter[str] = Counter(bridge.gone)
        for conference in bridge.conferences.values():
            for endpoint in conference.endpoints.values():
                drops.update(endpoint.dropped)
                counters = bridge.plane.counters(endpoint.key)
                drops.update(counters.dropped or {})
                totals.update(totals_of(counters))
        for name, value in sorted(totals.items()):
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


def totals_of(counters: object) -> dict[str, int]:
    """The plane's totals of an endpoint by metric name."""
    names = ("packets_received", "bytes_received", "packets_sent", "bytes_sent", "nacks_received", "nacks_sent",
             "rtx_sent", "plis_received", "plis_sent")  # fmt: skip
    return {name: getattr(counters, name) for name in names}
