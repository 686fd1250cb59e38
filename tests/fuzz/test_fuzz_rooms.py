"""Fuzz: whatever clients ask of the room services, the answer is an error or actions; no exception, no broken room."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from pyjitsi.focus.muting import Muting
from pyjitsi.rooms.core import Core
from pyjitsi.rooms.room import Occupant
from pyjitsi.rooms.settings import RoomsSettings
from pyjitsi.rooms.tap import Snapshot, TapError, parse
from pyjitsi.xmpp.settings import ComponentSettings
from pyjitsi.xmpp.stanzas import mute
from pyjitsi.xmpp.stanzas.errors import StanzaError
from tests.scenario.focus.story import Story

ROOM, GROUP = "atrium@conference.talk.example", "group@breakout.talk.example"
JITMEET, CLIENT = "{http://jitsi.org/jitmeet}", "{jabber:client}"
NAMES = (
    f"{JITMEET}room_metadata", f"{JITMEET}json-message", f"{JITMEET}speakerstats", f"{JITMEET}faceLandmarks",
    f"{CLIENT}av_moderation", f"{CLIENT}breakout_rooms", f"{CLIENT}end_conference", "x",
)  # fmt: skip
ATTRIBUTES = (
    "room", "enable", "mediaType", "jidToWhitelist", "jidToBlacklist", "type", "subject", "breakoutRoomJid",
    "participantJid", "roomJid", "seconds", "message", "silence", "faceExpression", "duration", "timestamp",
)  # fmt: skip
texts = st.text(max_size=12) | st.sampled_from([
    "", "true", "audio", ROOM, f"{ROOM}/aaaaaaaa", GROUP, "features/breakout-rooms/add",
    "features/breakout-rooms/timer",
    "features/breakout-rooms/remove", "features/breakout-rooms/broadcast", "9" * 30, "-1", "²", "happy", "__proto__",
])  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
bodies = st.fixed_dictionaries({}, optional={
    "type": st.sampled_from(["polls", "room_metadata", 1]), "command": st.sampled_from(["new-poll", "answer-poll", []]),
    "pollId": texts | values, "question": texts | values, "answers": values | st.just([{"name": "a"}, {"name": "b"}]),
    "key": texts | st.sampled_from(["permissions", "startMuted", "recording"]), "data": values,
}).map(json.dumps) | st.text(max_size=30)  # fmt: skip


def core() -> Core:
    """Services with one room of a moderator and a guest."""

    def later(_seconds: float, _action: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    made = Core(
        RoomsSettings(
            xmpp=ComponentSettings(domain="rooms.talk.example", secret=SecretStr("s")), clients_domain="talk.example",
            rooms_domain="conference.talk.example", breakout_domain="breakout.talk.example",
            lobby_domain="lobby.talk.example",
        ),
        later,
    )  # fmt: skip
    people = (
        Occupant("aaaaaaaa", "a@talk.example/r", "moderator", "owner"),
        Occupant("bbbbbbbb", "b@talk.example/r", "participant", "none"),
    )
    made.event(Snapshot(ROOM, "main", people, frozenset(), {}), 1000.0)
    return made


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a@talk.example/r", "b@talk.example/r", "c@talk.example/r"]), st.sampled_from(NAMES),
            st.dictionaries(st.sampled_from(ATTRIBUTES), texts, max_size=4), bodies,
        ),
        max_size=6,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_no_request_breaks_the_services(requests: list[tuple[str, str, dict[str, str], str]]) -> None:
    services = core()
    services.world.actions.take()
    for sender, name, attributes, body in requests:
        stanza = Element(f"{CLIENT}message", id="1")
        SubElement(stanza, name, attributes).text = body
        refusal = services.message(sender, stanza, 1001.0)
        for action in services.world.actions.pending:
            assert sender != "c@talk.example/r", action  # who is in no room moves nothing
        if refusal is not None:
            assert refusal.get("type") == "error"
        for out in services.world.actions.take():
            json.loads(next(iter(out)).text or "")


@given(values | st.fixed_dictionaries({"event": st.sampled_from(["room", "joined", "left", "gone"]), "room": texts}))
@settings(max_examples=60, deadline=None)
def test_an_event_is_read_or_refused(body: Any) -> None:
    message = Element(f"{CLIENT}message")
    SubElement(message, "{urn:pyjitsi:rooms}tap").text = json.dumps(body)
    try:
        parse(message)
    except TapError:
        pass


@given(st.dictionaries(st.sampled_from(["mediaType", "enabled", "whitelists", "actor"]), values | texts))
@settings(max_examples=60, deadline=None)
async def test_no_moderation_breaks_a_conference(said: dict[str, Any]) -> None:
    story = Story()
    Muting(ROOM, story.conference.members, story).moderation(said)


@given(st.sampled_from([*mute.TAGS, "mute"]), st.dictionaries(st.just("jid"), texts), texts)
@settings(max_examples=40, deadline=None)
def test_a_mute_request_is_read_or_refused(tag: str, attributes: dict[str, str], text: str) -> None:
    element = Element(tag, attributes)
    element.text = text
    try:
        mute.parse(element)
    except StanzaError:
        pass
