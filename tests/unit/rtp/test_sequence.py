"""Wrapping numbers, losses, and the statistics made of them."""

from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.rtp.nack import ATTEMPTS, REPEAT, NackTracker
from pyjitsi.rtp.reception import Reception
from pyjitsi.rtp.sequence import Unwrapper, distance


@given(st.integers(0, 65535), st.lists(st.integers(-20000, 20000), max_size=50))
def test_unwrapping_follows_steps_in_both_directions(start: int, steps: list[int]) -> None:
    unwrapper = Unwrapper()
    first = highest = unwrapper.unwrap(start)
    for step in steps:
        true = highest + step
        if true < 0:
            continue
        assert unwrapper.unwrap(true & 0xFFFF) == true
        highest = max(highest, true)
    assert unwrapper.highest == highest >= first


@given(st.integers(0, 65535), st.integers(-32768, 32767))
def test_distance_is_the_step_that_was_made(start: int, step: int) -> None:
    assert distance((start + step) & 0xFFFF, start) == step


def test_a_gap_is_asked_for_at_once_then_every_150_ms_until_it_is_filled() -> None:
    tracker = NackTracker()
    tracker.received(10, 0.0)
    tracker.received(14, 1.0)
    assert tracker.due(1.0) == [11, 12, 13]
    assert tracker.due(1.1) == []
    tracker.received(12, 1.1)
    assert tracker.due(1.0 + REPEAT) == [11, 13]


def test_what_never_comes_is_given_up_after_ten_requests() -> None:
    tracker = NackTracker()
    tracker.received(1, 0.0)
    tracker.received(3, 0.0)
    asked = [tracker.due(step * 0.2) for step in range(ATTEMPTS + 3)]
    assert asked == [[2]] * ATTEMPTS + [[]] * 3


def test_a_jump_of_a_hundred_is_a_new_start() -> None:
    tracker = NackTracker()
    tracker.received(1, 0.0)
    tracker.received(200, 0.0)
    assert tracker.due(0.0) == []


def test_a_report_counts_loss_since_the_last_one() -> None:
    reception = Reception(7, 90000)
    for number in (65534, 65535, 0, 2, 3):
        reception.packet(number, 0, 0.0)
    block = reception.report(1.0)
    assert (block.lost, block.fraction, block.highest & 0xFFFF) == (1, 256 // 6, 3)
    for number in (4, 5):
        reception.packet(number, 0, 1.0)
    assert (reception.report(2.0).lost, reception.report(2.0).fraction) == (1, 0)
