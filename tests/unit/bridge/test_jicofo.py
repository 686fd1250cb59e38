"""A conference as a real Jicofo writes it: several requests on their way at once, and elements that only it sends."""

from xml.etree.ElementTree import Element, fromstring, tostring

import pytest

from pyjitsi.bridge.colibri import modify
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.peer import Peer
from pyjitsi.xmpp.stanzas import colibri2
from tests.unit.bridge.conftest import MEETING, ROOM, Stage

C2 = f"{{{colibri2.NS}}}"
TRACE = '<traceparent xmlns="jitsi:opentelemetry" trace-id="1" parent-id="2" trace-flags="01"/>'
PAYLOADS = """<media type="audio">
 <payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="111" name="opus" clockrate="48000" channels="2">
  <parameter name="minptime" value="10"/><rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="transport-cc"/>
 </payload-type>
 <rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="1" uri="urn:ietf:params:xml:ns:rtp-hdrext:level"/>
 <extmap-allow-mixed xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"/>
</media>"""


def request(inside: str, *, create: bool = False) -> str:
    """A conference-modify about the meeting."""
    made = f' name="{ROOM}" create="true" rtcstats-enabled="false"' if create else ""
    return f'<conference-modify xmlns="{colibri2.NS}" meeting-id="{MEETING}"{made}>{inside}{TRACE}</conference-modify>'


def endpoint(identity: str, *, sctp: str = "<sctp/>") -> str:
    """A new endpoint."""
    return f"""<endpoint id="{identity}" create="true" stats-id="Ada-x7" muc-role="participant">
     <capability name="source-names"/><capability name="ssrc-rewriting"/><capability name="something-new"/>
     {PAYLOADS}<transport ice-controlling="true">{sctp}</transport><sources/><something-newer xmlns="jitsi:later"/>
    </endpoint>"""


@pytest.fixture
def jicofo(stage: Stage) -> "Jicofo":
    return Jicofo(stage)


def open_data(conference: Conference, peer: Peer, *, opens: bool = False) -> None:
    """A bridge that has data channels."""


class Jicofo:
    """Sends text, reads text."""

    def __init__(self, stage: Stage) -> None:
        stage.bridge.on_data = open_data
        stage.bridge.relay_id = "bridge-oslo-1"
        self._stage: Stage = stage

    def asks(self, text: str) -> Element:
        """The bridge's answer as it is on the wire."""
        answer = modify(self._stage.bridge, colibri2.parse_modify(fromstring(text)), self._stage.now)
        return fromstring(tostring(colibri2.build_modified(answer), "unicode"))


def test_what_comes_before_the_first_answer_is_carried_out_in_order(stage: Stage, jicofo: Jicofo) -> None:
    pipelined = [
        request(endpoint("a1b2c3d4"), create=True),
        request(endpoint("b2c3d4e5")),
        request('<endpoint id="a1b2c3d4"><sources/></endpoint>'),
        request('<endpoint id="a1b2c3d4" expire="true"/><endpoint id="nobody" expire="true"/>'),
        request(endpoint("a1b2c3d4")),
    ]
    answers = [jicofo.asks(text) for text in pipelined]
    assert [[each.get("id") for each in answer.iter(f"{C2}endpoint")] for answer in answers] == [
        ["a1b2c3d4"], ["b2c3d4e5"], ["a1b2c3d4"], ["a1b2c3d4", "nobody"], ["a1b2c3d4"],
    ]  # fmt: skip
    assert list(stage.conference.endpoints) == ["b2c3d4e5", "a1b2c3d4"]


def test_every_new_endpoint_gets_all_that_jicofo_reads(jicofo: Jicofo) -> None:
    for answer in (jicofo.asks(request(endpoint("one"), create=True)), jicofo.asks(request(endpoint("two")))):
        (fingerprint,) = answer.iter("{urn:xmpp:jingle:apps:dtls:0}fingerprint")
        assert fingerprint.get("setup") == "actpass"
        (sctp,) = answer.iter(f"{C2}sctp")
        assert sctp.attrib == {"port": "5000", "role": "server"}
        sources = answer.find(f"{C2}sources")
        assert sources is not None
        assert [each.get("id") for each in sources] == ["jvb-a0", "jvb-v0"]


def test_relayed_endpoints_may_have_capabilities_and_no_sources(stage: Stage, jicofo: Jicofo) -> None:
    jicofo.asks(request(endpoint("one"), create=True))
    jicofo.asks(
        request(f"""<relay id="bridge-lima-1" mesh-id="0" create="true">{PAYLOADS}
         <transport use-unique-port="false" ice-controlling="true"><sctp role="client"/></transport>
         <endpoints><endpoint id="d4c3b2a1" create="true" stats-id="Nova">
          <capability name="source-names"/><capability name="ssrc-rewriting"/><sources/></endpoint>
         </endpoints></relay>""")
    )
    (relay,) = stage.conference.relays
    assert list(relay.endpoints) == ["d4c3b2a1"]
    answer = jicofo.asks(
        request('<relay id="bridge-lima-1"><endpoints><endpoint id="d4c3b2a1" expire="true"/></endpoints></relay>')
    )
    assert not relay.endpoints
    assert [each.get("id") for each in answer.iter(f"{C2}relay")] == ["bridge-lima-1"]
    jicofo.asks(request('<relay id="bridge-lima-1" expire="true"/>'))
    assert not len(stage.conference.relays)


def test_all_are_muted_in_one_request(stage: Stage, jicofo: Jicofo) -> None:
    jicofo.asks(request(endpoint("one"), create=True))
    jicofo.asks(request(endpoint("two")))
    mutes = "".join(
        f'<endpoint id="{each}"><force-mute audio="true" video="false"/></endpoint>' for each in ("one", "two", "gone")
    )
    jicofo.asks(request(mutes))
    assert list(stage.plane.mutes.values()) == [(True, False)] * 2


def test_no_connects_are_an_empty_list(jicofo: Jicofo) -> None:
    jicofo.asks(request(endpoint("one") + "<connects/>", create=True))
