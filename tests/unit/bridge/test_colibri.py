"""COLIBRI2 requests at the bridge: what is made, what is answered, and each refusal that the focus acts on."""

from dataclasses import replace

import pytest

from pyjitsi.bridge.candidates import HostAddress
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.plane.api import Codec, Encoding, Source
from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from pyjitsi.xmpp.stanzas.connects import Connect
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle_rtp import Description, HeaderExtension, PayloadType
from tests.unit.bridge.conftest import ROOM, Stage, audio, certificate, new, video

LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


def refusal(stage: Stage, *endpoints: colibri2.Endpoint, **fields: object) -> tuple[str, str | None, str]:
    """Condition, COLIBRI2's reason and text with which a request is refused."""
    with pytest.raises(StanzaError) as caught:
        stage.ask(*endpoints, **fields)
    reason = caught.value.reason if isinstance(caught.value, colibri2.ColibriError) else None
    return caught.value.condition, reason, caught.value.text


def test_the_first_endpoint_makes_the_conference_and_gets_a_transport(stage: Stage) -> None:
    answer = stage.ask(new("a1b2c3d4"), create=True, name=ROOM)
    (endpoint,) = answer.endpoints
    assert endpoint.transport is not None
    inner = endpoint.transport.ice
    assert inner is not None
    made = stage.conference.endpoints["a1b2c3d4"]
    assert (inner.ufrag, inner.pwd) == (made.credentials.ufrag, made.credentials.pwd)
    (host,) = inner.candidates
    assert (host.ip, host.port, host.type, host.protocol, host.component) == ("192.0.2.10", 10000, "host", "udp", 1)
    assert inner.fingerprints == (ice_udp.Fingerprint("sha-256", certificate().fingerprint[1], "actpass"),)
    assert inner.rtcp_mux
    (socket,) = inner.web_sockets
    address = f"wss://meet.example/colibri-ws/jvb/{stage.conference.public_id}/a1b2c3d4?pwd={made.password}"
    assert socket.url == address
    assert len(made.password) == 24
    assert made.ice.controlling


def test_feedback_sources_come_with_whatever_was_created_and_stay_the_same(stage: Stage) -> None:
    first = stage.ask(new("one"), create=True)
    second = stage.ask(new("two"))
    assert first.sources == second.sources
    assert [(each.type, each.id) for each in first.sources or ()] == [("audio", "jvb-a0"), ("video", "jvb-v0")]
    assert stage.ask(colibri2.Endpoint("two", force_mute=colibri2.ForceMute(audio=True))).sources is None


def test_an_id_with_odd_characters_is_escaped_in_the_channel_address(stage: Stage) -> None:
    (endpoint,) = stage.ask(new("a/b?c=ü"), create=True).endpoints
    assert endpoint.transport is not None and endpoint.transport.ice is not None
    assert "/a%2Fb%3Fc%3D%C3%BC?pwd=" in endpoint.transport.ice.web_sockets[0].url


def test_media_sources_and_mutes_reach_the_plane(stage: Stage) -> None:
    description = Description(
        (
            PayloadType(100, "VP8", 90000, 1, (), (("nack", ""), ("nack", "pli"))),
            PayloadType(96, "rtx", 90000, 1, (("apt", "100"),)),
            PayloadType(97, "rtx", 90000, 1, (("apt", "no"),)),
        ),
        (HeaderExtension(5, "transport-cc"),),
    )
    speech = Description((PayloadType(111, "opus", 48000, 2),), (HeaderExtension(1, LEVEL),))
    sources = (audio("x", 9), video("x", 1, 2, 3))
    stage.ask(
        new("x", audio=speech, video=description, sources=sources, force_mute=colibri2.ForceMute(video=True)),
        create=True,
    )
    key = stage.conference.endpoints["x"].key
    assert stage.plane.codecs[key] == [
        Codec(111, "opus", 48000, "audio"),
        Codec(100, "vp8", 90000, "video", None, frozenset({"nack", "nack pli"})),
        Codec(96, "rtx", 90000, "video", 100),
    ]
    assert stage.plane.extensions[key] == {LEVEL: 1, "transport-cc": 5}
    assert stage.plane.sources[key] == [
        Source("x-a0", "audio", (Encoding(9),)),
        Source("x-v0", "video", (Encoding(1, 1001), Encoding(2, 1002), Encoding(3, 1003))),
    ]
    assert stage.plane.mutes[key] == (False, True)


def test_sources_are_the_complete_list(stage: Stage) -> None:
    stage.ask(new("x", sources=(audio("x", 9), video("x", 1))), create=True)
    key = stage.conference.endpoints["x"].key
    stage.ask(colibri2.Endpoint("x", transport=colibri2.Transport()))
    assert len(stage.plane.sources[key]) == 2, "absent means unchanged"
    stage.ask(colibri2.Endpoint("x", sources=(video("x", 1),)))
    assert [each.name for each in stage.plane.sources[key]] == ["x-v0"]
    stage.ask(colibri2.Endpoint("x", sources=()))
    assert stage.plane.sources[key] == []


