"""Golden stanzas: what is built from what was read is the same again, and values stand where the wire has them."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from pyjitsi.xmpp.stanzas import colibri2, conference, disco, ice_udp, jingle, json_sources, presence
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.unit.stanzas import golden

ROUND: dict[str, tuple[Callable[[Element], Any], Callable[[Any], Element]]] = {
    golden.TRANSPORT: (ice_udp.parse, ice_udp.build),
    golden.INITIATE: (jingle.parse, jingle.build),
    golden.TERMINATE: (jingle.parse, jingle.build),
    golden.MODIFY.replace('<relay id="two"/><connects/>', ""): (colibri2.parse_modify, colibri2.build_modify),
}


@pytest.mark.parametrize("text", ROUND)
def test_what_is_built_is_read_the_same(text: str) -> None:
    parse, build = ROUND[text]
    value = parse(fromstring(text))
    assert parse(build(value)) == value


def test_jingle_has_its_parts() -> None:
    offer, end = jingle.parse(fromstring(golden.INITIATE)), jingle.parse(fromstring(golden.TERMINATE))
    assert (offer.action, offer.sid, offer.group, offer.start_muted) == (
        "session-initiate", "5e55", ("audio", "data"), (True, False)
    )  # fmt: skip
    assert [content.sctp for content in offer.contents] == [False, True]
    assert (end.reason, end.reason_text) == ("connectivity-error", "ICE FAILED")
    assert end.bridge_session == jingle.BridgeSession("b-1", None, True, True)


def test_compact_sources_are_read_and_written_the_same() -> None:
    assert json_sources.build(json_sources.parse(golden.JSON_SOURCES)) == golden.JSON_SOURCES


def test_presence_request_and_features_have_their_parts() -> None:
    ada = presence.parse(fromstring(golden.PRESENCE))
    assert (ada.jid, ada.affiliation, ada.caps) == ("ada@meet.example/tab", "owner", "https://app.example#v1=")
    assert ada.sources["ada-v1"] == presence.SourceState(True, "desktop")
    request = conference.parse(fromstring(golden.CONFERENCE))
    assert (request.room, request.properties) == ("tea@conference.meet.example", {"startAudioMuted": "9", "empty": ""})
    assert disco.parse_features(fromstring(golden.DISCO)) == {disco.TCC, disco.RTX}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('sid="5e55"', "", "<jingle> lacks the attribute 'sid'"),
        ('ssrc="22"', 'ssrc="x"', "<source ssrc='x'> is no integer"),
        ('id="111"', 'id="128"', "<payload-type id=128> is outside 0 to 127"),
    ],
)
def test_errors_name_what_was_wrong(old: str, new: str, text: str) -> None:
    with pytest.raises(StanzaError) as caught:
        jingle.parse(fromstring(golden.INITIATE.replace(old, new)))
    assert (caught.value.condition, caught.value.text) == ("bad-request", text)


def test_a_session_info_that_says_that_ice_failed() -> None:
    text = """<jingle xmlns="urn:xmpp:jingle:1" action="session-info" sid="s">
      <ice-state xmlns="http://jitsi.org/protocol/focus">failed</ice-state>
      <bridge-session xmlns="http://jitsi.org/protocol/focus" id="b-1"/></jingle>"""
    info = jingle.parse(fromstring(text))
    assert (info.action, info.ice_failed, info.bridge_session) == ("session-info", True, jingle.BridgeSession("b-1"))
