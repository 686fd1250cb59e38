"""What the room helpers put on the wire."""

from xml.etree.ElementTree import Element

from pyjitsi.xmpp import muc
from pyjitsi.xmpp.streams import serialise

ROOM = "atrium@conference.example"


def test_join_asks_for_no_history_and_keeps_its_children() -> None:
    stanza = muc.join(ROOM, "focus", [Element("{urn:example}versions")], from_="focus@focus.example/focus")
    assert serialise(stanza) == (
        f'<presence to="{ROOM}/focus" from="focus@focus.example/focus"><versions xmlns="urn:example" />'
        '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0" /></x></presence>'
    )


def test_update_has_no_join_marker() -> None:
    stanza = muc.presence(f"{ROOM}/focus", [Element("{urn:example}versions")])
    assert serialise(stanza) == f'<presence to="{ROOM}/focus"><versions xmlns="urn:example" /></presence>'


def test_leave() -> None:
    assert serialise(muc.leave(ROOM, "focus")) == f'<presence to="{ROOM}/focus" type="unavailable" />'
