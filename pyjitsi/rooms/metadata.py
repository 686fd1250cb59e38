"""Room metadata: keys and values that everybody in a room shares (4-services.md 2.6).

Clients replace what they had by what they get, so each message has all of it. Who joins gets it from the tap, before
the own presence and with TURN servers; here are only the changes.
"""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.rooms.actions import text_of
from pyjitsi.rooms.room import FOCUS_NICK, Occupant, Room
from pyjitsi.rooms.services import RoomService
from pyjitsi.rooms.untrusted import read
from pyjitsi.xmpp.stanzas.errors import StanzaError

KEY = "metadata"
MAX_REQUEST = 8_192
MAX_METADATA = 32_768
MAX_KEY = 64

# What only the server may say (Jitsi's list, and ours).
SERVERS_OWN = frozenset({
    "allownersEnabled", "asyncTranscription", "audioTranslationAvailable", "audioTranslationRequests",
    "conferencePresetsServiceEnabled", "dialinEnabled", "lobbyEnabled", "moderators", "participants",
    "participantsSoftLimit", "services", "transcriberType", "transcription", "visitorsEnabled", "breakoutTimer",
})  # fmt: skip

# What may be forbidden to all but moderators and those whose log-in allows it; the first two are Jitsi's names.
PERMISSIONS = (
    "groupChatRestricted",
    "pollCreationRestricted",
    "privateChatRestricted",
    "reactionsRestricted",
    "breakoutSelfJoinRestricted",
)


class Metadata(RoomService):
    """See the module's text."""

    def of(self, room: Room) -> dict[str, Any]:
        """A room's metadata; to be changed through ``set``."""
        return room.data.get(KEY, {})

    def permissions(self, room: Room) -> Mapping[str, bool]:
        """What is restricted in a room."""
        found = self.of(room).get("permissions")
        return found if isinstance(found, dict) else {}

    def restored(self, room: Room, new: frozenset[str]) -> None:
        """Say all again: whatever changed last may have reached nobody."""
        if room.data.get(KEY):
            self._tell(room)
        elif FOCUS_NICK in new and room.kind == "main":
            self._tell(room, (FOCUS_NICK,))  # Jicofo waits for the first

    def joined(self, room: Room, occupant: Occupant) -> None:
        """The focus gets it here, and it alone: clients got it from the tap."""
        if occupant.nick == FOCUS_NICK:
            self._tell(room, (FOCUS_NICK,))

    def note(self, room: Room, notes: Mapping[str, Any]) -> None:
        """What a module of Prosody knows of the room."""
        before = self.of(room)
        if any(before.get(key) != value for key, value in notes.items()):
            self._replace(room, {**before, **notes})

    def set(self, room: Room, key: str, value: Any) -> None:
        """Set a key, or with None remove it, and tell everybody."""
        metadata = {**self.of(room), key: value}
        if value is None:
            metadata.pop(key)
        if metadata != self.of(room):
            self._replace(room, metadata)

    def _replace(self, room: Room, metadata: dict[str, Any]) -> None:
        room.data[KEY] = metadata
        self.world.actions.store(room.jid, KEY, metadata)
        self._tell(room)

    def _tell(self, room: Room, to: tuple[str, ...] | None = None) -> None:
        message = {"type": "room_metadata", "metadata": self.of(room)}
        self.world.actions.tell(room.jid, "all" if to is None else to, message)

    def ask(self, room: Room, sender: Occupant, request: Element) -> None:
        """A client sets a key. Raises StanzaError."""
        body = read(request.text, MAX_REQUEST)
        key, data = body.get("key"), body.get("data")
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
            raise StanzaError("bad-request", f"metadata has a key of 1 to {MAX_KEY} characters")
        if key in SERVERS_OWN:
            raise StanzaError("not-allowed", f"{key} is the server's to say")
        if not self._may_set(sender, key, data):
            raise StanzaError("not-allowed", f"{key} may not be set by you")
        if key == "permissions":
            data = _permissions(data)
        elif key == "startMuted":
            data = _start_muted(data)
        if len(text_of({**self.of(room), key: data}).encode()) > MAX_METADATA:
            raise StanzaError("not-allowed", f"a room's metadata is at most {MAX_METADATA} bytes")
        self.set(room, key, data)
        if key == "permissions":
            self.world.actions.add(room.jid, "flags", flags=data)

    def _may_set(self, sender: Occupant, key: str, data: Any) -> bool:
        if key == "recording" and isinstance(data, dict):
            return sender.may("transcription")
        if key == "audioTranslation":
            return sender.may("live-translation")
        return sender.moderator


def _permissions(data: Any) -> dict[str, bool]:
    if not isinstance(data, dict) or not all(isinstance(value, bool) for value in data.values()):
        raise StanzaError("bad-request", "permissions are true or false, by name")
    if unknown := sorted(set(data) - set(PERMISSIONS)):
        raise StanzaError("bad-request", f"{unknown[0][:40]} is no permission; there are {', '.join(PERMISSIONS)}")
    return dict(data)


def _start_muted(data: Any) -> dict[str, bool]:
    if not isinstance(data, dict):
        raise StanzaError("bad-request", "startMuted says audio and video")
    return {media: data.get(media) is True for media in ("audio", "video")}
