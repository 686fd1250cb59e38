"""Breakout rooms (4-services.md 2.7), and what Jitsi's lack: a timer, a word to all of them, everybody back at once.

The main room remembers its breakout rooms; one exists in Prosody once somebody enters it. The tap lets nobody into a
room that is not among them. Commands are Jitsi's, by ``type``; ours have these attributes:

    features/breakout-rooms/timer       seconds="600" (0 takes it back): metadata ``breakoutTimer`` {"ends": ms}, a
                                        message {"type": "breakout_rooms", "event": …/timer, "ends": ms, "left": s}
                                        before the end, then everybody is moved back
    features/breakout-rooms/broadcast   message="…": said in every room as a ``system_chat_message``
    features/breakout-rooms/return      everybody back to the main room
"""

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.rooms.metadata import Metadata
from pyjitsi.rooms.room import Occupant, Room
from pyjitsi.rooms.services import RoomService, World
from pyjitsi.xmpp.stanzas.errors import StanzaError

KEY = "breakouts"
EVENT = "features/breakout-rooms/"
TIMER = "breakoutTimer"
UPDATE_SECONDS = 0.3
LEAVE_SECONDS = 10.0  # for those who were moved; then their room is closed
WARNING_SECONDS = 60
MAX_NAME, MAX_MESSAGE, MAX_TIMER = 80, 1000, 24 * 3600


