"""Which bridge is taken, what its errors mean, and what it is asked."""

import pytest

from pyjitsi.focus.bridge_session import BridgeSession, Verdict, media_sources, verdict
from pyjitsi.focus.bridges import BridgeRegistry, Found, Lost
from pyjitsi.focus.choice import BridgeChoice, Rules
from pyjitsi.xmpp.stanzas import colibri2, ice_udp
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources
from pyjitsi.xmpp.stanzas.ssma import Source, SsrcGroup

READY = {"drain": "false", "stress_level": "0.1"}


@pytest.fixture
def registry() -> BridgeRegistry:
    return BridgeRegistry(quarantine=60.0)


def chosen(registry: BridgeRegistry, now: float = 0.0) -> str | None:
    bridge = BridgeChoice(registry, Rules()).select(now)
    return None if bridge is None else bridge.jid


def test_a_bridge_is_known_from_its_first_statistics(registry: BridgeRegistry) -> None:
    assert registry.present("one", None) is None and chosen(registry) is None
    assert registry.present("one", READY) == Found("one")
    assert registry.present("one", READY) is None
    assert registry.gone("one") == Lost("one", "it left the brewery")
    assert registry.gone("one") is None


def test_one_that_does_not_say_that_it_is_not_draining_is_taken_last(registry: BridgeRegistry) -> None:
    registry.present("silent", {"stress_level": "0"})
    assert chosen(registry) == "silent"
    registry.present("full", {"drain": "false", "stress_level": "3.5"})
    assert chosen(registry) == "full"
    registry.present("well", {"drain": "false", "stress_level": "0.7"})
    registry.present("better", {"drain": "false", "stress_level": "0.6"})
    assert chosen(registry) == "better"
    registry.present("better", {"drain": "true"})
    assert chosen(registry) == "well"


def test_missing_and_unreadable_statistics_keep_the_last_value(registry: BridgeRegistry) -> None:
    registry.present("one", {**READY, "region": "here", "version": "1"})
    registry.present("one", {"stress_level": "hot"})
    bridge = registry.bridges["one"]
    assert (bridge.stress, bridge.drain, bridge.region, bridge.version) == (0.1, False, "here", "1")


def test_a_bridge_that_ends_takes_nobody_for_ever(registry: BridgeRegistry) -> None:
    registry.present("one", READY)
    assert registry.present("one", {**READY, "graceful_shutdown": "true"}) is None
    registry.present("one", {**READY, "graceful_shutdown": "false"})
    assert chosen(registry) is None
    assert registry.present("one", {"shutting_down": "true"}) == Lost("one", "it is shutting down")
    assert registry.present("one", {"shutting_down": "true"}) is None


def test_a_bridge_that_failed_is_left_alone_until_quarantine_is_over(registry: BridgeRegistry) -> None:
    registry.present("one", READY)
    registry.failed("one", 100.0)
    assert chosen(registry, 159.9) is None and chosen(registry, 160.0) == "one"
    assert registry.healthy("one", 159.9) is None
    assert registry.healthy("one", 160.0) == Found("one")
    assert registry.healthy("one", 161.0) is None
    registry.failed("stranger", 1.0)
    assert registry.healthy("stranger", 99.0) is None


def test_with_the_brewery_all_bridges_are_lost(registry: BridgeRegistry) -> None:
    registry.present("one", READY)
    registry.present("two", READY)
    assert [each.jid for each in registry.clear()] == ["one", "two"]
    assert chosen(registry) is None


@pytest.mark.parametrize(
    ("condition", "reason", "allocating", "other"),
    [
        ("conflict", "conference_already_exists", "bridge", "bridge"),
        ("item-not-found", "conference_not_found", "bridge", "bridge"),
        ("service-unavailable", "graceful_shutdown", "bridge", "bridge"),
        ("item-not-found", "unknown_endpoint", "participant", "reinvite"),
        ("conflict", "unspecified", "bridge", "bridge"),
        ("resource-constraint", None, "participant", "bridge"),
        ("bad-request", "unspecified", "participant", "participant"),
        ("feature-not-implemented", "feature_not_implemented", "bridge-failed", "bridge"),
        ("feature-not-implemented", "unspecified", "bridge-failed", "bridge"),
        ("internal-server-error", "unspecified", "bridge-failed", "bridge"),
        ("item-not-found", None, "participant", "bridge"),
        ("not-acceptable", None, "bridge-failed", "bridge"),
    ],
)
def test_what_an_error_means(condition: str, reason: str | None, allocating: Verdict, other: Verdict) -> None:
    detail = colibri2.ErrorDetail(reason is not None, reason, None)
    assert verdict(condition, detail, allocating=True) == allocating
    assert verdict(condition, detail, allocating=False) == other


def test_the_first_endpoint_opens_the_conference_and_the_last_ends_it() -> None:
    session = BridgeSession("one", "meeting", "tea@conference.meet.example")
    first = session.create("ada", "Ada-x", None, None, sctp=True)
    second = session.create("bob", None, None, None, sctp=False)
    assert (first.create, first.name, first.endpoints[0].stats_id) == (True, "tea@conference.meet.example", "Ada-x")
    assert (second.create, second.name) == (False, None)
    asked = [each.endpoints[0].transport for each in (first, second)]
    assert [each is not None and each.sctp is not None for each in asked] == [True, False]
    one = session.expire("ada")
    assert one is not None and (one.expire, [each.expire for each in one.endpoints]) == (False, [True])
    assert session.expire("ada") is None
    assert session.expire("bob") == colibri2.ConferenceModify("meeting", expire=True)
    assert session.create("ada", None, None, None, sctp=False).create


@pytest.mark.parametrize(
    ("transport", "text"),
    [
        (None, "answered without a transport"),
        (ice_udp.IceUdpTransport("u", "p"), "lacks credentials, fingerprint or candidates"),
    ],
)
def test_an_answer_that_can_not_be_offered_is_refused(transport: ice_udp.IceUdpTransport | None, text: str) -> None:
    session = BridgeSession("one", "meeting", "tea@conference.meet.example")
    answer = colibri2.ConferenceModified((colibri2.Endpoint("ada", transport=colibri2.Transport(ice=transport)),))
    with pytest.raises(StanzaError, match=text):
        session.allocation("ada", answer)


def test_the_bridge_hears_of_sources_by_name_and_without_msid() -> None:
    names = ("ada-v0", "ada-v0", "ada-v1")
    video = tuple(Source(at, name, "v t", "camera") for at, name in enumerate(names, 1))
    sources = EndpointSources((Source(9, "ada-a0", "a t"),), video, video_groups=(SsrcGroup("FID", (1, 2)),))
    assert media_sources(sources) == (
        colibri2.MediaSource(
            "video", "ada-v0", (Source(1, "ada-v0", None, "camera"), Source(2, "ada-v0", None, "camera")),
            (SsrcGroup("FID", (1, 2)),),
        ),
        colibri2.MediaSource("video", "ada-v1", (Source(3, "ada-v1", None, "camera"),)),
        colibri2.MediaSource("audio", "ada-a0", (Source(9, "ada-a0"),)),
    )  # fmt: skip
