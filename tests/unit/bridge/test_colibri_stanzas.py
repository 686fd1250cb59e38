"""COLIBRI2, bridge statistics and health checks as XML: golden requests, answers and errors, both ways."""

from xml.etree.ElementTree import canonicalize, fromstring, tostring

import pytest

from pyjitsi.xmpp.replies import build_error, parse_error
from pyjitsi.xmpp.stanzas import colibri, colibri2, connects, healthcheck, ice_udp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle_rtp import Description, HeaderExtension, PayloadType
from pyjitsi.xmpp.stanzas.xml import Element
from tests.unit.stanzas import golden

DIGEST = ":".join(f"{byte:02X}" for byte in range(32))

CREATE = """
<conference-modify xmlns="jitsi:colibri2" meeting-id="7d1f" name="tuesday@conference.meet.example" create="true">
  <endpoint id="4c0ffee1" create="true" stats-id="Elm-3kQ">
    <capability name="source-names"/>
    <media type="audio">
      <payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="111" name="opus" clockrate="48000" channels="2">
        <parameter name="minptime" value="10"/>
        <rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="transport-cc"/>
      </payload-type>
      <rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="1" uri="urn:ietf:params:rtp-hdrext:ssrc-audio-level"/>
      <extmap-allow-mixed xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"/>
    </media>
    <media type="video">
      <payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="100" name="VP8" clockrate="90000">
        <rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack" subtype="pli"/>
      </payload-type>
      <payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="96" name="rtx" clockrate="90000">
        <parameter name="apt" value="100"/>
      </payload-type>
    </media>
    <transport ice-controlling="true"><sctp/></transport>
    <sources/>
  </endpoint>
</conference-modify>
"""  # noqa: E501
CREATED = colibri2.ConferenceModify(
    meeting_id="7d1f",
    name="tuesday@conference.meet.example",
    create=True,
    endpoints=(
        colibri2.Endpoint(
            id="4c0ffee1",
            create=True,
            stats_id="Elm-3kQ",
            capabilities=frozenset({"source-names"}),
            audio=Description(
                (PayloadType(111, "opus", 48000, 2, (("minptime", "10"),), (("transport-cc", ""),)),),
                (HeaderExtension(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),),
                True,
            ),
            video=Description(
                (
                    PayloadType(100, "VP8", 90000, 1, (), (("nack", "pli"),)),
                    PayloadType(96, "rtx", 90000, 1, (("apt", "100"),)),
                )
            ),
            transport=colibri2.Transport(ice_controlling=True, sctp=colibri2.Sctp()),
            sources=(),
        ),
    ),
)

UPDATE = f"""
<conference-modify xmlns="jitsi:colibri2" meeting-id="7d1f">
  <endpoint id="4c0ffee1">
    <transport>
      <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="h3Lo" pwd="a-password-of-22-and-more">
        <rtcp-mux/>
        <fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="active" required="false">{DIGEST}</fingerprint>
      </transport>
    </transport>
    <sources>
      <media-source type="video" id="4c0ffee1-v0">
        <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="101" name="4c0ffee1-v0" videoType="camera"/>
        <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="102"/>
        <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="SIM">
          <source ssrc="101"/><source ssrc="102"/>
        </ssrc-group>
      </media-source>
    </sources>
    <force-mute audio="true" video="false"/>
    <initial-last-n value="20"/>
  </endpoint>
</conference-modify>
"""  # noqa: E501
UPDATED = colibri2.ConferenceModify(
    meeting_id="7d1f",
    endpoints=(
        colibri2.Endpoint(
            id="4c0ffee1",
            transport=colibri2.Transport(
                ice=ice_udp.IceUdpTransport(
                    ufrag="h3Lo",
                    pwd="a-password-of-22-and-more",
                    fingerprints=(ice_udp.Fingerprint("sha-256", DIGEST, "active"),),
                    rtcp_mux=True,
                )
            ),
            sources=(
                colibri2.MediaSource(
                    "video",
                    "4c0ffee1-v0",
                    (ssma.Source(101, "4c0ffee1-v0", video_type="camera"), ssma.Source(102)),
                    (ssma.SsrcGroup("SIM", (101, 102)),),
                ),
            ),
            force_mute=colibri2.ForceMute(audio=True),
            initial_last_n=20,
        ),
    ),
)

