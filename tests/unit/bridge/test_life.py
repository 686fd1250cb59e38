"""Who is there, who counts as inactive, who is freed and when; and that one room's trouble stays its own."""

from structlog.testing import capture_logs

from pyjitsi.bridge.plane.api import AudioLevel
from pyjitsi.xmpp.stanzas import colibri2
from tests.unit.bridge.conftest import MEETING, Stage, new
from tests.unit.bridge.fakes import FakeChannel


def told(said: list[dict[str, object]], who: str) -> list[object]:
    """What was said of somebody's connectivity, in order."""
    return [each["active"] for each in said if each["endpoint"] == who]


def test_an_empty_conference_stands_for_20_seconds(stage: Stage) -> None:
    stage.ask(create=True)
    stage.wait(19.5)
    assert MEETING in stage.bridge.conferences
    stage.wait(1.0)
    assert not stage.bridge.conferences


def test_who_never_came_is_inactive_after_15_seconds_and_freed_after_two_minutes(stage: Stage) -> None:
    one, channel = stage.enter("one")
    stage.ask(new("late"))
    late = stage.conference.endpoints["late"]
    stage.wait(14.0, lambda: [one])
    assert late.active
    stage.wait(2.0, lambda: [one])
    assert told(channel.of("EndpointConnectivityStatusChangeEvent"), "late") == ["false"]
    stage.wait(102.0, lambda: [one])
    assert "late" in stage.conference.endpoints
    stage.wait(3.0, lambda: [one])
    assert set(stage.conference.endpoints) == {"one"}


def test_silence_of_8_seconds_is_told_to_all_and_its_end_too(stage: Stage) -> None:
    (one, channel), (two, own) = stage.enter("one"), stage.enter("two")
    stage.wait(5.0, lambda: [one, two])
    stage.wait(7.0, lambda: [one])
    assert told(channel.of("EndpointConnectivityStatusChangeEvent"), "two") == []
    stage.wait(2.0, lambda: [one])
    assert told(channel.of("EndpointConnectivityStatusChangeEvent"), "two") == ["false"]
    stage.wait(1.0, lambda: [one, two])
    assert told(channel.of("EndpointConnectivityStatusChangeEvent"), "two") == ["false", "true"]
    assert told(own.of("EndpointConnectivityStatusChangeEvent"), "two") == ["false", "true"], "the subject hears it too"


def test_who_only_listens_is_there_as_long_as_the_plane_answers_checks(stage: Stage) -> None:
    endpoint, _ = stage.enter("one")
    for _ in range(10):
        stage.plane.checked[endpoint.key] = stage.now
        stage.wait(7.0)
    assert endpoint.active
    stage.wait(9.0)
    assert not endpoint.active
    assert "one" in stage.conference.endpoints
    stage.wait(60.0)
    assert not stage.bridge.conferences or "one" not in stage.conference.endpoints


def test_a_new_channel_is_told_who_is_inactive(stage: Stage) -> None:
    one, _ = stage.enter("one")
    stage.ask(new("late"))
    stage.wait(16.0, lambda: [one])
    _, channel = stage.enter("three")
    assert channel.said[0] == {"colibriClass": "ServerHello", "version": "1.0"}
    assert channel.of("EndpointConnectivityStatusChangeEvent") == [{"endpoint": "late", "active": "false"}]


def test_an_endpoint_is_freed_after_a_minute_without_anything(stage: Stage) -> None:
    one, _ = stage.enter("one")
    two, channel = stage.enter("two")
    stage.wait(3.0, lambda: [one, two])
    stage.wait(58.0, lambda: [one])
    assert "two" in stage.conference.endpoints
    stage.wait(3.0, lambda: [one])
    assert "two" not in stage.conference.endpoints
    assert channel.closed == (1001, "endpoint closed")
    assert stage.bridge.endpoint_count == 1


def test_the_focus_learns_of_an_expired_endpoint_by_its_next_request(stage: Stage) -> None:
    one, _ = stage.enter("one")
    stage.ask(new("late"))
    stage.wait(125.0, lambda: [one])
    try:
        stage.ask(colibri2.Endpoint("late", sources=()))
    except colibri2.ColibriError as error:
        assert error.reason == "unknown_endpoint"
    else:
        raise AssertionError("the request was taken")


def test_a_second_channel_takes_the_place_of_the_first(stage: Stage) -> None:
    endpoint, first = stage.enter("one")
    second = FakeChannel()
    endpoint.opened(second)
    assert first.closed == (1000, "replaced")
    endpoint.closed(first)
    endpoint.say('{"colibriClass":"x"}')
    assert second.said == [{"colibriClass": "x"}]


def test_a_room_whose_timer_fails_does_not_stop_the_others(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    stage.ask(create=True, meeting_id="other")

    def fail(_now: float) -> list[object]:
        raise RuntimeError("a bug")

    stage.conference.tick = fail  # pyright: ignore[reportAttributeAccessIssue]
    with capture_logs() as logs:
        stage.wait(21.0)
    assert set(stage.bridge.conferences) == {MEETING}, "the other room expired in its time"
    assert stage.bridge.faults > 100
    assert len([each for each in logs if each["event"].startswith("a fault")]) == 1


def test_a_plane_that_fails_in_its_timer_does_not_stop_control(stage: Stage) -> None:
    stage.ask(create=True)
    stage.plane.broken = True
    with capture_logs():
        stage.wait(21.0)
    assert not stage.bridge.conferences


def test_an_event_of_somebody_who_is_gone_is_nothing(stage: Stage) -> None:
    endpoint, _ = stage.enter("one")
    stage.enter("two")
    stage.ask(colibri2.Endpoint("one", expire=True))
    stage.plane.events.append(AudioLevel(endpoint.key, "one-a0", 30, stage.now))
    stage.wait(1.0)
    assert stage.bridge.faults == 0
    assert stage.conference.speech.dominant is None
