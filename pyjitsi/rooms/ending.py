"""``end_conference``: a moderator ends the meeting for everybody (4-services.md 2.11)."""

from xml.etree.ElementTree import Element

from pyjitsi.rooms.room import Occupant, Room
from pyjitsi.rooms.services import RoomService
from pyjitsi.xmpp.stanzas.errors import StanzaError

REASON = "The meeting has been terminated"  # what clients show


class EndConference(RoomService):
    """See the module's text."""

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """End it. Raises StanzaError."""
        if room.kind != "main" or not sender.moderator:
            raise StanzaError("not-allowed", "only a moderator, in the main room, may end the meeting")
        self.end(room, REASON)

    def end(self, room: Room, reason: str) -> None:
        """End a meeting."""
        self.world.actions.add(room.jid, "destroy", reason=reason)
