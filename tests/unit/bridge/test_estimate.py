"""The downlink estimate, on simulated links and on made-up feedback."""

import itertools
import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.bridge.estimate import CEILING, FLOOR, DownlinkEstimate
from pyjitsi.bridge.estimate.probes import measured
from pyjitsi.bridge.plane.api import Feedback, LossReport, ProbeResult, ReceiverLimit
from tests.support.link import Link

START = 2_500_000.0


def told(
    at: float, *, sent: float = START, throughput: float | None = START, over: bool = False, lost: int = 0,
    probe: ProbeResult | None = None, rtt: float = 0.05,
) -> Feedback:  # fmt: skip
    """Feedback on a tenth of a second."""
    return Feedback(1, int(sent / 80) - lost, lost, sent, throughput, None, "over" if over else "normal", over, False,
                    rtt, probe, at)  # fmt: skip


# A link that does not change.


def test_it_starts_at_what_is_set_and_nothing_proves_more_while_little_is_sent() -> None:
    assert Link(1e9, wanted=300e3).run(30) == START


def test_a_wide_link_is_found_within_seconds() -> None:
    link = Link(10e6, wanted=8e6)
    assert link.run(5) > 8e6


def test_nobody_is_probed_who_could_not_be_given_more() -> None:
    link = Link(10e6, wanted=2e6)
    link.run(30)
    assert link.padded == 0


def test_a_narrow_link_is_filled_and_its_queue_kept_short() -> None:
    link = Link(1e6)
    link.run(8)
    link.worst = 0.0
    rates = link.history(30)
    assert sum(rates[100:]) / len(rates[100:]) > 0.75 * 1e6
    assert max(rates[100:]) < 1.35 * 1e6
    assert link.worst < 0.2


def test_jitter_is_no_congestion() -> None:
    link = Link(8e6, wanted=6e6, jitter=0.015)
    assert min(link.history(30)) >= START
    assert link.estimate.bitrate > 6e6


def test_a_shallow_queue_is_felt_by_its_losses() -> None:
    link = Link(1e6, queue=0.03)
    link.run(10)
    assert max(link.history(20)) < 1.5 * 1e6


# A link that does.


def test_it_falls_with_the_link_within_three_seconds_and_comes_back_with_it() -> None:
    link = Link(4e6, wanted=2.6e6)
    link.run(10)
    link.capacity = 600e3
    assert link.run(3) < 1.1 * 600e3
    rates = link.history(17)
    assert min(rates) > 0.5 * 600e3
    link.capacity = 4e6
    assert link.run(12) > 2.5e6


def test_a_competitor_takes_his_part_and_gives_it_back() -> None:
    link = Link(3e6, wanted=2.6e6)
    link.run(10)
    link.cross = lambda at: 1.5e6 if at < 130.0 else 0.0
    rates = link.history(20)
    assert 0.6 * 1.5e6 < sum(rates[50:]) / len(rates[50:]) < 1.5 * 1.5e6
    assert link.run(15) > 2.5e6


def test_where_so_little_fits_that_nothing_is_sent_it_comes_back_by_itself() -> None:
    link = Link(20e3, wanted=5e6)
    assert link.run(20) < 100e3
    now = link.now
    for step in range(60):  # nothing is sent, so no feedback comes
        link.estimate.tick(now + step * 0.5)
    assert link.estimate.bitrate > 1e6


# Loss.


def test_random_loss_is_no_congestion() -> None:
    for loss in (0.02, 0.05):
        link = Link(8e6, wanted=2.6e6, loss=loss)
        assert min(link.history(60)) > 0.9 * START


def test_one_packet_in_ten_costs_something_but_not_everything() -> None:
    link = Link(8e6, wanted=2.6e6, loss=0.1)
    rates = link.history(60)
    assert 1e6 < sum(rates[200:]) / len(rates[200:]) < 2.5e6


# Probes.


def probe(rate: float, arriving: float, packets: int = 10, cluster: int = 1) -> ProbeResult:
    """A probe of 1,000-byte packets."""
    octets = packets * 1000
    return ProbeResult(cluster, packets, octets, 5.0, 5.0 + (octets - 1000) * 8 / rate, 9.0,
                       9.0 + (octets - 1000) * 8 / arriving, 1000, 1000)  # fmt: skip


def test_a_probe_shows_the_rate_at_which_it_arrived() -> None:
    assert math.isclose(measured(probe(4e6, 3.9e6)) or 0, 3.9e6, rel_tol=0.01)
    assert math.isclose(measured(probe(4e6, 5e6)) or 0, 4e6, rel_tol=0.01)


