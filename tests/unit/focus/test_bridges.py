"""Which bridge is taken, what its errors mean, and what is offered to whom."""

import pytest

from pyjitsi.focus import offer
from pyjitsi.focus.bridge_session import BridgeSession, verdict
from pyjitsi.focus.bridges import BridgeRegistry, Found, Lost
from pyjitsi.focus.session import RestartLimit
from pyjitsi.xmpp.stanzas import disco
from pyjitsi.xmpp.stanzas.colibri2 import ConferenceModified, Endpoint, ErrorDetail
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources
from pyjitsi.xmpp.stanzas.ssma import Source


def registry(**stresses: str) -> BridgeRegistry:
    made = BridgeRegistry(quarantine=60, stress_threshold=0.8)
    for name, stress in stresses.items():
        assert made.present(name, {"stress_level": stress, "drain": "false"}) == Found(name)
    return made


def test_the_least_stressed_is_taken_and_the_conferences_own_kept() -> None:
    made = registry(a="0.5", b="0.2", c="0.9")
    assert [bridge.jid for bridge in made.usable(0)] == ["b", "a", "c"]
    chosen = made.select(0, prefer="a")
    assert chosen is not None
    assert chosen.jid == "a"


def test_a_bridge_without_statistics_is_none_and_one_without_drain_drains() -> None:
    made = registry(a="0.7")
    assert made.present("b", None) is None
    made.present("b", {"stress_level": "0.0"})
    assert [bridge.jid for bridge in made.usable(0)] == ["a", "b"]
    made.present("b", {"drain": "false", "stress_level": "nonsense"})
    assert [bridge.jid for bridge in made.usable(0)] == ["b", "a"]


def test_shutdown_flags_stay_and_the_last_one_moves_people_at_once() -> None:
    made = registry(a="0.1")
    made.present("a", {"graceful_shutdown": "true"})
    made.present("a", {"graceful_shutdown": "false"})
    assert made.usable(0) == []
    assert made.present("a", {"shutting_down": "true"}) == Lost("a", "it is shutting down")
    assert made.present("a", {"shutting_down": "true"}) is None


def test_a_failed_bridge_is_left_alone_for_a_minute() -> None:
    made = registry(a="0.1")
    made.failed("a", 100)
    assert (made.usable(159), made.healthy("a", 159)) == ([], None)
    assert made.healthy("a", 160) == Found("a")
    assert made.usable(160)
    assert made.gone("a") == Lost("a", "it left the brewery")
    assert made.gone("a") is None


@pytest.mark.parametrize(
    ("condition", "reason", "allocating", "expected"),
    [
        ("conflict", "conference_already_exists", True, "bridge"),
        ("conflict", None, True, "bridge"),
        ("item-not-found", "conference_not_found", True, "bridge"),
        ("item-not-found", "conference_not_found", False, "bridge"),
        ("item-not-found", "unknown_endpoint", False, "reinvite"),
        ("item-not-found", "unknown_endpoint", True, "participant"),
        ("service-unavailable", "graceful_shutdown", True, "bridge"),
        ("feature-not-implemented", "feature_not_implemented", True, "bridge-failed"),
        ("bad-request", None, True, "participant"),
        ("bad-request", None, False, "bridge"),
        ("item-not-found", None, True, "participant"),
        ("internal-server-error", None, True, "bridge-failed"),
        ("forbidden", None, True, "bridge-failed"),
    ],
)
def test_what_an_error_means(condition: str, reason: str | None, allocating: bool, expected: str) -> None:
    detail = ErrorDetail(reason is not None, reason, None)
    assert verdict(condition, detail, allocating=allocating) == expected


def test_the_first_endpoint_opens_the_conference_and_the_last_ends_it() -> None:
    session = BridgeSession("jvb", "meeting", "atrium@conference.talk.example")
    assert [session.create(e, None, None, None, sctp=False).create for e in ("a", "b")] == [True, False]
    one, last = session.expire("a"), session.expire("b")
    assert one is not None
    assert last is not None
    assert (one.expire, one.endpoints[0].expire, last.expire) == (False, True, True)
    assert session.expire("b") is None
    assert session.create("c", None, None, None, sctp=False).create


def test_an_answer_without_transport_is_no_allocation() -> None:
    session = BridgeSession("jvb", "meeting", "atrium@conference.talk.example")
    with pytest.raises(StanzaError, match="without a transport"):
        session.allocation("a", ConferenceModified((Endpoint("a"),)))


def test_the_bridge_is_told_sources_by_name_without_msid() -> None:
    session = BridgeSession("jvb", "meeting", "r@c")
    mine = EndpointSources(audio=(Source(1, "a-a0", "s t"),), video=(Source(2, "a-v0", "x y", "camera"),))
    request = session.update("a", sources=mine)
    assert request.endpoints[0].sources is not None
    assert [(each.type, each.id, each.sources[0].msid) for each in request.endpoints[0].sources] == [
        ("video", "a-v0", None), ("audio", "a-a0", None),
    ]  # fmt: skip


def test_codecs_are_jicofos_and_features_decide_the_rest() -> None:
    full = offer.video((disco.TCC, disco.RTX, disco.REMB))
    assert [(each.id, each.name) for each in full.payload_types] == [
        (41, "AV1"), (100, "VP8"), (107, "H264"), (101, "VP9"), (42, "rtx"), (96, "rtx"), (99, "rtx"), (97, "rtx"),
    ]  # fmt: skip
    assert ("transport-cc", "") in full.payload_types[1].feedback
    assert ("goog-remb", "") not in full.payload_types[1].feedback
    plain = offer.video((disco.REMB,))
    assert {each.name for each in plain.payload_types} == {"AV1", "VP8", "H264", "VP9"}
    assert ("goog-remb", "") in plain.payload_types[0].feedback
    assert offer.TRANSPORT_CC not in {each.uri for each in plain.extensions}
    assert next(each.name for each in offer.audio((disco.OPUS_RED,), red=True).payload_types) == "red"
    ids = [each.id for each in (*full.extensions, *offer.audio((disco.TCC,), red=False).extensions)]
    assert {1, 3, 5, 10, 11} == set(ids)


def test_restarts_are_limited_by_interval_and_by_minute() -> None:
    limit = RestartLimit(5.0, 3)
    assert [limit.allow(at) for at in (0, 4, 5, 10, 15, 61, 66)] == [True, False, True, True, False, True, True]
