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
from tests.scenario.focus.story import ROOM, Story

JID = "focus@focus.talk.example/focus"


class FakeConnection:
    """Answers the owner's form with a meeting id."""

    def __init__(self) -> None:
        self.sent: list[Element] = []
        self.submitted: list[str] = []
        self.answers: bool = True

    def send(self, stanza: Element) -> None:
        self.sent.append(stanza)

    async def iq(self, to: str, payload: Element, **_options: Any) -> Element | None:
        if not self.answers:
            raise IqTimeout("no answer")
        submitted = payload.find(f"{{{muc.NS_DATA}}}x")
        if submitted is not None:
            self.submitted = [each.get("var", "") for each in submitted]
            return None
        query = Element(f"{{{muc.NS_OWNER}}}query")
        field = SubElement(
            SubElement(query, f"{{{muc.NS_DATA}}}x"), f"{{{muc.NS_DATA}}}field", var="muc#roominfo_meetingId"
        )
        SubElement(field, f"{{{muc.NS_DATA}}}value").text = "0b7e2c54"
        return query


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
