"""What the logs say, and what they never say."""

import json
from collections.abc import Iterator

import pytest
import structlog

from pyjitsi.observe import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What is set up here is this process's, and other tests log too."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def fail(password: str) -> None:
    raise RuntimeError(f"a password of {len(password)} letters")


def test_a_traceback_has_no_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("bridge", json=True)
    try:
        fail("hunter2")
    except RuntimeError:
        structlog.get_logger().exception("it failed")
    line = capsys.readouterr().err
    assert json.loads(line)["exception"][0]["frames"][-1]["name"] == "fail"
    assert "hunter2" not in line
