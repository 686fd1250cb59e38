"""Speaker statistics: how long each was the dominant speaker (4-services.md 2.14).

The dominant speaker's own client says so; what it says counts for itself alone.
"""

from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.rooms.room import FOCUS_NICK, Occupant, Room
from pyjitsi.rooms.services import RoomService
from pyjitsi.xmpp.stanzas.errors import StanzaError

KEY = "speakers"
MAX_REMEMBERED = 1000
MAX_FACES = 100
FACES = frozenset({"happy", "neutral", "surprised", "angry", "fearful", "disgusted", "sad"})


class Speakers(RoomService):
    """See the module's text. A room's memory is ``totals`` by nick, and who speaks since when."""

    def of(self, room: Room) -> dict[str, Any]:
        """What is remembered."""
        return room.data.setdefault(KEY, {"totals": {}, "speaking": None, "since": 0.0})

    def restored(self, room: Room, new: frozenset[str]) -> None:
        """Tell those who came meanwhile."""
        for nick in new:
            self.joined(room, room.occupants[nick])

    def joined(self, room: Room, occupant: Occupant) -> None:
        """Who joins gets what others have spoken."""
        if occupant.nick == FOCUS_NICK:
            return
        self._count(room)
        users = {
            nick: {
                "displayName": each["name"],
                "totalDominantSpeakerTime": round(each["ms"]),
                "faceLandmarks": each["faces"],
            }
            for nick, each in self.of(room)["totals"].items()
        }
        if users:
            self.world.actions.tell(room.jid, (occupant.nick,), {"type": "speakerstats", "users": users})

    def left(self, room: Room, occupant: Occupant) -> None:
        """It speaks no more."""
        if self.of(room)["speaking"] == occupant.nick:
            self._speaks(room, None)

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """Somebody speaks, or shows a face. Raises StanzaError."""
        if request.tag.endswith("}faceLandmarks"):
            self._face(room, sender, request)
        else:
            self._speaks(room, None if request.get("silence") == "true" else sender)

    def _speaks(self, room: Room, who: Occupant | None) -> None:
        self._count(room)
        state = self.of(room)
        state["speaking"], state["since"] = (None, 0.0) if who is None else (who.nick, self.world.now)
        if who is not None:
            self._entry(room, who)
        self.world.actions.store(room.jid, KEY, state)

    def _count(self, room: Room) -> None:
        state = self.of(room)
        entry = state["totals"].get(state["speaking"])
        if entry is not None:
            entry["ms"] += max(0.0, self.world.now - state["since"]) * 1000
            state["since"] = self.world.now

    def _entry(self, room: Room, who: Occupant) -> dict[str, Any]:
        totals = self.of(room)["totals"]
        if who.nick not in totals and len(totals) >= MAX_REMEMBERED:
            raise StanzaError("resource-constraint", f"of {MAX_REMEMBERED} people a room remembers it")
        entry = totals.setdefault(who.nick, {"ms": 0.0, "faces": []})
        entry["name"] = who.name or ""
        return entry

    def _face(self, room: Room, sender: Occupant, request: Element) -> None:
        expression, duration = request.get("faceExpression"), request.get("duration", "0")
        stamp = request.get("timestamp", "0")
        if expression not in FACES or not duration.isdecimal() or not stamp.isdecimal() or len(stamp + duration) > 30:
            raise StanzaError("bad-request", "that is no face of ours")
        faces = self._entry(room, sender)["faces"]
        faces.append({"duration": int(duration), "faceExpression": expression, "timestamp": int(stamp)})
        del faces[:-MAX_FACES]
        self.world.actions.store(room.jid, KEY, self.of(room))
