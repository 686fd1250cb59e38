"""All rooms, and who of the clients is in which."""

from collections.abc import Iterator

from pyjitsi.rooms.room import Occupant, Room


class Registry:
    """Rooms by address, and for each client's full address the rooms that it is in, the latest last."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._inside: dict[str, dict[str, str]] = {}

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    def get(self, jid: str) -> Room | None:
        """A room by address."""
        return self._rooms.get(jid)

    def clear(self) -> None:
        """Forget everything: the stream was lost."""
        self._rooms.clear()
        self._inside.clear()

    def put(self, room: Room) -> None:
        """A whole room, new or anew."""
        self.drop(room.jid)
        self._rooms[room.jid] = room
        for occupant in room.occupants.values():
            self._inside.setdefault(occupant.jid, {})[room.jid] = occupant.nick

    def drop(self, jid: str) -> Room | None:
        """Forget a room; returns it."""
        room = self._rooms.pop(jid, None)
        if room is not None:
            for occupant in room.occupants.values():
                self._out(occupant.jid, jid)
        return room

    def enter(self, room: Room, occupant: Occupant) -> Occupant | None:
        """Somebody is inside, or is so differently; returns what was known of the nick."""
        before = room.occupants.get(occupant.nick)
        if before is not None and before.jid != occupant.jid:
            self._out(before.jid, room.jid)
        room.occupants[occupant.nick] = occupant
        self._inside.setdefault(occupant.jid, {})[room.jid] = occupant.nick
        return before

    def leave(self, room: Room, nick: str) -> Occupant | None:
        """Somebody is no longer inside; returns who."""
        occupant = room.occupants.pop(nick, None)
        if occupant is not None:
            self._out(occupant.jid, room.jid)
        return occupant

    def _out(self, jid: str, room: str) -> None:
        rooms = self._inside.get(jid)
        if rooms is not None:
            rooms.pop(room, None)
            if not rooms:
                del self._inside[jid]

    def whereabouts(self, jid: str, room: str | None = None) -> tuple[Room, Occupant] | None:
        """Where a client is: in the room it names, if it is there, else in the meeting it entered last."""
        rooms = self._inside.get(jid, {})
        for address in reversed(rooms):
            found = self._rooms[address]
            if (room is None and found.kind != "lobby") or address == room:
                return found, found.occupants[rooms[address]]
        return None
