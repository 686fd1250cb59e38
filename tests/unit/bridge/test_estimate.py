"""The downlink estimate on made-up feedback."""

from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.bridge.estimate import CEILING, FLOOR, DownlinkEstimate

START = 2_500_000.0


class Link:
    """A downlink of so many bit/s, under a bridge that sends what the estimate allows, up to ``wanted``."""

    def __init__(self, capacity: float, wanted: float) -> None:
        self.capacity, self.wanted = capacity, wanted
        self.estimate = DownlinkEstimate(START)
        self.now = 10.0

    def run(self, seconds: float) -> float:
        """Feedback every 100 ms; returns the estimate."""
        for _ in range(round(seconds / 0.1)):
            self.now += 0.1
            sent = min(self.estimate.bitrate, self.wanted)
            packets = max(1, round(sent * 0.1 / 9600))
            lost = round(packets * max(0.0, 1 - self.capacity / sent))
            growth = 100.0 if sent > self.capacity else 0.0
            self.estimate.feedback(packets - lost, lost, sent, growth, self.now)
        return self.estimate.bitrate


def test_it_starts_at_what_is_set_and_stays_there_while_nothing_proves_more() -> None:
    assert Link(1e9, 300e3).run(30) == START


def test_it_rises_while_it_is_used() -> None:
    assert Link(1e9, 1e9).run(20) > 1.5 * START


def test_it_falls_under_a_narrow_link_within_three_seconds_and_stays_near_it() -> None:
    link = Link(800e3, 5e6)
    assert link.run(3) < 1.2 * 800e3
    lows = [link.run(1) for _ in range(30)]
    assert min(lows) > 0.5 * 800e3
    assert max(lows) < 1.3 * 800e3


def test_it_recovers_when_the_link_does() -> None:
    link = Link(500e3, 5e6)
    link.run(10)
    link.capacity = 1e9
    assert link.run(40) > START


def test_where_so_little_fits_that_nothing_is_sent_it_comes_back_by_itself() -> None:
    link = Link(20e3, 5e6)
    assert link.run(20) < 100e3
    for _ in range(60):  # nothing is sent, so no feedback comes
        link.now += 0.5
        link.estimate.silence(link.now)
    assert link.estimate.bitrate > 1e6


def test_below_its_start_it_rises_although_little_is_used() -> None:
    link = Link(300e3, 5e6)
    link.run(10)
    link.capacity, link.wanted = 1e9, 100e3
    before = link.estimate.bitrate
    assert before < link.run(20) <= START


def test_a_receiver_that_stutters_is_no_congestion() -> None:
    estimate = DownlinkEstimate(START)
    for step in range(300):
        estimate.feedback(30, 0, START, 190.0 if step % 2 else -190.0, 10 + step * 0.05)
    assert estimate.bitrate >= START


def test_a_queue_that_grows_is_congestion_before_anything_is_lost() -> None:
    estimate = DownlinkEstimate(START)
    for step in range(30):
        estimate.feedback(30, 0, START, 120.0, 10 + step * 0.1)
    assert estimate.bitrate < 0.9 * START


def test_a_little_loss_is_no_congestion() -> None:
    estimate = DownlinkEstimate(START)
    for step in range(100):
        estimate.feedback(97, 3, START, None, 10 + step * 0.1)
    assert estimate.bitrate == START


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.floats(0, 1e9),
                          st.none() | st.floats(allow_nan=False))))  # fmt: skip
def test_it_stays_within_its_bounds(reports: list[tuple[int, int, float, float | None]]) -> None:
    estimate = DownlinkEstimate(START)
    for step, (delivered, lost, sent, growth) in enumerate(reports):
        estimate.feedback(delivered, lost, sent, growth, 10 + step * 0.3)
        assert FLOOR <= estimate.bitrate <= CEILING