BATCH = """
<conference-modify xmlns="jitsi:colibri2" meeting-id="7d1f" expire="true">
  <endpoint id="one" expire="true"/>
  <endpoint id="two" muc-role="visitor"/>
</conference-modify>
"""
BATCHED = colibri2.ConferenceModify(
    "7d1f", expire=True, endpoints=(colibri2.Endpoint("one", expire=True), colibri2.Endpoint("two", visitor=True))
)

ANSWER = f"""
<conference-modified xmlns="jitsi:colibri2">
  <endpoint id="4c0ffee1">
    <transport>
      <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="bR1dge" pwd="the-bridges-password-22">
        <rtcp-mux/>
        <fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="actpass" required="false">{DIGEST}</fingerprint>
        <candidate component="1" foundation="h0" generation="0" id="host-0" network="0" priority="2130706431" protocol="udp" type="host" ip="198.51.100.20" port="10000"/>
        <candidate component="1" foundation="s0" generation="0" id="srflx-0" network="0" priority="1694498815" protocol="udp" type="srflx" ip="203.0.113.9" port="10000" rel-addr="198.51.100.20" rel-port="10000"/>
        <web-socket xmlns="http://jitsi.org/protocol/colibri" url="wss://meet.example/colibri-ws/jvb/5d9e/4c0ffee1?pwd=x"/>
      </transport>
      <sctp port="5000" role="server"/>
    </transport>
  </endpoint>
  <endpoint id="gone" expire="true"/>
  <sources>
    <media-source type="audio" id="jvb-a0"><source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="7711" name="jvb-a0"/></media-source>
  </sources>
</conference-modified>
"""  # noqa: E501
ANSWERED = colibri2.ConferenceModified(
    endpoints=(
        colibri2.Endpoint(
            "4c0ffee1",
            transport=colibri2.Transport(
                ice=ice_udp.IceUdpTransport(
                    "bR1dge",
                    "the-bridges-password-22",
                    (
                        ice_udp.Candidate(
                            "h0", 1, "udp", 2130706431, "198.51.100.20", 10000, "host", id="host-0"
                        ),
                        ice_udp.Candidate(
                            "s0", 1, "udp", 1694498815, "203.0.113.9", 10000, "srflx", id="srflx-0",
                            rel_addr="198.51.100.20", rel_port=10000,
                        ),
                    ),
                    (ice_udp.Fingerprint("sha-256", DIGEST, "actpass"),),
                    (ice_udp.WebSocket("wss://meet.example/colibri-ws/jvb/5d9e/4c0ffee1?pwd=x"),),
                    rtcp_mux=True,
                ),
                sctp=colibri2.Sctp(5000, "server"),
            ),
        ),
        colibri2.Endpoint("gone", expire=True),
    ),
    sources=(colibri2.MediaSource("audio", "jvb-a0", (ssma.Source(7711, "jvb-a0"),)),),
)  # fmt: skip


def canonical(element: Element | str) -> str:
    text = element if isinstance(element, str) else tostring(element, "unicode")
    return canonicalize(text, strip_text=True, rewrite_prefixes=True)


@pytest.mark.parametrize(("text", "request_"), [(CREATE, CREATED), (UPDATE, UPDATED), (BATCH, BATCHED)])
def test_golden_requests(text: str, request_: colibri2.ConferenceModify) -> None:
    assert colibri2.parse_modify(fromstring(text)) == request_
    assert canonical(colibri2.build_modify(request_)) == canonical(text)


def test_golden_answer() -> None:
    assert colibri2.parse_modified(fromstring(ANSWER)) == ANSWERED
    assert canonical(colibri2.build_modified(ANSWERED)) == canonical(ANSWER)


def test_what_jicofo_may_add_is_skipped() -> None:
    element = fromstring(CREATE)
    element.append(Element("{jitsi:opentelemetry}traceparent", trace_id="1", parent_id="2", trace_flags="01"))
    element[0].append(Element(f"{{{colibri2.NS}}}capability", name="ssrc-rewriting"))
    (endpoint,) = colibri2.parse_modify(element).endpoints
    assert endpoint.capabilities == {"source-names", "ssrc-rewriting"}


