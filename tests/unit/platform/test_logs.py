"""What the logs say, and what they never say."""

import json

import pytest
import structlog

from pyjitsi.observe import logs


def test_a_traceback_has_no_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("bridge", json=True)
    password = "hunter2"
    try:
        assert len(password) < 0
    except AssertionError:
        structlog.get_logger().exception("it failed")
    line = capsys.readouterr().err
    assert json.loads(line)["exception"][0]["frames"][-1]["name"] == "test_a_traceback_has_no_values_of_variables"
    assert "hunter2" not in line
