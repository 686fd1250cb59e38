"""Fuzz: whatever another bridge says on a relay channel is a message or a MessageError; clients read only JSON."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pyjitsi.bridge.messages import MessageError
from pyjitsi.bridge.relay_messages import parse
from pyjitsi.xmpp.stanzas import colibri2
from tests.fuzz.test_fuzz_channel import junk, message, values
from tests.unit.bridge.conftest import Stage, video
from tests.unit.bridge.fakes import FakeChannel

CLASSES = ("AddReceiver", "SourceVideoTypeMessage", "EndpointMessage", "EndpointStats", "ServerHello", "ClientHello",
           "EndpointConnectivityStatusChangeEvent", "Unknown")  # fmt: skip
FIELDS = ("bridgeId", "sourceName", "videoConstraints", "maxHeight", "videoType", "endpointId", "to", "from",
          "endpoint", "active")  # fmt: skip
VALUES = values | st.sampled_from(["ada", "ada-v0", "one-v0", "one", "true", "desktop"])


shaped = st.builds(message, st.sampled_from(CLASSES), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5))


@given(shaped | junk | st.text())
@settings(max_examples=300)
def test_any_text_is_a_message_or_refused(text: str) -> None:
    try:
        parse(text)
    except MessageError as error:
        assert error.reason in ("json", "no-class", "duplicate-key", "field", "too-long")


@given(st.lists(shaped, max_size=5))
@settings(max_examples=100, deadline=None)
def test_our_own_people_go_on(texts: list[str]) -> None:
    stage = Stage()
    stage.bridge.relay_id = "oslo"
    _, said = stage.enter("one", video("one", 1))
    behind = colibri2.Endpoint("ada", create=True, sources=(video("ada", 5),))
    link = colibri2.Relay("lima", create=True, mesh_id="0", transport=colibri2.Transport(), endpoints=(behind,))
    stage.ask(relays=(link,))
    relay = stage.conference.relays.by_id["lima"]
    relay.opened(FakeChannel())
    for text in texts:
        try:
            stage.conference.relay_message(relay, text, "1")
        except MessageError:
            pass
        stage.now += 1
        stage.bridge.tick(stage.now)
    assert stage.bridge.faults == 0
    assert list(stage.conference.endpoints) == ["one"]
    assert list(relay.endpoints) == ["ada"]
    for each in said.said:
        assert each.get("from", "ada") == "ada"
        json.dumps(each, allow_nan=False)
