"""Bridge-channel messages: what is understood, what is refused and how, and what others get."""

import json
from collections import Counter
from typing import Any

import pytest
from structlog.testing import capture_logs

from pyjitsi.bridge import messages
from pyjitsi.bridge.channel import ChannelReader
from pyjitsi.bridge.messages import MessageError
from tests.unit.bridge.conftest import Stage, audio, video


def message(name: str, **fields: Any) -> str:
    return json.dumps({"colibriClass": name, **fields})


def test_constraints_are_read() -> None:
    parsed = messages.parse(
        message(
            "ReceiverVideoConstraints",
            lastN=9,
            onStageSources=["4fa1c2d3-v1"],
            selectedSources=[],
            defaultConstraints={"maxHeight": 0},
            constraints={"4fa1c2d3-v1": {"maxHeight": 1080}, "b-v0": {"maxHeight": 180, "maxFrameRate": 0}},
            assumedBandwidthBps=-1,
        )
    )
    assert parsed == messages.ReceiverVideoConstraints(9, (), ("4fa1c2d3-v1",), 0, {"4fa1c2d3-v1": 1080, "b-v0": 0})
    assert messages.parse(message("ReceiverVideoConstraints")) == messages.ReceiverVideoConstraints()


def test_both_forms_of_an_audio_subscription() -> None:
    parse = messages.parse
    assert parse(message("ReceiverAudioSubscription", all=True, include=[], exclude=["b"])) == (
        messages.AudioSubscription(True, (), ("b",))
    )
    assert parse(message("ReceiverAudioSubscription")) == messages.AudioSubscription(False, (), ())
    assert parse(message("ReceiverAudioSubscription", mode="Include", list=["a"])) == (
        messages.AudioSubscription(False, ("a",), ())
    )
    assert parse(message("ReceiverAudioSubscription", mode="All")) == messages.AudioSubscription(True, (), ())


def test_a_class_that_nobody_knows_is_nothing() -> None:
    assert messages.parse(message("SomethingNew", a=1)) is None


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("", "json", "is not JSON"),
        ("[]", "json", "is not an object"),
        ("{", "json", "is not JSON"),
        ('{"a":NaN}', "json", "NaN is not JSON"),
        ('{"a":1e999}', "json", "is too large"),
        ('{"a":' + "9" * 5000 + "}", "json", "is not JSON"),
        ("[" * 5000, "json", "is not JSON"),
        ("{}", "no-class", "no colibriClass"),
        ('{"colibriClass":5}', "no-class", "no colibriClass"),
        ('{"colibriClass":"ClientHello","colibriClass":"EndpointStats"}', "duplicate-key", "a key twice"),
        ('{"colibriClass":"EndpointMessage","to":"","msgPayload":{"a":1,"a":2}}', "duplicate-key", "a key twice"),
        (message("EndpointMessage"), "field", "to is not a short text"),
        (message("EndpointMessage", to=["x"]), "field", "to is not"),
        (message("LastNChangedEvent"), "field", "lastN is not an integer"),
        (message("LastNChangedEvent", lastN=True), "field", "lastN is not an integer"),
        (message("LastNChangedEvent", lastN=-2), "field", "of -1 to"),
        (message("ReceiverVideoConstraints", selectedSources="x"), "field", "selectedSources is not a list"),
        (message("ReceiverVideoConstraints", onStageSources=[1]), "field", "onStageSources is not a list of names"),
        (message("ReceiverVideoConstraints", onStageSources=["x"] * 501), "field", "a list of at most 500"),
        (message("ReceiverVideoConstraints", defaultConstraints=180), "field", "defaultConstraints is not an object"),
        (message("ReceiverVideoConstraints", constraints={"x": {}}), "field", "maxHeight is not"),
        (message("ReceiverVideoConstraints", constraints=[]), "field", "constraints is not an object"),
        (message("ReceiverAudioSubscription", all="yes"), "field", "all is not true or false"),
        (message("SourceVideoTypeMessage", sourceName="x"), "field", "videoType is not"),
        ('{"x":"' + "y" * 70_000 + '"}', "too-long", "longer than 65536"),
    ],
)
def test_what_is_refused(text: str, reason: str, says: str) -> None:
    with pytest.raises(MessageError, match=says) as caught:
        messages.parse(text)
    assert caught.value.reason == reason


