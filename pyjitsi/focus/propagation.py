"""Telling clients of each other's sources: what changed since each was told last."""

import asyncio
from xml.etree.ElementTree import Element

import structlog

from pyjitsi.focus.membership import Member, Membership
from pyjitsi.focus.signalling import sources_action
from pyjitsi.focus.sources import ConferenceSources, without_simulcast
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.connection import IqError, IqTimeout
from pyjitsi.xmpp.stanzas.jingle import build
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources

log = structlog.get_logger("focus")

AT_ONCE = 5  # members who are told before others get their turn
SIGNALLING_DELAYS = ((100, 1.0), (50, 0.5), (20, 0.2))  # people and seconds; Jicofo's, and a step for less


class Propagation:
    """In a small room at once; in a large one together with what changes in the next moment.

    Each change is a stanza to everybody: told one by one, a hundred people who come at once are ten thousand.
    """

    def __init__(self, room: str, own_jid: str, members: Membership, sources: ConferenceSources, wire: Wire) -> None:
        self._room: str = room
        self._own_jid: str = own_jid
        self._members: Membership = members
        self._sources: ConferenceSources = sources
        self._wire: Wire = wire
        self._waiting: bool = False
        self._reduced: dict[str, tuple[EndpointSources, EndpointSources]] = {}  # by owner: as sent, and as received

    def changed(self, member: Member) -> None:
        """A member's sources changed: tell the others."""
        size = len(self._members)
        delay = next((seconds for people, seconds in SIGNALLING_DELAYS if size >= people), 0.0)
        if not delay:
            for other in self._members:
                if other is not member:
                    self.catch_up(other)
        elif not self._waiting:
            self._waiting = True
            self._wire.later(delay, self.catch_up_all)

    def catch_up_all(self) -> None:
        """Tell everybody what each does not know yet; others get their turn in between."""
        self._waiting = False
        self._wire.spawn(self._one_by_one())

    async def _one_by_one(self) -> None:
        for number, member in enumerate(self._members):
            self.catch_up(member)
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        self._wire.changed()

    def _received(self) -> dict[str, EndpointSources]:
        """Everybody's sources as receivers see them; what did not change is the same object as before."""
        known = self._reduced
        self._reduced = {}
        for owner, sources in self._sources.others("").items():
            kept = known.get(owner)
            if kept is None or kept[0] is not sources:
                kept = sources, without_simulcast(sources)
            self._reduced[owner] = kept
        return {owner: reduced for owner, (_, reduced) in self._reduced.items()}

    def catch_up(self, member: Member) -> None:
        """Tell a client what changed of others' sources since it was told last."""
        if member.session is None:
            return
        current = self._received()
        current.pop(member.endpoint, None)
        removed, added = member.session.difference(current)
        for action, sources in (("source-remove", removed), ("source-add", added)):
            if sources:
                payload = sources_action(action, member.session.sid, self._own_jid, member.features, sources)
                self._wire.spawn(self.tell(member, build(payload), action))

    async def tell(self, member: Member, payload: Element, action: str) -> None:
        """Send a client something whose refusal changes nothing."""
        try:
            await self._wire.iq(f"{self._room}/{member.endpoint}", payload)
        except (IqError, IqTimeout) as error:
            log.info("not taken", room=self._room, endpoint=member.endpoint, action=action, reason=str(error))