def test_a_source_of_nothing_but_repair_is_left_out(stage: Stage) -> None:
    odd = colibri2.MediaSource("video", "x-v0", (ssma.Source(5),), (ssma.SsrcGroup("FID", (5, 5)),))
    stage.ask(new("x", sources=(odd,)), create=True)
    assert stage.plane.sources[stage.conference.endpoints["x"].key] == []


def test_a_force_mute_is_the_complete_state(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    key = stage.conference.endpoints["x"].key
    stage.ask(colibri2.Endpoint("x", force_mute=colibri2.ForceMute(audio=True)))
    assert stage.plane.mutes[key] == (True, False)
    stage.ask(colibri2.Endpoint("x", force_mute=colibri2.ForceMute(video=True)))
    assert stage.plane.mutes[key] == (False, True)


def test_a_conference_that_exists_is_not_created_again(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    assert refusal(stage, new("y"), create=True)[:2] == ("conflict", "conference_already_exists")
    assert list(stage.conference.endpoints) == ["x"]


def test_an_unknown_conference(stage: Stage) -> None:
    assert refusal(stage, new("x"))[:2] == ("item-not-found", "conference_not_found")


def test_no_new_conference_in_a_graceful_shutdown(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    stage.bridge.graceful_shutdown = True
    stage.ask(new("y"))
    with pytest.raises(colibri2.ColibriError) as caught:
        stage.ask(new("z"), create=True, meeting_id="another")
    assert (caught.value.condition, caught.value.reason) == ("service-unavailable", "graceful_shutdown")


def test_an_unknown_endpoint_is_named(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    with pytest.raises(colibri2.ColibriError) as caught:
        stage.ask(colibri2.Endpoint("gone", sources=()))
    assert (caught.value.condition, caught.value.reason) == ("item-not-found", "unknown_endpoint")
    named = [each for each in caught.value.extensions if each.tag.endswith("endpoint")]
    assert named[0].get("id") == "gone"


def test_an_endpoint_that_exists_is_a_conflict_without_reason(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    before = stage.conference.endpoints["x"]
    assert refusal(stage, new("x"))[:2] == ("conflict", None)
    assert stage.conference.endpoints["x"] is before


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (new("x", transport=None), "an endpoint needs a transport when it is created"),
        (new("x", capabilities=frozenset()), "an endpoint must have the capability source-names"),
        (new("x" * 300), "an endpoint id of 300 characters is longer than 256"),
    ],
)
def test_what_a_new_endpoint_must_have(stage: Stage, wanted: colibri2.Endpoint, text: str) -> None:
    stage.ask(new("first"), create=True)
    assert refusal(stage, wanted) == ("bad-request", None, text)
    assert list(stage.conference.endpoints) == ["first"]


def test_a_conference_name_is_a_bare_address(stage: Stage) -> None:
    assert refusal(stage, new("x"), create=True, name="no address")[0] == "bad-request"
    assert refusal(stage, new("x"), create=True, name="room@host/nick")[0] == "bad-request"
    assert not stage.bridge.conferences


def test_ice_credentials_that_no_peer_may_have(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    bad = ice_udp.IceUdpTransport(ufrag="abc", pwd="p" * 22)
    condition, reason, text = refusal(stage, colibri2.Endpoint("x", transport=colibri2.Transport(ice=bad)))
    assert (condition, reason) == ("bad-request", None)
    assert "ufrag has 3 characters" in text


def test_connects_and_several_new_endpoints_are_not_offered(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    assert refusal(stage, new("y"), new("z"))[:2] == ("feature-not-implemented", "feature_not_implemented")
    export = Connect("wss://scribe.example/", "transcriber", audio=True)
    for wanted in (export, replace(export, id="transcriber", create=True)):
        refused = refusal(stage, connects=(wanted,))
        assert refused[:2] == ("feature-not-implemented", "feature_not_implemented"), "in both dialects"
    stage.ask(connects=())
    stage.ask(connects=(replace(export, id="transcriber", expire=True),))
    assert list(stage.conference.endpoints) == ["x"]


def test_a_batch_expires_and_mutes_and_forgives_who_is_gone(stage: Stage) -> None:
    for name in ("x", "y", "z"):
        stage.ask(new(name), create=name == "x")
    mute = colibri2.ForceMute(audio=True)
    answer = stage.ask(
        colibri2.Endpoint("x", expire=True),
        colibri2.Endpoint("nobody", expire=True),
        colibri2.Endpoint("y", force_mute=mute),
        colibri2.Endpoint("nobody-either", force_mute=mute),
    )
    assert [(each.id, each.expire) for each in answer.endpoints] == [
        ("x", True),
        ("nobody", True),
        ("y", False),
        ("nobody-either", False),
    ]
    assert set(stage.conference.endpoints) == {"y", "z"}
    assert stage.plane.mutes[stage.conference.endpoints["y"].key] == (True, False)


def test_the_conference_goes_with_its_last_endpoint(stage: Stage) -> None:
    stage.ask(new("x"), create=True)
    stage.ask(colibri2.Endpoint("x", expire=True))
    assert not stage.bridge.conferences
    assert not stage.plane.conferences
    assert refusal(stage, new("x"))[1] == "conference_not_found"


def test_expiring_the_conference_ends_everybody(stage: Stage) -> None:
    _, channel = stage.enter("x")
    stage.ask(expire=True)
    assert not stage.bridge.conferences
    assert stage.bridge.endpoint_count == 0
    assert channel.closed == (1001, "endpoint closed")


def test_an_endpoint_can_come_back_under_its_id(stage: Stage) -> None:
    stage.enter("x")
    stage.enter("y")
    stage.ask(colibri2.Endpoint("x", expire=True))
    stage.ask(new("x"))
    assert stage.bridge.endpoint_count == 2


def test_the_number_of_endpoints_is_bounded(stage: Stage) -> None:
    stage.bridge.max_endpoints = 1
    stage.ask(new("x"), create=True)
    assert refusal(stage, new("y"))[0] == "resource-constraint"


def test_a_visitor_has_no_sources_and_is_not_heard_on_the_channel(stage: Stage) -> None:
    _, channel = stage.enter("x")
    stage.ask(new("v", visitor=True))
    assert refusal(stage, colibri2.Endpoint("v", sources=(audio("v", 4),)))[:2] == ("bad-request", None)
    stage.ask(colibri2.Endpoint("v", sources=()))
    conference = stage.conference
    conference.message(conference.endpoints["v"], '{"colibriClass":"EndpointMessage","to":"","msgPayload":{}}', "1")
    assert channel.of("EndpointMessage") == []


def test_a_data_channel_is_refused_while_there_is_none(stage: Stage) -> None:
    wanted = new("x", transport=colibri2.Transport(sctp=colibri2.Sctp()))
    assert refusal(stage, wanted, create=True)[:2] == ("feature-not-implemented", None)


def test_a_data_channel_is_granted_on_port_5000_with_the_bridge_as_server(stage: Stage) -> None:
    asked: list[tuple[str, bool]] = []

    def open_data(conference: Conference, peer: Peer, *, opens: bool = False) -> None:
        assert conference is stage.conference
        asked.append((peer.id, opens))

    stage.bridge.on_data = open_data
    answer = stage.ask(new("x", transport=colibri2.Transport(sctp=colibri2.Sctp())), create=True)
    granted = answer.endpoints[0].transport
    assert granted is not None
    assert granted.sctp == colibri2.Sctp(5000, "server")
    assert granted.ice is not None
    assert granted.ice.web_sockets, "the web-socket is there in any case"
    assert asked == [("x", False)]
    for sctp, condition in (
        (colibri2.Sctp(role="client"), "feature-not-implemented"),
        (colibri2.Sctp(port=5001), "bad-request"),
    ):
        wanted = new("y", transport=colibri2.Transport(sctp=sctp))
        assert refusal(stage, wanted)[0] == condition


def test_the_initial_last_n_holds_until_the_client_asks(stage: Stage) -> None:
    stage.ask(new("x", initial_last_n=2), create=True)
    endpoint = stage.conference.endpoints["x"]
    assert endpoint.wishes.last_n == 2
    stage.conference.message(endpoint, '{"colibriClass":"LastNChangedEvent","lastN":7}', "1")
    stage.ask(colibri2.Endpoint("x", initial_last_n=3))
    assert endpoint.wishes.last_n == 7


def test_private_addresses_are_for_those_who_share_our_network(stage: Stage) -> None:
    stage.bridge.hosts = (
        HostAddress("192.168.4.7", 10000, (("198.51.100.9", 10000),), advertised=False, private=True),
    )
    there = frozenset({colibri2.SOURCE_NAMES, colibri2.PRIVATE_ADDRESSES})
    outside = stage.ask(new("one"), create=True, name=ROOM).endpoints[0].transport
    inside = stage.ask(new("two", capabilities=there)).endpoints[0].transport
    assert outside is not None and outside.ice is not None and inside is not None and inside.ice is not None
    assert [(each.ip, each.rel_addr) for each in outside.ice.candidates] == [("198.51.100.9", "0.0.0.0")]
    assert [(each.ip, each.rel_addr) for each in inside.ice.candidates] == [
        ("192.168.4.7", None), ("198.51.100.9", "192.168.4.7"),
    ]  # fmt: skip