class Breakouts(RoomService):
    """See the module's text. A main room's memory is ``rooms`` (id to name), ``counter``, ``ends`` (of the timer)."""

    def __init__(self, world: World, metadata: Metadata) -> None:
        super().__init__(world)
        self._metadata: Metadata = metadata
        self._main_of: dict[str, str] = {}
        self._timers: dict[tuple[str, str], Callable[[], None]] = {}

    def of(self, main: Room) -> dict[str, Any]:
        """What a main room remembers."""
        return main.data.setdefault(KEY, {"rooms": {}, "counter": 0, "ends": None})

    def _address(self, identity: str) -> str:
        return f"{identity}@{self.world.settings.breakout_domain}"

    def _main(self, room: Room) -> Room | None:
        """The main room of a room."""
        if room.kind == "main":
            return room
        return self.world.registry.get(self._main_of.get(room.jid, ""))

    def _all(self, main: Room) -> Iterator[Room]:
        """The main room and those of its breakout rooms that somebody entered."""
        yield main
        for identity in self.of(main)["rooms"]:
            if (room := self.world.registry.get(self._address(identity))) is not None:
                yield room

    # What rooms go through.

    def restored(self, room: Room, new: frozenset[str]) -> None:
        """Take up what there is."""
        if room.kind == "main" and self.of(room)["rooms"]:
            self._declare(room)
            self._set_timer(room)
        elif room.kind == "breakout" and (main := self._main(room)) is not None and self.of(main)["ends"] is not None:
            self._metadata.set(room, TIMER, {"ends": round(self.of(main)["ends"] * 1000)})
        self._update(room)

    def joined(self, room: Room, occupant: Occupant) -> None:
        """The list of rooms has everybody in it."""
        self._update(room)

    def changed(self, room: Room, before: Occupant, occupant: Occupant) -> None:
        """And their roles and names."""
        self._update(room)

    def left(self, room: Room, occupant: Occupant) -> None:
        """With the last one, of all rooms, the meeting ends."""
        self._update(room)
        main = self._main(room)
        if main is not None and self.of(main)["rooms"]:
            self._after(main, "closing", self.world.settings.breakout_closing_seconds, self._close_if_empty)

    def gone(self, room: Room) -> None:
        """Breakout rooms end with their main room."""
        if room.kind == "main":
            for identity in self.of(room)["rooms"]:
                self._main_of.pop(self._address(identity), None)
                self.world.actions.add(self._address(identity), "destroy", reason="The meeting has ended")
            for key in [key for key in self._timers if key[0] == room.jid]:
                self._timers.pop(key)()
        else:
            self._update(room)

    def _after(self, main: Room, what: str, seconds: float, action: Callable[[Room], None]) -> None:
        """Do something with a main room later, once; it may be another object by then, or gone."""

        def act() -> None:
            self._timers.pop((main.jid, what), None)
            if (room := self.world.registry.get(main.jid)) is not None:
                action(room)

        if (cancel := self._timers.pop((main.jid, what), None)) is not None:
            cancel()
        self._timers[main.jid, what] = self.world.later(seconds, act)

    def _close_if_empty(self, main: Room) -> None:
        if not any(True for room in self._all(main) for _ in room.people):
            self.world.actions.add(main.jid, "destroy", reason="Everybody has left")

    # The list of rooms.

    def _declare(self, main: Room) -> None:
        """Tell the tap which rooms may be entered, and keep the main room while they are."""
        state = self.of(main)
        rooms = {self._address(identity): name for identity, name in state["rooms"].items()}
        for address in [each for each, of in self._main_of.items() if of == main.jid and each not in rooms]:
            del self._main_of[address]
        self._main_of.update(dict.fromkeys(rooms, main.jid))
        self.world.actions.store(main.jid, KEY, state)
        self.world.actions.add(main.jid, "breakouts", breakouts=rooms)
        self.world.actions.add(main.jid, "configure", persistent=bool(rooms))

    def _update(self, room: Room) -> None:
        main = self._main(room)
        if main is not None and self.of(main)["counter"] and (main.jid, "update") not in self._timers:
            self._after(main, "update", UPDATE_SECONDS, self._tell_update)

    def _tell_update(self, main: Room) -> None:
        node = main.jid.partition("@")[0]
        rooms: dict[str, Any] = {node: {"isMainRoom": True, **self._described(main, main.jid, node)}}
        for identity, name in self.of(main)["rooms"].items():
            address = self._address(identity)
            rooms[identity] = self._described(self.world.registry.get(address), address, name)
        self._tell_all(main, {"event": f"{EVENT}update", "roomCounter": self.of(main)["counter"], "rooms": rooms})

    def _described(self, room: Room | None, address: str, name: str) -> dict[str, Any]:
        people = () if room is None else room.people
        return {
            "id": address.partition("@")[0],
            "jid": address,
            "name": name,
            "participants": {
                f"{address}/{each.nick}": {"jid": each.jid, "role": each.role, "displayName": each.name or ""}
                for each in people
            },
        }

    def _tell_all(self, main: Room, message: dict[str, Any]) -> None:
        for room in self._all(main):
            people = tuple(each.nick for each in room.people)
            if people:
                self.world.actions.tell(room.jid, people, {"type": "breakout_rooms", **message})

    # What moderators ask.

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """A command. Raises StanzaError."""
        main = self._main(room)
        if main is None or not sender.moderator:
            raise StanzaError("forbidden", "only moderators arrange breakout rooms")
        state = self.of(main)
        match request.get("type", "").removeprefix(EVENT):
            case "add":
                if len(state["rooms"]) >= self.world.settings.max_breakout_rooms:
                    raise StanzaError("resource-constraint", "there are as many breakout rooms as a meeting can have")
                state["counter"] += 1
                state["rooms"][str(uuid.uuid4())] = _name(request) or f"Breakout room {state['counter']}"
                self._declare(main)
            case "remove":
                identity = self._identity(main, request.get("breakoutRoomJid"))
                self._send_back(main, identity)
                del state["rooms"][identity]
                self.world.later(LEAVE_SECONDS, lambda: self._close(identity, main.jid))
                self._declare(main)
            case "rename":
                identity = self._identity(main, request.get("breakoutRoomJid"))
                state["rooms"][identity] = _name(request) or state["rooms"][identity]
                self._declare(main)
            case "move-to-room":
                self._move(main, request.get("participantJid", ""), request.get("roomJid", ""))
                return
            case "return":
                self._return(main)
            case "timer":
                self._ask_timer(main, request.get("seconds", ""))
            case "broadcast":
                self._broadcast(main, sender, request.get("message", ""))
                return
            case _:
                raise StanzaError("bad-request", "no such command of breakout rooms")
        self._update(main)

    def _identity(self, main: Room, address: str | None) -> str:
        identity, _, domain = (address or "").partition("@")
        if domain != self.world.settings.breakout_domain or identity not in self.of(main)["rooms"]:
            raise StanzaError("item-not-found", "that is no breakout room of this meeting")
        return identity

    def _move(self, main: Room, participant: str, target: str) -> None:
        if target != main.jid:
            self._identity(main, target)
        found = self.world.registry.whereabouts(participant)
        if found is None or self._main(found[0]) is not main:
            raise StanzaError("item-not-found", "nobody of that address is in this meeting")
        if target != main.jid:
            self.world.actions.add(main.jid, "admit", address=target, jid=participant)
        self._tell_move(found[0], (found[1].nick,), target)

    def _tell_move(self, room: Room, nicks: tuple[str, ...], target: str) -> None:
        message = {"type": "breakout_rooms", "event": f"{EVENT}move-to-room", "roomJid": target}
        self.world.actions.tell(room.jid, nicks, message)

    def _send_back(self, main: Room, identity: str) -> None:
        room = self.world.registry.get(self._address(identity))
        if room is not None and (people := tuple(each.nick for each in room.people)):
            self._tell_move(room, people, main.jid)

    def _close(self, identity: str, main: str) -> None:
        """End the room of those who didn't go."""
        self.world.actions.add(self._address(identity), "destroy", reason="Breakout room closed", alternate=main)

    def _return(self, main: Room) -> None:
        state = self.of(main)
        state["ends"] = None
        for identity in state["rooms"]:
            self._send_back(main, identity)
        self._after(main, "return", LEAVE_SECONDS, self._close_all)
        self._declare(main)
        self._set_timer(main)

    def _close_all(self, main: Room) -> None:
        for identity in self.of(main)["rooms"]:
            self._close(identity, main.jid)

    # Timer and broadcast.

    def _ask_timer(self, main: Room, text: str) -> None:
        if not (text.isascii() and text.isdigit() and len(text) < 8) or int(text) > MAX_TIMER:
            raise StanzaError("bad-request", f"a timer is of at most {MAX_TIMER} seconds; 0 takes it back")
        self.of(main)["ends"] = self.world.now + int(text) if int(text) else None
        self._declare(main)
        self._set_timer(main)

    def _set_timer(self, main: Room) -> None:
        ends = self.of(main)["ends"]
        for room in self._all(main):
            self._metadata.set(room, TIMER, None if ends is None else {"ends": round(ends * 1000)})
        for what in ("warning", "end"):
            if (cancel := self._timers.pop((main.jid, what), None)) is not None:
                cancel()
        if ends is not None:
            left = max(0.0, ends - self.world.now)
            self._after(main, "end", left, self._return)
            if left > WARNING_SECONDS:
                self._after(main, "warning", left - WARNING_SECONDS, self._warn)

    def _warn(self, main: Room) -> None:
        ends = self.of(main)["ends"]
        if ends is not None:
            left = round(ends - self.world.now)
            self._tell_all(main, {"event": f"{EVENT}timer", "ends": round(ends * 1000), "left": left})

    def _broadcast(self, main: Room, sender: Occupant, message: str) -> None:
        if not message or len(message) > MAX_MESSAGE:
            raise StanzaError("bad-request", f"a message is of 1 to {MAX_MESSAGE} characters")
        said = {"type": "system_chat_message", "message": message, "displayName": sender.name or "Moderator"}
        for room in self._all(main):
            self.world.actions.say(room.jid, said)


def _name(request: Element) -> str:
    """The name of a room, in one line."""
    return " ".join(request.get("subject", "").split())[:MAX_NAME]
