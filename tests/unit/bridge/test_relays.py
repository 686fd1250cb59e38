"""A bridge with relays as its focus, its clients and the other bridge see it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pyjitsi.bridge import relay_messages
from pyjitsi.bridge.messages import MessageError
from pyjitsi.bridge.plane.api import OFF, LayerInfo
from pyjitsi.bridge.relay import Relay
from pyjitsi.bridge.relays import EVERYTHING, ceiling, tallest
from pyjitsi.xmpp.stanzas import colibri2
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.unit.bridge.conftest import Stage, audio, video
from tests.unit.bridge.fakes import FakeChannel

LAYERS = tuple(LayerInfo(index << 6 | 2, 180 << index, 30.0, 1e5) for index in range(3))


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.bridge.relay_id = "oslo"
    return made


def relay(stage: Stage, wanted: colibri2.Relay) -> colibri2.Relay:
    """A request about a relay."""
    return stage.ask(relays=(wanted,)).relays[0]


def behind(identity: str, *sources: colibri2.MediaSource, **fields: Any) -> colibri2.Endpoint:
    """Somebody on another bridge."""
    return replace(colibri2.Endpoint(identity, create=True, sources=sources), **fields)


def linked(stage: Stage, name: str = "lima", mesh: str = "0", *people: colibri2.Endpoint) -> tuple[Relay, FakeChannel]:
    """A relay with an open channel."""
    transport = colibri2.Transport()
    relay(stage, colibri2.Relay(name, create=True, mesh_id=mesh, transport=transport, endpoints=people))
    found = stage.conference.relays.by_id[name]
    channel = FakeChannel()
    found.opened(channel)
    stage.conference.relay_opened(found, "1.0", hello=True)
    return found, channel


def test_the_answer_to_a_new_relay_lets_the_other_side_choose_its_dtls_role(stage: Stage) -> None:
    stage.bridge.relay_websocket_base = "wss://meet.example/colibri-relay-ws/oslo"
    stage.enter("one")
    answer = relay(stage, colibri2.Relay("lima", create=True, transport=colibri2.Transport()))
    assert answer.transport is not None
    ice = answer.transport.ice
    assert ice is not None
    assert [each.setup for each in ice.fingerprints] == ["actpass"]
    assert ice.web_sockets[0].url.startswith(
        f"wss://meet.example/colibri-relay-ws/oslo/{stage.conference.public_id}/lima?pwd="
    )
    assert [(each.ip, each.port) for each in ice.candidates] == [("192.0.2.10", 10000)]


@pytest.mark.parametrize(
    ("wanted", "condition", "text"),
    [
        (colibri2.Relay("lima", transport=colibri2.Transport()), "bad-request", "no relay 'lima'"),
        (colibri2.Relay("lima", create=True), "bad-request", "needs a transport"),
        (
            colibri2.Relay("lima", create=True, transport=colibri2.Transport(sctp=colibri2.Sctp())),
            "feature-not-implemented", "no data channel",
        ),
        (colibri2.Relay("x" * 300, create=True, transport=colibri2.Transport()), "bad-request", "300 characters"),
    ],
)  # fmt: skip
def test_a_relay_that_can_not_be_made(stage: Stage, wanted: colibri2.Relay, condition: str, text: str) -> None:
    stage.enter("one")
    with pytest.raises(StanzaError, match=text) as refused:
        relay(stage, wanted)
    assert refused.value.condition == condition


def test_a_bridge_without_relay_id_has_no_relays_and_one_relay_is_made_once(stage: Stage) -> None:
    stage.enter("one")
    linked(stage)
    with pytest.raises(StanzaError, match="exists"):
        linked(stage)
    assert relay(stage, colibri2.Relay("never", expire=True)) == colibri2.Relay("never", expire=True)
    stage.bridge.relay_id = None
    with pytest.raises(StanzaError, match="no relay_id"):
        linked(stage, "rome")
    with pytest.raises(colibri2.ColibriError, match="no endpoints beside it"):
        stage.ask(colibri2.Endpoint("one"), relays=(colibri2.Relay("lima"),))


def test_what_is_watched_here_is_asked_of_the_other_bridge_and_taken_back(stage: Stage) -> None:
    one, _ = stage.enter("one", video("one", 1, 2, 3))
    lima, channel = linked(stage, "lima", "0", behind("ada", audio("ada", 10), video("ada", 11, 12, 13)))
    stage.conference.message(one, json.dumps({"colibriClass": "ReceiverVideoConstraints",
                                              "defaultConstraints": {"maxHeight": 360}}), "1")  # fmt: skip
    stage.conference.allocate(stage.now)
    (wish,) = channel.of("AddReceiver")
    assert wish == {"bridgeId": "oslo", "sourceName": "ada-v0",
                    "videoConstraints": {"maxHeight": 360, "maxFrameRate": -1.0}}  # fmt: skip
    stage.conference.allocate(stage.now)
    assert len(channel.of("AddReceiver")) == 1
    again = FakeChannel()
    lima.opened(again)
    stage.conference.relay_opened(lima, "1.0", hello=False)
    assert [each["videoConstraints"]["maxHeight"] for each in again.of("AddReceiver")] == [360]
    stage.bridge.expire(stage.conference, one)
    stage.conference.allocate(stage.now)
    assert [each["videoConstraints"]["maxHeight"] for each in again.of("AddReceiver")] == [360, 0]


def test_what_the_other_bridge_watches_limits_what_crosses_and_what_the_sender_sends(stage: Stage) -> None:
    one, said = stage.enter("one", video("one", 1, 2, 3))
    lima, _ = linked(stage)
    stage.conference.layers["one-v0"] = LAYERS
    for height, target in ((360, 1 << 6 | 63), (0, OFF), (-1, EVERYTHING)):
        text = relay_messages.add_receiver("lima", "one-v0", height)
        stage.conference.relay_message(lima, text, "1")
        stage.conference.allocate(stage.now)
        assert stage.plane.targets[lima.key, "one-v0"] == target
        assert one.wanted_heights["one-v0"] == height
    assert [each["maxHeight"] for each in said.of("SenderSourceConstraints")][-3:] == [360, 0, -1]


def test_messages_go_to_everybody_once(stage: Stage) -> None:
    one, at_one = stage.enter("one")
    lima, to_lima = linked(stage, "lima", "0", behind("ada"))
    _, to_rome = linked(stage, "rome", "0", behind("bo"))
    _, to_visitors = linked(stage, "visitors", "1", behind("cy"))
    text = json.dumps({"colibriClass": "EndpointMessage", "to": "", "from": "ada", "msgPayload": 1})
    stage.conference.relay_message(lima, text, "1")
    assert [len(each.of("EndpointMessage")) for each in (at_one, to_lima, to_rome, to_visitors)] == [1, 0, 0, 1]
    stage.conference.message(one, json.dumps({"colibriClass": "EndpointMessage", "to": "bo", "x": 1}), "1")
    assert [len(each.of("EndpointMessage")) for each in (to_lima, to_rome, to_visitors)] == [0, 1, 1]
    # Nobody speaks for somebody who is not behind that relay.
    forged = json.dumps({"colibriClass": "EndpointMessage", "to": "", "from": "one", "msgPayload": 1})
    stage.conference.relay_message(lima, forged, "1")
    assert len(at_one.of("EndpointMessage")) == 1


def test_a_shared_screen_behind_a_relay_counts_as_one(stage: Stage) -> None:
    stage.enter("one")
    lima, _ = linked(stage, "lima", "0", behind("ada", video("ada", 11, index=1)))
    stage.conference.relay_message(lima, relay_messages.video_type("ada", "ada-v1", "desktop"), "1")
    assert lima.endpoints["ada"].video_types == {"ada-v1": "desktop"}
    stage.conference.relay_message(lima, relay_messages.video_type("ada", "one-v0", "desktop"), "1")
    assert lima.endpoints["ada"].video_types == {"ada-v1": "desktop"}


def test_a_relay_of_which_nothing_is_heard_ends_with_those_behind_it(stage: Stage) -> None:
    one, _ = stage.enter("one")
    linked(stage, "lima", "0", behind("ada", audio("ada", 10)))
    stage.wait(59, lambda: [one])
    assert len(stage.conference.relays) == 1
    stage.wait(2, lambda: [one])
    assert len(stage.conference.relays) == 0
    assert stage.conference.speech.dominant != "ada"


def test_an_endpoint_is_here_or_there_but_not_both(stage: Stage) -> None:
    stage.enter("one")
    with pytest.raises(StanzaError, match="'one' is on this bridge"):
        linked(stage, "lima", "0", behind("one"))


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{", '{"colibriClass":"AddReceiver"}', '{"colibriClass":"EndpointMessage","to":"x"}',
        '{"colibriClass":"AddReceiver","sourceName":"a","videoConstraints":{"maxHeight":-2}}',
        '{"colibriClass":"SourceVideoTypeMessage","sourceName":"a","videoType":"camera"}', '{"a":1,"a":2}', "{}",
    ],
)  # fmt: skip
def test_a_message_between_bridges_that_can_not_be_taken(text: str) -> None:
    with pytest.raises(MessageError):
        relay_messages.parse(text)


def test_heights_and_layers() -> None:
    assert [tallest(each) for each in ((), (0, 180), (180, -1), (360, 180))] == [0, 180, -1, 360]
    assert [ceiling(height, LAYERS, 3) >> 6 for height in (100, 180, 719, 720)] == [0, 0, 1, 2]
    assert ceiling(360, (), 3) >> 6 == 1  # nothing is known yet
