"""COLIBRI2 as JSON: the same requests as in XML, and answers as JVB writes them."""

import json
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.xmpp.stanzas import colibri2, colibri2_json, ice_udp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError

XML = """<conference-modify xmlns="jitsi:colibri2" meeting-id="beccf2ed" name="torture@conference.talk.example" create="true">
 <endpoint create="true" id="79f0273e" stats-id="Garett-w1o" muc-role="visitor">
  <capability name="source-names"/>
  <media type="audio">
   <payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" channels="2" name="red" id="112" clockrate="48000"><parameter value="111/111"/></payload-type>
   <payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" channels="2" name="opus" id="111" clockrate="48000">
    <parameter value="10" name="minptime"/><rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="transport-cc"/></payload-type>
   <rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" uri="urn:level" id="1"/>
   <extmap-allow-mixed xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"/>
  </media>
  <transport ice-controlling="true"><sctp/>
   <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="2ivqh1fv" pwd="1a5ejbent91k6io6a3fauikg22" ice-generation="2"><rtcp-mux/>
    <fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" setup="active" hash="sha-256">2E:CC</fingerprint>
    <candidate component="1" foundation="2" generation="0" id="c" network="0" priority="1694498815" protocol="udp" type="srflx" ip="198.51.100.1" port="10000" rel-addr="0.0.0.0" rel-port="9"/>
   </transport></transport>
  <sources><media-source type="video" id="79f0273e-v0">
   <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="1" name="79f0273e-v0" videoType="camera"/>
   <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="2"/>
   <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="1"/><source ssrc="2"/></ssrc-group>
  </media-source></sources>
  <force-mute audio="true" video="false"/><initial-last-n value="13"/>
 </endpoint>
 <connects><connect url="wss://scribe.example/" protocol="mediajson" type="transcriber" audio="true">
  <http-header name="Authorization" value="Bearer x"/><ping interval="10000" timeout="3000"/>
  <exports><export name="79f0273e-a0"/></exports></connect></connects>
 <relay id="lima" create="true" mesh-id="0"><transport use-unique-port="true"/>
  <endpoints><endpoint id="d4c3b2a1" expire="true"/></endpoints></relay>
</conference-modify>"""  # noqa: E501
JSON: dict[str, Any] = {
    "meeting-id": "beccf2ed", "name": "torture@conference.talk.example", "create": True, "rtcstats-enabled": False,
    "endpoints": [{
        "create": True, "id": "79f0273e", "stats-id": "Garett-w1o", "muc-role": "visitor",
        "capabilities": ["source-names"],
        "medias": [{
            "type": "audio",
            "payload-types": [
                {"name": "red", "id": "112", "channels": "2", "clockrate": "48000", "parameters": {"null": "111/111"}},
                {"name": "opus", "id": 111, "channels": 2, "clockrate": 48000, "parameters": {"minptime": "10"},
                 "rtcp-fbs": [{"type": "transport-cc"}]},
            ],
            "rtp-hdrexts": [{"uri": "urn:level", "id": 1}],
            "extmap-allow-mixed": True,
        }],
        "transport": {
            "ice-controlling": True, "sctp": {},
            "transport": {
                "xmlns": "urn:xmpp:jingle:transports:ice-udp:1", "ufrag": "2ivqh1fv",
                "pwd": "1a5ejbent91k6io6a3fauikg22", "ice-generation": 2, "rtcp-mux": True,
                "fingerprints": [{"fingerprint": "2E:CC", "hash": "sha-256", "setup": "active"}],
                "candidates": [{
                    "component": "1", "foundation": "2", "generation": "0", "id": "c", "network": "0",
                    "priority": "1694498815", "protocol": "udp", "type": "srflx", "ip": "198.51.100.1", "port": 10000,
                    "rel-addr": "0.0.0.0", "rel-port": "9",
                }],
            },
        },
        "sources": [{
            "type": "video", "id": "79f0273e-v0",
            "sources": [{"ssrc": 1, "name": "79f0273e-v0", "videoType": "camera"}, 2],
            "ssrc-groups": [{"semantics": "FID", "sources": [1, "2"]}],
        }],
        "force-mute": {"audio": True, "video": False}, "initial-last-n": {"value": 13},
    }],
    "connects": [{
        "url": "wss://scribe.example/", "protocol": "mediajson", "type": "transcriber", "audio": True,
        "headers": {"Authorization": "Bearer x"}, "ping": {"interval": 10000, "timeout": 3000},
        "exports": ["79f0273e-a0"],
    }],
    "relays": [{
        "id": "lima", "create": True, "mesh-id": "0", "transport": {"use-unique-port": True},
        "endpoints": [{"id": "d4c3b2a1", "expire": True}],
    }],
}  # fmt: skip


