"""Who may unmute in a conference, enforced: mute requests and notices, and force-mute at the bridge.

The room services say what is moderated and who may all the same (AV moderation, 4-services.md 2.5); moderators may
always. With moderation off a mute is a request to the client, as with Jicofo: whoever was muted may unmute.
"""

from collections.abc import Mapping
from typing import Any, cast

from pyjitsi.focus.membership import Member, Membership
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.connection import IqError, IqTimeout
from pyjitsi.xmpp.stanzas.colibri2 import ForceMute
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.mute import Medium, Mute, build_notice

MEDIA: tuple[Medium, ...] = ("audio", "video", "desktop")
FREE = ForceMute(False, False)


class Muting:
    """See the module's text. After each change ``Conference`` asks for every member's ``forced``."""

    def __init__(self, room: str, members: Membership, wire: Wire) -> None:
        self._room: str = room
        self._members: Membership = members
        self._wire: Wire = wire
        self._moderated: set[Medium] = set()
        self._allowed: dict[Medium, frozenset[str]] = {}

    def may_unmute(self, member: Member, medium: Medium) -> bool:
        """Whether somebody may send."""
        if medium not in self._moderated or member.moderator:
            return True
        return f"{self._room}/{member.endpoint}" in self._allowed.get(medium, ())

    def forced(self, member: Member) -> ForceMute:
        """What the bridge is to drop. It can't tell a screen from a camera: one that is allowed opens video."""
        video = self.may_unmute(member, "video") or self.may_unmute(member, "desktop")
        return ForceMute(not self.may_unmute(member, "audio"), not video)

    def request(self, nick: str, wanted: Mute) -> None:
        """A member's request; returning is the result. Raises StanzaError."""
        sender = self._members.get(nick)
        room, _, endpoint = wanted.jid.partition("/")
        target = self._members.get(endpoint) if room == self._room else None
        if sender is None or target is None:
            raise StanzaError("item-not-found", "nobody of that address is in this conference")
        if not wanted.mute and target is not sender:
            raise StanzaError("not-allowed", "nobody is unmuted by somebody else")
        if target is not sender and not sender.moderator:
            raise StanzaError("not-allowed", "only moderators mute others")
        if not wanted.mute and not self.may_unmute(sender, wanted.medium):
            raise StanzaError("not-allowed", "a moderator has to allow that first")
        if wanted.mute and target is not sender:
            self._notify(target, wanted.medium, f"{self._room}/{sender.endpoint}")

    def moderation(self, said: Mapping[str, Any]) -> bool:
        """A message of the room services; whether anything changed. What can't be understood changes nothing."""
        medium = said.get("mediaType")
        if medium not in MEDIA:
            return False
        if isinstance(enabled := said.get("enabled"), bool):
            return self._switch(medium, str(said.get("actor", "")), on=enabled)
        lists = said.get("whitelists")
        if not isinstance(lists, dict):
            return False
        before = dict(self._allowed)
        free: list[tuple[Member, Medium]] = [
            (each, of) for each in self._members for of in self._moderated if self.may_unmute(each, of)
        ]
        for name in MEDIA:
            addresses = cast(dict[str, Any], lists).get(name)
            found = cast(list[Any], addresses) if isinstance(addresses, list) else []
            self._allowed[name] = frozenset(str(address) for address in found)
        for member, of in free:
            if not self.may_unmute(member, of):
                self._notify(member, of, None)  # else it would show itself live, and nobody would hear it
        return before != self._allowed

    def _switch(self, medium: Medium, actor: str, *, on: bool) -> bool:
        if on == (medium in self._moderated):
            return False
        if not on:
            self._moderated.discard(medium)
            return True
        self._moderated.add(medium)
        for member in self._members:
            if f"{self._room}/{member.endpoint}" != actor:
                self._notify(member, medium, None)
        return True

    def _notify(self, member: Member, medium: Medium, actor: str | None) -> None:
        self._wire.spawn(self._send(f"{self._room}/{member.endpoint}", medium, actor))

    async def _send(self, to: str, medium: Medium, actor: str | None) -> None:
        try:
            await self._wire.iq(to, build_notice(medium, actor))
        except (IqError, IqTimeout):
            pass  # clients don't answer
