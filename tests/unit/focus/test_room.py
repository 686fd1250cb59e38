"""How the focus takes its place in a room."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pytest

from pyjitsi.focus.bridges import BridgeRegistry
from pyjitsi.focus.choice import BridgeChoice, Rules
from pyjitsi.focus.journal import Journal
from pyjitsi.focus.room import JoinError, Room
from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import IqTimeout, Presence
from pyjitsi.xmpp.stanzas import disco
from tests.scenario.focus.story import ROOM, Story

JID = "focus@focus.talk.example/focus"


class FakeConnection:
    """Answers with a meeting id, in the room's information or, as other servers do, in the owner's form alone."""

    def __init__(self, *features: str, informs: bool = True) -> None:
        self.sent: list[Element] = []
        self.asked: list[str] = []
        self.submitted: list[str] = []
        self.answers: bool = True
        self._features: tuple[str, ...] = features
        self._informs: bool = informs

    def send(self, stanza: Element) -> None:
        self.sent.append(stanza)

    async def iq(self, to: str, payload: Element, **_options: Any) -> Element | None:
        if not self.answers:
            raise IqTimeout("no answer")
        submitted = payload.find(f"{{{muc.NS_DATA}}}x")
        if submitted is not None:
            self.submitted = [each.get("var", "") for each in submitted]
            return None
        self.asked.append(payload.tag)
        answer = Element(payload.tag)
        for feature in self._features if payload.tag == disco.QUERY else ():
            SubElement(answer, f"{{{disco.NS}}}feature", var=feature)
        if payload.tag != disco.QUERY or self._informs:
            form = SubElement(answer, f"{{{muc.NS_DATA}}}x")
            field = SubElement(form, f"{{{muc.NS_DATA}}}field", var="muc#roominfo_meetingId")
            SubElement(field, f"{{{muc.NS_DATA}}}value").text = "0b7e2c54"
        return answer


def enter(connection: FakeConnection) -> Room:
    bridges = BridgeChoice(BridgeRegistry(quarantine=60), Rules())
    made: Any = connection
    return Room(ROOM, JID, made, Story().settings, bridges, Journal(None), lambda _room: None)


def own_presence(kind: str) -> Presence:
    return Presence(f"{ROOM}/focus", JID, kind, Element("{jabber:client}presence"))


async def test_it_takes_the_rooms_meeting_id_and_shows_real_addresses() -> None:
    connection = FakeConnection()
    room = enter(connection)
    room.presence(own_presence("available"))
    await room.ready()
    assert room.conference.placing.meeting_id == "0b7e2c54"
    assert connection.submitted == ["FORM_TYPE", "muc#roomconfig_whois"]
    assert [stanza.get("to") for stanza in connection.sent] == [f"{ROOM}/focus"] * 2
    room.conference.stop()


async def test_a_room_that_shows_them_and_says_who_it_is_costs_one_question() -> None:
    connection = FakeConnection("muc_nonanonymous")
    room = enter(connection)
    room.presence(own_presence("available"))
    await room.ready()
    assert (room.conference.placing.meeting_id, connection.asked) == ("0b7e2c54", [disco.QUERY])
    assert connection.submitted == []
    room.conference.stop()


async def test_the_meeting_id_is_taken_from_the_owners_form_where_the_room_does_not_tell_it() -> None:
    connection = FakeConnection("muc_nonanonymous", informs=False)
    room = enter(connection)
    room.presence(own_presence("available"))
    await room.ready()
    assert room.conference.placing.meeting_id == "0b7e2c54"
    room.conference.stop()


async def test_a_room_that_refuses_or_does_not_answer_is_no_room() -> None:
    refused = enter(FakeConnection())
    refused.presence(own_presence("error"))
    with pytest.raises(JoinError, match="refused the focus"):
        await refused.ready()
    silent = FakeConnection()
    silent.answers = False
    room = enter(silent)
    room.presence(own_presence("available"))
    with pytest.raises(JoinError, match="could not be configured"):
        await room.ready()
    room.abandon()