def test_both_forms_say_the_same() -> None:
    assert colibri2_json.parse_modify(JSON) == colibri2.parse_modify(fromstring(XML))


def test_the_address_names_the_meeting() -> None:
    assert colibri2_json.parse_modify({"expire": True}, "m") == colibri2.ConferenceModify("m", expire=True)


def test_golden_answer() -> None:
    candidate = ice_udp.Candidate("h0", 1, "udp", 7, "198.51.100.1", 10000, "host", id="host-0")
    ice = ice_udp.IceUdpTransport(
        "u", "p", (candidate,), (ice_udp.Fingerprint("sha-256", "2E:CC", "actpass"),),
        (ice_udp.WebSocket("wss://talk.example/colibri-ws/j/c/e?pwd=x"),), True, 1,
    )  # fmt: skip
    answer = colibri2.ConferenceModified(
        (colibri2.Endpoint("e", transport=colibri2.Transport(ice, sctp=colibri2.Sctp(5000, "server"))),
         colibri2.Endpoint("gone", expire=True)),
        (colibri2.MediaSource("audio", "jvb-a0", (ssma.Source(9, "jvb-a0"),)),),
        (colibri2.Relay("lima"),),
    )  # fmt: skip
    assert json.loads(json.dumps(colibri2_json.build_modified(answer))) == {
        "endpoints": [
            {"id": "e", "transport": {
                "transport": {
                    "xmlns": "urn:xmpp:jingle:transports:ice-udp:1", "ufrag": "u", "pwd": "p", "ice-generation": 1,
                    "rtcp-mux": True,
                    "fingerprints": [{"fingerprint": "2E:CC", "hash": "sha-256", "setup": "actpass"}],
                    "candidates": [{
                        "component": "1", "foundation": "h0", "generation": "0", "id": "host-0", "network": "0",
                        "priority": "7", "protocol": "udp", "type": "host", "ip": "198.51.100.1", "port": "10000",
                    }],
                    "web-sockets": ["wss://talk.example/colibri-ws/j/c/e?pwd=x"],
                },
                "sctp": {"port": 5000, "role": "server"},
            }},
            {"id": "gone", "expire": True},
        ],
        "relays": [{"id": "lima"}],
        "sources": [{"type": "audio", "id": "jvb-a0", "sources": [{"ssrc": 9, "name": "jvb-a0"}]}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([], "the request must be an object"),
        ({"meeting-id": "m", "create": "true"}, "create must be true or false"),
        ({"meeting-id": 5}, "meeting-id must be a text"),
        ({"meeting-id": "m", "endpoints": {}}, "endpoints must be a list"),
        ({"meeting-id": "m", "endpoints": [5]}, "an endpoint must be an object"),
        ({"meeting-id": "m", "endpoints": [{"id": "x", "capabilities": [1]}]}, "a capability must be a text"),
        ({"meeting-id": "m", "endpoints": [{"id": "x", "initial-last-n": {"value": True}}]}, "must be a number"),
        ({}, "lacks the attribute 'meeting-id'"),
    ],
)
def test_what_is_no_request(body: object, says: str) -> None:
    with pytest.raises(StanzaError, match=says):
        colibri2_json.parse_modify(body)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({
        "endpoints", "relays", "connects", "id", "transport", "sources", "medias", "payload-types", "parameters",
        "rtcp-fbs", "rtp-hdrexts", "candidates", "fingerprints", "sctp", "force-mute", "initial-last-n", "value",
        "capabilities", "headers", "ping", "exports", "ssrc-groups", "create", "type", "url",
    })), inner, max_size=4),
    max_leaves=25,
)  # fmt: skip


@given(NESTED)
def test_any_json_is_read_or_refused(body: object) -> None:
    try:
        colibri2_json.parse_modify(body, "m")
    except StanzaError as error:
        assert error.condition == "bad-request"
