"""AV moderation: who may unmute (4-services.md 2.5). The focus enforces what this says.

Per medium the nicks that may; all others ask. Whoever leaves is forgotten, or another could come under its nick.
"""

from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.rooms.metadata import Metadata
from pyjitsi.rooms.room import FOCUS_NICK, Occupant, Room
from pyjitsi.rooms.services import RoomService, World
from pyjitsi.xmpp.stanzas.errors import StanzaError

KEY = "moderation"
MEDIA = ("audio", "video", "desktop")


class Moderation(RoomService):
    """See the module's text. A room's memory is, by medium, ``actor``, ``allowed`` and ``before`` (of startMuted)."""

    def __init__(self, world: World, metadata: Metadata) -> None:
        super().__init__(world)
        self._metadata: Metadata = metadata

    def of(self, room: Room) -> dict[str, dict[str, Any]]:
        """The media under moderation."""
        return room.data.setdefault(KEY, {})

    def _keep(self, room: Room) -> None:
        self.world.actions.store(room.jid, KEY, self.of(room) or None)

    # What a room goes through.

    def restored(self, room: Room, new: frozenset[str]) -> None:
        """Whoever came or went meanwhile is put right, and all is said again."""
        for medium, state in self.of(room).items():
            state["allowed"] = [nick for nick in state["allowed"] if nick in room.occupants and nick not in new]
            self._allow_moderators(room, state)
            self._tell_enabled(room, medium, "all", enabled=True)
            self._tell_list(room, medium)
        if self.of(room):
            self._keep(room)

    def joined(self, room: Room, occupant: Occupant) -> None:
        """Who joins learns what is moderated."""
        for medium, state in self.of(room).items():
            self._tell_enabled(room, medium, (occupant.nick,), enabled=True)
            if occupant.nick == FOCUS_NICK:
                self._tell_list(room, medium)
            elif occupant.moderator:
                self._allow(room, medium, state, occupant.nick)

    def changed(self, room: Room, before: Occupant, occupant: Occupant) -> None:
        """A moderator may speak; who is one no longer asks as others do."""
        if before.moderator == occupant.moderator or occupant.nick == FOCUS_NICK:
            return
        for medium, state in self.of(room).items():
            if occupant.moderator:
                self._allow(room, medium, state, occupant.nick)
            else:
                self._disallow(room, medium, state, occupant.nick)

    def left(self, room: Room, occupant: Occupant) -> None:
        """Forget the nick."""
        for medium, state in self.of(room).items():
            if occupant.nick in state["allowed"]:
                state["allowed"].remove(occupant.nick)
                self._keep(room)
                self._tell_list(room, medium, removed=True)

    # What moderators ask.

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """Switch moderation, or let somebody speak or not. Raises StanzaError."""
        if not sender.moderator:
            raise StanzaError("forbidden", "only moderators moderate")
        medium = request.get("mediaType", "")
        if medium not in MEDIA:
            raise StanzaError("bad-request", f"mediaType is one of {', '.join(MEDIA)}")
        if (enable := request.get("enable")) is not None:
            self._switch(room, sender, medium, on=enable == "true")
        elif (address := request.get("jidToWhitelist")) is not None:
            self._approve(room, sender, medium, self._nick(room, address))
        elif (address := request.get("jidToBlacklist")) is not None:
            state = self.of(room).get(medium)
            if state is not None:
                self._disallow(room, medium, state, self._nick(room, address))
        else:
            raise StanzaError("bad-request", "moderation is to enable, jidToWhitelist or jidToBlacklist")

    def _nick(self, room: Room, address: str) -> str:
        nick = room.nick_of(address)
        if nick is None or nick == FOCUS_NICK:
            raise StanzaError("item-not-found", "nobody of that address is in this room")
        return nick

    def _switch(self, room: Room, sender: Occupant, medium: str, *, on: bool) -> None:
        moderated = self.of(room)
        if on == (medium in moderated):
            return
        start_muted: dict[str, Any] = dict(self._metadata.of(room).get("startMuted") or {})
        if on:
            state: dict[str, Any] = {
                "actor": room.address(sender.nick), "allowed": [], "before": start_muted.get(medium, False),
            }  # fmt: skip
            moderated[medium] = state
            self._allow_moderators(room, state)
        else:
            state = moderated.pop(medium)
            state["actor"] = room.address(sender.nick)
        self._keep(room)
        self._tell_enabled(room, medium, "all", enabled=on, actor=state["actor"])
        if on:
            self._tell_list(room, medium)
        if medium != "desktop":
            self._metadata.set(room, "startMuted", {**start_muted, medium: on or state["before"]})

    def _approve(self, room: Room, sender: Occupant, medium: str, nick: str) -> None:
        state = self.of(room).get(medium)
        said = {"type": "av_moderation", "room": room.jid, "approved": True, "mediaType": medium}
        if state is None:
            self.world.actions.tell(room.jid, (nick,), {**said, "from": room.address(sender.nick)})
            return
        self._allow(room, medium, state, nick)
        self.world.actions.tell(room.jid, (nick,), said)

    # Lists.

    def _allow_moderators(self, room: Room, state: dict[str, Any]) -> None:
        for each in room.moderators:
            if each.nick not in state["allowed"]:
                state["allowed"].append(each.nick)

    def _allow(self, room: Room, medium: str, state: dict[str, Any], nick: str) -> None:
        if nick not in state["allowed"]:
            state["allowed"].append(nick)
            self._keep(room)
        self._tell_list(room, medium)

    def _disallow(self, room: Room, medium: str, state: dict[str, Any], nick: str) -> None:
        if nick in state["allowed"]:
            state["allowed"].remove(nick)
            self._keep(room)
        self._tell_list(room, medium, removed=True)
        said = {"type": "av_moderation", "room": room.jid, "removed": True, "mediaType": medium}
        self.world.actions.tell(room.jid, (nick,), said)

    def _tell_enabled(
        self, room: Room, medium: str, to: "tuple[str, ...] | str", *, enabled: bool, actor: str | None = None
    ) -> None:
        said = {
            "type": "av_moderation", "enabled": enabled, "room": room.jid, "mediaType": medium,
            "actor": actor or self.of(room)[medium]["actor"],
        }  # fmt: skip
        self.world.actions.tell(room.jid, "all" if isinstance(to, str) else to, said)

    def _tell_list(self, room: Room, medium: str, *, removed: bool = False) -> None:
        lists = {
            name: [room.address(nick) for nick in state["allowed"]]
            for name, state in self.of(room).items()
            if state["allowed"]
        }
        said: dict[str, Any] = {"type": "av_moderation", "room": room.jid, "whitelists": lists, "mediaType": medium}
        if removed:
            said["removed"] = True
        self.world.actions.tell(room.jid, "moderators", said)
