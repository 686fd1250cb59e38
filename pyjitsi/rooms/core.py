"""The room services together, without sockets or clocks: events and clients' messages in, stanzas out."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

import structlog

from pyjitsi.rooms.breakouts import Breakouts
from pyjitsi.rooms.ending import EndConference
from pyjitsi.rooms.metadata import Metadata
from pyjitsi.rooms.moderation import Moderation
from pyjitsi.rooms.polls import Polls
from pyjitsi.rooms.room import Room
from pyjitsi.rooms.services import RoomService, World
from pyjitsi.rooms.settings import RoomsSettings
from pyjitsi.rooms.speakers import Speakers
from pyjitsi.rooms.tap import Changed, Event, Gone, Joined, Left, Noted, Snapshot
from pyjitsi.xmpp.replies import NS_CLIENT, build_error
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.presence import NS_JITMEET

log = structlog.get_logger("rooms")


class Core:
    """See the module's text. What is to be sent after a call is in ``world.actions``."""

    def __init__(
        self, settings: RoomsSettings, later: Callable[[float, Callable[[], None]], Callable[[], None]]
    ) -> None:
        self.world: World = World(settings, later)
        self.metadata: Metadata = Metadata(self.world)
        ending = EndConference(self.world)
        moderation = Moderation(self.world, self.metadata)
        breakouts = Breakouts(self.world, self.metadata)
        speakers = Speakers(self.world)
        polls = Polls(self.world, self.metadata)
        self.services: tuple[RoomService, ...] = (self.metadata, moderation, breakouts, speakers, polls, ending)
        # By the child of the client's message; some have no namespace of their own (lib-jitsi-meet).
        self._requests: dict[str, RoomService] = {
            f"{{{NS_JITMEET}}}room_metadata": self.metadata,
            f"{{{NS_CLIENT}}}end_conference": ending,
            f"{{{NS_CLIENT}}}av_moderation": moderation,
            f"{{{NS_CLIENT}}}breakout_rooms": breakouts,
            f"{{{NS_JITMEET}}}speakerstats": speakers,
            f"{{{NS_JITMEET}}}faceLandmarks": speakers,
            f"{{{NS_JITMEET}}}json-message": polls,
        }

    def lost(self) -> None:
        """The stream is gone; a sync follows the next one."""
        self.world.registry.clear()

    def event(self, event: Event, now: float) -> None:
        """Something happened in a room."""
        self.world.now = now
        registry = self.world.registry
        if isinstance(event, Snapshot):
            room = Room(event.room, event.kind, {each.nick: each for each in event.occupants}, event.data)
            registry.put(room)
            if room.kind != "lobby":
                self.metadata.note(room, event.notes)
                for service in self.services:
                    service.restored(room, event.new)
            return
        if (known := registry.get(event.room)) is None:
            return  # of a room that ended, or that the sync has yet to tell
        self._change(known, event)

    def _change(self, room: Room, event: Joined | Changed | Left | Gone | Noted) -> None:
        registry = self.world.registry
        services = self.services if room.kind != "lobby" else ()
        match event:
            case Joined() | Changed():
                before = registry.enter(room, event.occupant)
                for service in services:
                    if before is None:
                        service.joined(room, event.occupant)
                    else:
                        service.changed(room, before, event.occupant)
            case Left():
                gone = registry.leave(room, event.nick)
                for service in services if gone is not None else ():
                    service.left(room, gone)  # pyright: ignore[reportArgumentType]
            case Noted():
                if services:
                    self.metadata.note(room, {event.key: event.value})
            case Gone():
                registry.drop(room.jid)
                for service in services:
                    service.gone(room)

    def message(self, sender: str, element: Element, now: float) -> Element | None:
        """A client's message to a service; the error to answer with, if any."""
        self.world.now = now
        if element.get("type") in ("error", "groupchat"):
            return None
        for request in element:
            service = self._requests.get(request.tag)
            if service is None:
                continue
            try:
                found = self.world.registry.whereabouts(sender, request.get("room"))
                if found is None:
                    raise StanzaError("not-allowed", "only those in a meeting may ask for that")
                service.ask(*found, request)
            except StanzaError as error:
                log.info("refused", sender=sender, request=request.tag.rpartition("}")[2], reason=error.text)
                reply = Element(f"{{{NS_CLIENT}}}message", {"type": "error", "to": sender})
                if identity := element.get("id"):
                    reply.set("id", identity)
                reply.append(build_error(error))
                return reply
            return None
        return None
