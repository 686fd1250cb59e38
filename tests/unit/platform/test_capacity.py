"""``pyjitsi capacity``: its sums, and that its costs are the measured ones."""

import json
from pathlib import Path

import pytest

from pyjitsi import capacity
from pyjitsi.cli import main

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results" / "latest.json"


def test_a_meeting_of_two_with_everything_on() -> None:
    found = capacity.demand(2, 2, 2, "360p")
    # Each sends 180p (30 packets a second) and 360p (53), and 50 of audio; each gets the other's 360p and voice.
    assert (found.packets_in, found.packets_out) == (266, 206)
    assert (found.mbit_in, found.mbit_out) == (1.48, 1.08)


def test_who_has_no_camera_sees_all_cameras_and_last_n_bounds_them() -> None:
    without = capacity.demand(10, 3, 0, "180p")
    assert without.packets_out == 10 * 3 * 30
    assert capacity.demand(10, 3, 0, "180p", last_n=1).packets_out == 10 * 30
    assert capacity.demand(1, 0, 0, "180p").packets_out == 0


def test_the_costs_are_those_of_the_benchmark() -> None:
    """The benchmark's file is committed with the code that it measured; a constant that lies about it fails here."""
    meeting = json.loads(RESULTS.read_text())["loads"]["meeting 20"]["ours"]
    measured = meeting["microseconds"]["median"]
    assert measured <= capacity.MICROSECONDS <= 2 * measured
    assert meeting["idle_mb"]["median"] <= capacity.IDLE_MB + 1
    assert meeting["memory_mb"]["median"] <= capacity.IDLE_MB + 20 * capacity.ENDPOINT_MB


def test_the_command_says_what_it_reckoned_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "--participants", "30", "--cameras", "10", "--quality", "720p"]) == 0
    said = capsys.readouterr().out
    assert "1 x 30 people, 10 cameras at 720p, 5 microphones" in said
    assert "make bench" in said
    assert main(["capacity", "--participants", "3", "--cameras", "4"]) == 2
    assert "cameras and microphones from 0 to participants" in capsys.readouterr().out