def test_an_endpoint_message_reaches_whom_it_names_with_its_sender(stage: Stage) -> None:
    (one, own), (_, second), (_, third) = stage.enter("one"), stage.enter("two"), stage.enter("three")
    say = stage.conference.message
    say(one, message("EndpointMessage", to="two", msgPayload={"type": "ping"}, extra=5, **{"from": "three"}), "1")
    assert second.of("EndpointMessage") == [{"to": "two", "msgPayload": {"type": "ping"}, "extra": 5, "from": "one"}]
    assert third.of("EndpointMessage") == own.of("EndpointMessage") == []
    say(one, message("EndpointMessage", to="", msgPayload={}), "1")
    assert len(second.of("EndpointMessage")) == 2
    assert len(third.of("EndpointMessage")) == 1
    assert own.of("EndpointMessage") == []
    say(one, message("EndpointMessage", to="nobody", msgPayload={}), "1")
    assert len(second.of("EndpointMessage")) == 2


def test_figures_reach_the_others(stage: Stage) -> None:
    (one, own), (_, second) = stage.enter("one"), stage.enter("two")
    stage.conference.message(one, message("EndpointStats", connectionQuality=96.5), "1")
    assert second.of("EndpointStats") == [{"connectionQuality": 96.5, "from": "one"}]
    assert own.of("EndpointStats") == []


def test_a_message_nested_too_deep_to_be_written_again_is_refused() -> None:
    nested: Any = {}
    for _ in range(100_000):
        nested = {"a": nested}
    with pytest.raises(MessageError, match="nested too deep"):
        messages.forwarded({"b": nested}, "one")


def test_hello_is_answered(stage: Stage) -> None:
    one, channel = stage.enter("one")
    stage.conference.message(one, message("ClientHello"), "1.0")
    assert channel.of("ServerHello") == [{"version": "1.0"}] * 2


def test_hearing_is_set_in_the_plane(stage: Stage) -> None:
    one, _ = stage.enter("one")
    stage.conference.message(one, message("ReceiverAudioSubscription", all=True, exclude=["two-a0"]), "1")
    assert stage.plane.audio[one.key] == (True, (), ("two-a0",))


def test_only_own_sources_can_change_their_type(stage: Stage) -> None:
    one, _ = stage.enter("one", audio("one", 1), video("one", 2))
    stage.enter("two", video("two", 3))
    with pytest.raises(MessageError, match="is not a source of one") as caught:
        stage.conference.message(one, message("SourceVideoTypeMessage", sourceName="two-v0", videoType="none"), "1")
    assert caught.value.reason == "not-yours"
    stage.conference.message(one, message("VideoTypeMessage", videoType="DESKTOP"), "1")
    assert one.video_types == {"one-v0": "desktop"}


def test_refusals_are_counted_and_the_first_of_a_kind_is_logged(stage: Stage) -> None:
    one, _ = stage.enter("one")
    refused: Counter[tuple[str, str]] = Counter()
    reader = ChannelReader(one, lambda text: stage.conference.message(one, text, "1"), refused)
    with capture_logs() as logs:
        for _ in range(3):
            reader.message("{", stage.now)
        reader.message('{"a":1,"a":2}', stage.now)
        reader.message(message("ClientHello"), stage.now)
    assert refused == {("channel", "json"): 3, ("channel", "duplicate-key"): 1}
    assert [(each["endpoint"], each["room"]) for each in logs] == [("one", stage.conference.name)] * 2


def test_a_flood_of_messages_is_cut_and_does_not_reach_the_others(stage: Stage) -> None:
    (one, _), (_, second) = stage.enter("one"), stage.enter("two")
    refused: Counter[tuple[str, str]] = Counter()
    reader = ChannelReader(one, lambda text: stage.conference.message(one, text, "1"), refused)
    text = message("EndpointMessage", to="", msgPayload={})
    for _ in range(1000):
        reader.message(text, stage.now)
    assert len(second.of("EndpointMessage")) == 200
    assert refused == {("channel", "rate"): 800}
    reader.message(text, stage.now + 1.0)
    assert len(second.of("EndpointMessage")) == 201