OLDER = """<connects xmlns="jitsi:colibri2">
 <connect url="wss://scribe.example/" protocol="mediajson" type="recorder" audio="true"/>
</connects>"""


@pytest.mark.parametrize("text", [golden.CONNECTS, OLDER, '<connects xmlns="jitsi:colibri2"/>'])
def test_golden_connects_in_both_dialects(text: str) -> None:
    found = connects.parse(fromstring(text))
    assert canonical(connects.build(found)) == canonical(text)
    assert connects.is_older(found) == (text != golden.CONNECTS)
    request = colibri2.ConferenceModify("m", connects=found)
    assert colibri2.parse_modify(colibri2.build_modify(request)) == request


def test_a_header_can_not_become_two() -> None:
    element = fromstring(golden.CONNECTS)
    element[0][0].set("value", "Bearer x\r\nHost: elsewhere")
    assert connects.parse(element)[0].headers == (("Authorization", "Bearer xHost: elsewhere"),)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('url="wss:', 'url="http:', "is not ws: or wss:"),
        ('protocol="mediajson"', 'protocol="rtp"', "is mediajson"),
        ('type="translator"', 'type="spy"', "type 'spy' is not one of"),
        ('name="Authorization"', 'name="A: b"', "is no name of an HTTP header"),
        ('interval="10000"', 'interval="0"', "outside 1"),
        ('id="transcriber" ', "", "some connects have an id and some have none"),
    ],
)
def test_connects_that_are_none(old: str, new: str, says: str) -> None:
    with pytest.raises(StanzaError, match=says):
        connects.parse(fromstring(golden.CONNECTS.replace(old, new)))


RELAY = """<conference-modify xmlns="jitsi:colibri2" meeting-id="m">
 <relay id="bridge-lima-1" mesh-id="0" create="true">
  <media type="audio"><payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="111" name="opus" clockrate="48000" channels="2"/></media>
  <media type="video"><payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="100" name="VP8" clockrate="90000"/></media>
  <transport use-unique-port="true" ice-controlling="true"><sctp role="client"/></transport>
  <endpoints>
   <endpoint id="d4c3b2a1" create="true" stats-id="Nova-2Lk"><capability name="source-names"/>
    <sources><media-source type="audio" id="d4c3b2a1-a0"><source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="4440001" name="d4c3b2a1-a0"/></media-source></sources>
   </endpoint>
   <endpoint id="0f0e0d0c" expire="true"/>
  </endpoints>
 </relay>
</conference-modify>"""  # noqa: E501


def test_a_relay_as_jicofo_writes_it() -> None:
    (relay,) = colibri2.parse_modify(fromstring(RELAY)).relays
    assert (relay.id, relay.mesh_id, relay.create, relay.expire) == ("bridge-lima-1", "0", True, False)
    assert relay.transport == colibri2.Transport(
        ice_controlling=True, use_unique_port=True, sctp=colibri2.Sctp(role="client")
    )
    assert relay.audio is not None
    assert relay.video is not None
    there, gone = relay.endpoints
    assert (there.id, there.create, there.stats_id) == ("d4c3b2a1", True, "Nova-2Lk")
    assert there.sources is not None
    assert there.sources[0].sources[0].ssrc == 4440001
    assert (gone.id, gone.expire, gone.sources) == ("0f0e0d0c", True, None)
    again = colibri2.parse_modify(colibri2.build_modify(colibri2.ConferenceModify("m", relays=(relay,))))
    assert again.relays == (relay,)


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<endpoint/>", "<endpoint> lacks the attribute 'id'"),
        ('<endpoint id="x"><media type="smell"/></endpoint>', "media type 'smell' is not audio or video"),
        ('<endpoint id="x"><media/></endpoint>', "<media> lacks the attribute 'type'"),
        ('<endpoint id="x"><capability/></endpoint>', "<capability> lacks the attribute 'name'"),
        ('<endpoint id="x"><initial-last-n/></endpoint>', "<initial-last-n> lacks the attribute 'value'"),
        ('<endpoint id="x"><initial-last-n value="all"/></endpoint>', "value='all'> is no integer"),
        ('<endpoint id="x"><transport><sctp port="70000"/></transport></endpoint>', "outside 0 to 65535"),
        ('<endpoint id="x"><sources><media-source id="s"/></sources></endpoint>', "lacks the attribute 'type'"),
        ('<endpoint id="x"><sources><media-source type="audio"/></sources></endpoint>', "lacks the attribute 'id'"),
        (
            '<endpoint id="x"><sources><media-source type="data" id="s"/></sources></endpoint>',
            "media-source type 'data' is not audio or video",
        ),
        (
            '<endpoint id="x"><sources><media-source type="audio" id="s"><source ssrc="4294967296" '
            'xmlns="urn:xmpp:jingle:apps:rtp:ssma:0"/></media-source></sources></endpoint>',
            "outside 0 to 4294967295",
        ),
        ("<endpoint id='x' expire='true'/>" * 1001, "1001 endpoints in one request are more than 1000"),
    ],
)
def test_what_is_no_request(inside: str, says: str) -> None:
    element = fromstring(f'<conference-modify xmlns="jitsi:colibri2" meeting-id="m">{inside}</conference-modify>')
    with pytest.raises(StanzaError, match=says) as caught:
        colibri2.parse_modify(element)
    assert caught.value.condition == "bad-request"


