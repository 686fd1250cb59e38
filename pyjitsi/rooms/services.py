"""What each room service is: an object that hears of rooms and of what clients ask, and answers with actions."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from pyjitsi.rooms.actions import Actions
from pyjitsi.rooms.registry import Registry
from pyjitsi.rooms.room import Occupant, Room
from pyjitsi.rooms.settings import RoomsSettings


class World:
    """What the services share: all rooms, what is to be done, and timers."""

    def __init__(
        self, settings: RoomsSettings, later: Callable[[float, Callable[[], None]], Callable[[], None]]
    ) -> None:
        self.settings: RoomsSettings = settings
        self.registry: Registry = Registry()
        self.actions: Actions = Actions()
        self.later: Callable[[float, Callable[[], None]], Callable[[], None]] = later
        self.now: float = 0.0  # seconds of the epoch, at the event being handled


class RoomService:
    """Base of the services; each overrides what concerns it. A lobby concerns none."""

    def __init__(self, world: World) -> None:
        self.world: World = world

    def restored(self, room: Room, new: frozenset[str]) -> None:
        """A room became known, whole; ``new`` are those who came unheard. Say again what may have been missed."""

    def joined(self, room: Room, occupant: Occupant) -> None:
        """Somebody entered."""

    def changed(self, room: Room, before: Occupant, occupant: Occupant) -> None:
        """Somebody's role, affiliation or name is another."""

    def left(self, room: Room, occupant: Occupant) -> None:
        """Somebody left."""

    def gone(self, room: Room) -> None:
        """The room is over."""

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """A client's request; ``request`` is the message's child of the names that ``Core`` has for this service.

        Raises StanzaError.
        """
