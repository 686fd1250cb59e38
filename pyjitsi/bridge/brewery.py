"""The bridge in one brewery: its presence there, and what the focus of that server asks.

A bridge may be in several, each by a connection of its own (JVB's muc-clients): every focus sees all of its load.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from xml.etree.ElementTree import Element

import structlog

from pyjitsi.bridge.stats import Stat, as_text
from pyjitsi.observe.http import Health
from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import Connection, Iq, Presence
from pyjitsi.xmpp.stanzas import colibri, colibri2, healthcheck
from pyjitsi.xmpp.stanzas import presence as room_presence
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("bridge")

REFUSED_RETRY = 5.0  # seconds; a nickname is taken until the server notices that its last bearer is gone
REMOVED_RETRY = 1.0
MAX_COMPLAINTS = 10_000

Modify = Callable[[colibri2.ConferenceModify], colibri2.ConferenceModified]


class Brewery:
    """``modify`` carries a request out, ``health`` and ``figures`` are the bridge's; refusals are counted."""

    def __init__(
        self, connection: Connection, room: str, nickname: str, modify: Modify, health: Callable[[], Health],
        figures: Callable[[], dict[str, Stat]], refused: Counter[tuple[str, str]],
    ) -> None:  # fmt: skip
        self.room: str = room
        self.nickname: str = nickname
        self.joined: asyncio.Event = asyncio.Event()
        self._connection: Connection = connection
        self._modify: Modify = modify
        self._health: Callable[[], Health] = health
        self._figures: Callable[[], dict[str, Stat]] = figures
        self._refused: Counter[tuple[str, str]] = refused
        self._complained: set[tuple[str, str]] = set()
        self._again: asyncio.TimerHandle | None = None

    @property
    def occupant(self) -> str:
        """Our address in it."""
        return f"{self.room}/{self.nickname}"

    async def start(self) -> None:
        """Begin to connect."""
        connection = self._connection
        connection.on_iq(colibri2.CONFERENCE_MODIFY, self._asked)
        connection.on_iq(healthcheck.HEALTHCHECK, self._checked)
        connection.on_presence(self._presence)
        connection.on_connected(self._enter)
        connection.on_disconnected(self.joined.clear)
        await connection.start()

    async def stop(self) -> None:
        """Leave, then close."""
        if self._again is not None:
            self._again.cancel()
        if self.joined.is_set():
            self._connection.send(muc.leave(self.room, self.nickname))
        await self._connection.stop()

    def publish(self) -> None:
        """Say how the bridge is, where it is in."""
        if self.joined.is_set():
            self._connection.send(muc.presence(self.occupant, [colibri.build_stats(as_text(self._figures()))]))

    async def _enter(self) -> None:
        self._join()

    def _join(self) -> None:
        self._connection.send(muc.join(self.room, self.nickname))

    def _presence(self, presence: Presence) -> None:
        if presence.from_ != self.occupant:
            return
        if presence.kind == "error":
            error = _condition(presence.element.find("{jabber:client}error"))
            self._log_once("the brewery refused us", error)
            self._out(REFUSED_RETRY)
        elif presence.kind == "unavailable":
            if self.joined.is_set():
                log.warning("removed from the brewery; entering again", brewery=self.room)
                self._out(REMOVED_RETRY)
        elif self.joined.is_set():
            pass  # our own news, or somebody who took our nickname, and is to leave by itself
        elif others := [each for each in room_presence.bearers(presence.element) if each != presence.to]:
            # The server takes two processes of one account for one occupant, and sends requests to the first of them.
            self._log_once("another process has our nickname; set nickname to one of its own", f"it is {others[0]}")
            self._connection.send(muc.leave(self.room, self.nickname))
            self._out(REFUSED_RETRY)
        else:
            self.joined.set()
            self.publish()

    def _out(self, retry: float) -> None:
        """We are not in the brewery: try again in ``retry`` seconds, until the stream says otherwise."""
        self.joined.clear()
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(retry, self._join)

    async def _asked(self, iq: Iq) -> Element:
        self._from_brewery(iq)
        try:
            answer = self._modify(colibri2.parse_modify(iq.payload))
        except StanzaError as error:
            self._refuse("colibri", error.condition, iq.from_, error.text)
            raise
        return colibri2.build_modified(answer)

    async def _checked(self, iq: Iq) -> None:
        self._from_brewery(iq)
        if not self.joined.is_set():
            raise StanzaError("internal-server-error", "not in the brewery")
        now = self._health()
        if not now.healthy:
            raise StanzaError("internal-server-error", now.reason)

    def _from_brewery(self, iq: Iq) -> None:
        if iq.from_.partition("/")[0].lower() != self.room.lower():
            self._refuse("colibri", "not-in-brewery", iq.from_, "only the brewery's occupants may ask")
            raise StanzaError("forbidden", "only the brewery's occupants may ask this bridge")

    def _refuse(self, what: str, reason: str, sender: str, text: str) -> None:
        self._refused[what, reason] += 1
        if (sender, reason) not in self._complained and len(self._complained) < MAX_COMPLAINTS:
            self._complained.add((sender, reason))
            log.warning("refused", what=what, reason=reason, sender=sender, text=text)

    def _log_once(self, what: str, reason: str) -> None:
        if (what, reason) not in self._complained:
            self._complained.add((what, reason))
            log.error(what, reason=reason, brewery=self.room, nickname=self.nickname)


def _condition(error: Element | None) -> str:
    return "unknown" if error is None or not len(error) else error[0].tag.rpartition("}")[2]
