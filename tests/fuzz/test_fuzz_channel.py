"""Fuzz: whatever a client says on its bridge channel is a message or a MessageError, and others read only JSON."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.bridge.messages import MessageError, parse
from tests.unit.bridge.conftest import Stage, video

CLASSES = (
    "ReceiverVideoConstraints", "ReceiverAudioSubscription", "LastNChangedEvent", "SourceVideoTypeMessage",
    "VideoTypeMessage", "EndpointMessage", "EndpointStats", "ClientHello", "Unknown",
)  # fmt: skip
FIELDS = (
    "lastN", "selectedSources", "onStageSources", "defaultConstraints", "constraints", "maxHeight", "maxFrameRate",
    "assumedBandwidthBps", "all", "include", "exclude", "mode", "list", "sourceName", "videoType", "to", "msgPayload",
    "from",
)  # fmt: skip
NAMES = st.sampled_from(["one-v0", "two-v0", "two", "", "desktop", "none", "All", "\ud800", "x" * 300])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | NAMES | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | NAMES, inner, max_size=4),
    max_leaves=12,
)


def message(name: str, fields: dict[str, Any]) -> str:
    """A message of a class."""
    return json.dumps({"colibriClass": name, **fields})


shaped = st.builds(message, st.sampled_from(CLASSES), st.dictionaries(st.sampled_from(FIELDS), values, max_size=6))
junk = st.text(alphabet='{}[]":,0123456789eE+-. truefalsnul\\\ud800', max_size=60)


@given(shaped | junk | st.text())
@settings(max_examples=300)
def test_any_text_is_a_message_or_refused(text: str) -> None:
    try:
        parse(text)
    except MessageError as error:
        assert error.reason in ("json", "no-class", "duplicate-key", "field", "too-long")


@given(st.lists(shaped, max_size=5))
@settings(max_examples=100, deadline=None)
def test_nobody_else_notices(texts: list[str]) -> None:
    stage = Stage()
    one, _ = stage.enter("one", video("one", 1))
    two, other = stage.enter("two", video("two", 2))
    for text in texts:
        try:
            stage.conference.message(one, text, "1")
        except MessageError:
            pass
        stage.now += 1
        stage.bridge.tick(stage.now)
    assert stage.bridge.faults == 0
    assert set(stage.conference.endpoints) == {"one", "two"}
    assert two.wishes.asked is False
    for said in other.said:
        assert said.get("from", "one") == "one"
        json.dumps(said, allow_nan=False)
