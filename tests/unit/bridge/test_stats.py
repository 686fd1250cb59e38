"""What a bridge says of itself, and its metrics."""

from prometheus_client import CollectorRegistry, generate_latest

from pyjitsi.bridge.metrics import BridgeCollector
from pyjitsi.bridge.stats import Stress, as_text, stats
from pyjitsi.bridge.traffic import Traffic
from pyjitsi.xmpp.stanzas import colibri2
from tests.unit.bridge.conftest import Stage


def test_the_presence_has_what_a_focus_reads(stage: Stage) -> None:
    stage.enter("one")
    figures = as_text(stats(stage.bridge, 0.21, "1.2", None, None, 1_772_446_507.114, Traffic(), healthy=True))
    assert figures == {
        "stress_level": "0.21",
        "average_participant_stress": "0.01",
        "version": "1.2",
        "healthy": "true",
        "drain": "false",
        "graceful_shutdown": "false",
        "shutting_down": "false",
        "colibri2": "true",
        "conferences": "1",
        "endpoints": "1",
        "current_timestamp": "2026-03-02 10:15:07.114",
    }


def test_region_and_relay_only_where_set(stage: Stage) -> None:
    figures = stats(stage.bridge, 0.0, "1.2", "north", "bridge-1", 0.0, Traffic(), healthy=True)
    assert (figures["region"], figures["relay_id"]) == ("north", "bridge-1")


def test_stress_is_the_part_of_one_core() -> None:
    stress = Stress()
    stress.sample(100.0, 5.0)
    assert stress.level == 0.0
    stress.sample(110.0, 9.5)
    assert abs(stress.level - 0.5) < 1e-9


def test_stress_is_the_packet_rate_where_that_is_more() -> None:
    stress = Stress()
    stress.sample(100.0, 5.0)
    stress.sample(110.0, 9.5, 200_000.0)
    assert abs(stress.level - 0.8) < 1e-9


def test_what_flows_is_told_in_the_originals_names_and_units(stage: Stage) -> None:
    one, _ = stage.enter("one")
    stage.enter("two")
    traffic = Traffic()
    traffic.sample(stage.bridge, 10.0)
    totals = stage.plane.totals[one.key]
    totals.packets_received, totals.bytes_received, totals.packets_sent, totals.bytes_sent = 500, 250_000, 50, 5_000
    traffic.sample(stage.bridge, 12.0)
    figures = stats(stage.bridge, 0.0, "1.2", None, None, 0.0, traffic, healthy=True)
    assert (figures["bit_rate_download"], figures["bit_rate_upload"]) == (1000, 20)
    assert (figures["packet_rate_download"], figures["packet_rate_upload"]) == (250, 25)
    assert (figures["total_packets_received"], figures["total_bytes_sent"]) == (500, 5_000)
    assert (figures["local_endpoints"], figures["largest_conference"], figures["total_ice_succeeded"]) == (2, 2, 0)
    assert traffic.packets == 275
    found = metrics(stage, BridgeCollector(stage.bridge, dict, lambda: figures))
    assert found["jitsi_jvb_incoming_bitrate"] == 1_000_000
    assert found["jitsi_jvb_ice_succeeded_total"] == 0
    assert (found["jitsi_jvb_incoming_packet_rate"], found["jitsi_jvb_outgoing_packet_rate"]) == (250, 25)
    assert (found["jitsi_jvb_packets_received_total"], found["jitsi_jvb_bytes_sent_total"]) == (500, 5_000)
    assert (found["jitsi_jvb_healthy"], found["jitsi_jvb_drain_mode"]) == (1, 0)


def test_conferences_are_counted_by_size(stage: Stage) -> None:
    stage.enter("one")
    stage.enter("two")
    found = metrics(stage, BridgeCollector(stage.bridge))
    buckets = [found[f'jitsi_jvb_conferences_by_size_bucket{{le="{size}"}}'] for size in ("0.0", "1.0", "2.0", "20.0")]
    assert buckets == [0, 0, 1, 1]
    assert (found["jitsi_jvb_conferences_by_size_sum"], found["jitsi_jvb_conferences_by_size_count"]) == (2, 1)


def test_the_round_trip_is_that_of_those_who_told_theirs(stage: Stage) -> None:
    stage.enter("one")[0].rtt = 0.040
    stage.enter("two")[0].rtt = 0.020
    stage.enter("three")
    figures = stats(stage.bridge, 0.0, "1.2", None, None, 0.0, Traffic(), healthy=True)
    assert figures["rtt_aggregate"] == 30.0
    assert metrics(stage, BridgeCollector(stage.bridge, dict, lambda: figures))["jitsi_jvb_average_rtt"] == 30.0


def metrics(stage: Stage, collector: BridgeCollector) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_totals_outlive_their_endpoints(stage: Stage) -> None:
    collector = BridgeCollector(stage.bridge)
    one, _ = stage.enter("one")
    stage.enter("two")
    stage.plane.totals[one.key].packets_received = 7
    stage.plane.totals[one.key].dropped = {"replay": 2}
    one.dropped["dtls-unvalidated"] += 1
    collector.refused["channel", "json"] += 3
    before = metrics(stage, collector)
    assert before["pyjitsi_bridge_endpoints"] == 2
    assert before["pyjitsi_bridge_conferences"] == 1
    assert before["pyjitsi_bridge_packets_received_total"] == 7
    assert before['pyjitsi_bridge_dropped_total{reason="replay"}'] == 2
    assert before['pyjitsi_bridge_refused_total{reason="json",what="channel"}'] == 3
    stage.ask(colibri2.Endpoint("one", expire=True))
    after = metrics(stage, collector)
    assert after["pyjitsi_bridge_endpoints"] == 1
    assert after["pyjitsi_bridge_packets_received_total"] == 7
    assert after['pyjitsi_bridge_dropped_total{reason="dtls-unvalidated"}'] == 1