def test_a_link_that_a_probe_filled_carries_a_little_less() -> None:
    assert math.isclose(measured(probe(4e6, 2e6)) or 0, 1.9e6, rel_tol=0.01)


def test_a_probe_that_makes_no_sense_is_not_believed() -> None:
    assert measured(probe(4e6, 9e6)) is None
    assert measured(probe(4e6, 4e6, packets=3)) is None
    assert measured(ProbeResult(1, 10, 10_000, 5.0, 5.0, 9.0, 9.0, 1000, 1000)) is None


def test_a_finding_that_does_not_last_is_not_tried_again_soon() -> None:
    estimate = DownlinkEstimate(1e6)
    estimate.wanted = 3e6
    asked: list[float] = []
    for step in range(1200):
        now = 10 + step * 0.1
        result = None
        for each in estimate.tick(now):
            asked.append(now)
            result = probe(each.bitrate, each.bitrate, cluster=each.cluster)
        over = bool(asked) and 0.5 < now - asked[-1] < 0.65
        estimate.feedback(told(now, sent=1e6, throughput=1e6, over=over, probe=result))
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked) if later - earlier > 1]
    assert pauses[0] < 11
    assert max(pauses) > 35


# Other receivers.


def test_without_transport_wide_feedback_reports_of_loss_steer() -> None:
    estimate = DownlinkEstimate(START)
    for step in range(10):
        estimate.report(LossReport(1, 0.3, START, 0.05, 10.0 + step))
    assert estimate.bitrate < 0.5 * START
    fallen = estimate.bitrate
    for step in range(60):
        estimate.report(LossReport(1, 0.0, estimate.bitrate, 0.05, 30.0 + step))
    assert estimate.bitrate > 1.5 * fallen


def test_without_transport_wide_feedback_the_receivers_own_estimate_counts() -> None:
    estimate = DownlinkEstimate(START)
    estimate.report(LossReport(1, 0.3, START, 0.05, 10.0))
    estimate.limit(ReceiverLimit(1, 800_000.0, 11.0))
    assert estimate.bitrate == 800_000.0


def test_with_it_neither_does() -> None:
    estimate = DownlinkEstimate(START)
    estimate.feedback(told(10.0))
    estimate.limit(ReceiverLimit(1, 100_000.0, 11.0))
    estimate.report(LossReport(1, 0.9, START, 0.05, 11.0))
    assert estimate.bitrate == START


def test_a_round_trip_of_seconds_brings_the_rate_down_whatever_else() -> None:
    estimate = DownlinkEstimate(START)
    for step in range(60):
        estimate.feedback(told(10 + step * 0.1, rtt=4.0))
    assert estimate.bitrate < 0.5 * START


probes = st.none() | st.builds(
    ProbeResult, st.integers(0, 9), st.integers(0, 50), st.integers(0, 60_000), *[st.floats(-5, 5)] * 4,
    st.integers(0, 1500), st.integers(0, 1500),
)  # fmt: skip
rates = st.none() | st.floats(0, 1e9)
events = st.one_of(
    st.builds(Feedback, st.just(1), st.integers(0, 10**7), st.integers(0, 10**7), st.floats(0, 1e9), rates, rates,
              st.sampled_from(["normal", "over", "under"]), st.booleans(), st.booleans(), st.floats(0, 7), probes,
              st.floats(0, 1)),
    st.builds(LossReport, st.just(1), st.floats(0, 1), st.floats(0, 1e9), st.floats(0, 7), st.floats(0, 1)),
    st.builds(ReceiverLimit, st.just(1), st.floats(0, 1e18), st.floats(0, 1)),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(events, max_size=60), st.floats(0, 1e9))
def test_it_stays_within_its_bounds_whatever_it_is_told(said: list[Feedback | LossReport | ReceiverLimit],
                                                       wanted: float) -> None:  # fmt: skip
    estimate = DownlinkEstimate(START)
    estimate.wanted = wanted
    for step, each in enumerate(said):
        now = 10 + step * 0.3
        match each:
            case Feedback():
                estimate.feedback(replace(each, at=now))
            case LossReport():
                estimate.report(LossReport(1, each.fraction, each.sent, each.rtt, now))
            case ReceiverLimit():
                estimate.limit(ReceiverLimit(1, each.bitrate, now))
        for asked in estimate.tick(now):
            assert asked.bitrate <= 1.2 * wanted
        assert FLOOR <= estimate.bitrate <= CEILING