def test_a_request_names_its_meeting() -> None:
    with pytest.raises(StanzaError, match="lacks the attribute 'meeting-id'"):
        colibri2.parse_modify(fromstring('<conference-modify xmlns="jitsi:colibri2"/>'))


def test_ten_thousand_ssrcs_are_refused() -> None:
    source = '<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="1"/>'
    text = f'<media-source type="video" id="x">{source * 10_000}</media-source>'
    request = f'<endpoint id="x"><sources>{text}</sources></endpoint>'
    element = fromstring(f'<conference-modify xmlns="jitsi:colibri2" meeting-id="m">{request}</conference-modify>')
    with pytest.raises(StanzaError, match="10000 sources are more than 256"):
        colibri2.parse_modify(element)


GOLDEN_ERROR = """
<error xmlns="jabber:client" type="cancel">
  <item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
  <text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">no such endpoint</text>
  <error xmlns="jitsi:colibri2" reason="unknown_endpoint"/>
  <endpoint xmlns="jitsi:colibri2" id="4c0ffee1"/>
</error>
"""


def test_golden_error_both_ways() -> None:
    error = colibri2.ColibriError("item-not-found", "no such endpoint", "unknown_endpoint", "4c0ffee1")
    assert canonical(build_error(error)) == canonical(GOLDEN_ERROR)
    iq = Element("{jabber:client}iq", type="error")
    iq.append(fromstring(GOLDEN_ERROR))
    received = parse_error(iq)
    assert received.condition == "item-not-found"
    assert colibri2.parse_error(received.error) == colibri2.ErrorDetail(True, "unknown_endpoint", "4c0ffee1")


def test_an_error_of_the_room_is_none_of_the_bridges() -> None:
    text = '<error xmlns="jabber:client" type="cancel"/>'
    assert colibri2.parse_error(fromstring(text)) == colibri2.ErrorDetail(False, None, None)
    assert colibri2.parse_error(None) == colibri2.ErrorDetail(False, None, None)


def test_a_reason_in_capitals_and_none_at_all() -> None:
    for attribute, reason in (('reason="CONFERENCE_NOT_FOUND"', "conference_not_found"), ("", "unspecified")):
        element = fromstring(f'<error xmlns="jabber:client"><error xmlns="jitsi:colibri2" {attribute}/></error>')
        assert colibri2.parse_error(element).reason == reason


STATS = """
<stats xmlns="http://jitsi.org/protocol/colibri">
  <stat name="stress_level" value="0.21"/>
  <stat name="drain" value="false"/>
</stats>
"""


def test_golden_statistics() -> None:
    assert canonical(colibri.build_stats({"stress_level": "0.21", "drain": "false"})) == canonical(STATS)
    presence = Element("{jabber:client}presence")
    assert colibri.parse_stats(presence) is None
    presence.append(fromstring(STATS))
    assert colibri.parse_stats(presence) == {"stress_level": "0.21", "drain": "false"}


def test_golden_health_check() -> None:
    assert canonical(healthcheck.build()) == canonical('<healthcheck xmlns="http://jitsi.org/protocol/healthcheck"/>')
