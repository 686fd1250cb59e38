"""One room on the wire: the focus's occupancy of it, and the ``Wire`` of its conference."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Literal
from xml.etree.ElementTree import Element

import structlog

from pyjitsi import __version__, clock
from pyjitsi.focus.choice import BridgeChoice
from pyjitsi.focus.conference import Conference
from pyjitsi.focus.declared import Booking
from pyjitsi.focus.journal import Journal
from pyjitsi.focus.membership import FOCUS_NICK
from pyjitsi.focus.metrics import JINGLE
from pyjitsi.focus.moderators import Moderators
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT, Connection, IqError, IqTimeout, Presence
from pyjitsi.xmpp.stanzas import jingle
from pyjitsi.xmpp.stanzas import presence as room_presence

log = structlog.get_logger("focus")

JOIN_TIMEOUT = 10.0
WRITE_DELAY = 0.2  # seconds: several changes are written once
CREATED = "201"  # the status of who made the room by entering it
SWITCHING = "switch_room"  # what a client says that leaves for a breakout room, or comes back from one
# In the room's information and the owner's form, where the server gives them.
MEETING_ID = "muc#roominfo_meetingId"
MAIN_ROOM = "muc#roominfo_breakout_main_room"


class JoinError(Exception):
    """The focus could not enter a room."""


class Room:
    """Enters the room, keeps the conference fed, and leaves when it is over."""

    def __init__(
        self, room: str, own_jid: str, connection: Connection, settings: FocusSettings, bridges: BridgeChoice,
        journal: Journal, ended: Callable[["Room"], None], book: Callable[[], Awaitable[Booking | None]] | None = None,
        is_host: Callable[[str], bool] | None = None, moderators: Moderators | None = None,
    ) -> None:  # fmt: skip
        self.address: str = room
        self._own_jid: str = own_jid
        self._connection: Connection = connection
        self._ended: Callable[[Room], None] = ended
        self._tasks: set[asyncio.Task[object]] = set()
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._joining: asyncio.Task[None] | None = None
        self._book: Callable[[], Awaitable[Booking | None]] | None = book
        self.booking: Booking | None = None
        self._created: bool = False
        self.over: bool = False  # the meeting, not merely our part in it
        self._timeout: float = settings.reply_timeout_seconds
        self.log = log.bind(room=room)
        self._journal: Journal = journal
        self._writing: asyncio.TimerHandle | None = None
        self.main: str | None = None  # of a breakout room: the room that it belongs to
        self._moderators: Moderators = moderators or Moderators({room: self}, self.later)
        self.conference: Conference = Conference(room, own_jid, settings, bridges, self, journal.read(room), is_host)

    async def ready(self) -> None:
        """Return once the focus is in the room and it is configured.

        Raises JoinError, or the StanzaError of a booking that was refused.
        """
        if self._joining is None:
            self._joining = asyncio.create_task(self._join())
        await asyncio.shield(self._joining)

    async def _join(self) -> None:
        if self._book is not None:
            self.booking = await self._book()
        # Until the form is submitted nobody else gets in, who could slip past a password.
        hold = () if self.booking is None else (Element("{urn:pyjitsi:rooms}hold"),)
        self._connection.send(muc.join(self.address, FOCUS_NICK, hold, from_=self._own_jid))
        try:
            async with asyncio.timeout(JOIN_TIMEOUT):
                await asyncio.shield(self._joined)
            await self._configure()
        except TimeoutError:
            raise JoinError(f"{self.address} did not let the focus in within {JOIN_TIMEOUT:g} s") from None
        except (IqError, IqTimeout) as error:
            raise JoinError(f"{self.address} could not be configured: {error}") from None
        self.conference.publish()
        self.conference.entered()

    async def _configure(self) -> None:
        """Learn what the room says of itself, and set what it lacks. Raises IqError or IqTimeout.

        The owner's form has the same fields, and takes the server five times as long: of a server with many rooms it is
        asked only where the room's information lacks them.
        """
        try:
            features, fields = await muc.information(self._connection, self.address, from_=self._own_jid)
        except IqError:
            features, fields = frozenset[str](), dict[str, str]()
        if MEETING_ID not in fields:
            fields = await muc.owner_form(self._connection, self.address, from_=self._own_jid)
        self.conference.placing.meeting_id = fields.get(MEETING_ID) or self.conference.placing.meeting_id
        self.main = fields.get(MAIN_ROOM) or None
        if muc.SHOWS_ADDRESSES in features and self.booking is None:
            return
        values = {"muc#roomconfig_whois": "anyone"}
        if self._created and self.booking is not None:
            values |= self.booking.fields()
            self.conference.start_muted = _first(self.booking.start_muted, self.conference.start_muted)
        await muc.configure(self._connection, self.address, values, from_=self._own_jid)

    def presence(self, presence: Presence) -> None:
        """A presence of this room."""
        nick = presence.from_.partition("/")[2]
        if nick == FOCUS_NICK or not nick:
            self._own(presence)
        elif presence.kind == "available":
            self.conference.present(nick, room_presence.parse(presence.element))
        elif presence.kind == "unavailable":
            switching = presence.element.findtext(f"{{{NS_CLIENT}}}status") == SWITCHING
            self.conference.gone(nick, switching=switching)

    def _own(self, presence: Presence) -> None:
        if presence.kind == "available":
            if not self._joined.done():
                self._created = CREATED in room_presence.parse(presence.element).statuses
                self._joined.set_result(None)
        elif not self._joined.done():
            self._joined.set_exception(JoinError(f"{self.address} refused the focus"))
            self.conference.stop()
        else:
            self.log.warning("removed from the room")
            self.conference.stop()

    def abandon(self) -> None:
        """The stream was lost: forget everything without a word to anybody."""
        self.conference.closed = True
        if self._writing is not None:
            self._write()
        self._finish()

    def _finish(self) -> None:
        if not self._joined.done():
            self._joined.set_exception(JoinError(f"{self.address} was left"))
        if not self._joined.cancelled():
            self._joined.exception()  # seen, whether or not somebody waits
        self._ended(self)

    def has_moderator(self) -> bool:
        """Whether one is inside."""
        return any(member.moderator for member in self.conference.members)

    def elect(self) -> None:
        """Make somebody moderator where nobody is."""
        self.conference.ownership.elect()

    # Wire.

    def now(self) -> float:
        return clock.monotonic()

    async def iq(self, to: str, payload: Element, kind: str = "set") -> Element | None:
        if payload.tag == jingle.JINGLE and (counted := JINGLE["sent"].get(payload.get("action", ""))) is not None:
            counted.inc()
        form: Literal["get", "set"] = "get" if kind == "get" else "set"
        return await self._connection.iq(to, payload, kind=form, from_=self._own_jid, timeout=self._timeout)

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[object]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("a conference task failed", exc_info=error)

    def later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        return asyncio.get_running_loop().call_later(seconds, action).cancel

    def publish(self, properties: Mapping[str, str], bridge_available: bool) -> None:
        children = room_presence.build_focus(__version__, properties, bridge_available=bridge_available)
        self._connection.send(muc.presence(f"{self.address}/{FOCUS_NICK}", children, from_=self._own_jid))

    async def grant_owner(self, jid: str) -> None:
        await muc.set_affiliation(self._connection, self.address, jid, "owner", from_=self._own_jid)

    def moderated_elsewhere(self) -> bool:
        return self._moderators.are_elsewhere(self.address, self.now())

    def moderator_left(self, *, switching: bool) -> None:
        self._moderators.left(self.main or self.address, self.now(), switching=switching)

    def changed(self) -> None:
        if self._writing is None and not self.conference.closed:
            delay = WRITE_DELAY * (1 + len(self.conference.members) / 25)  # a page grows with the square of them
            self._writing = asyncio.get_running_loop().call_later(delay, self._write)

    def _write(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        self._journal.write(self.conference.record())

    def ended(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        self.over = True
        self._journal.forget(self.address)
        self._connection.send(muc.leave(self.address, FOCUS_NICK, from_=self._own_jid))
        self._finish()


def _first(
    limits: tuple[int | None, int | None], others: tuple[int | None, int | None]
) -> tuple[int | None, int | None]:
    """Of audio and video each, the first limit that is set."""
    return limits[0] if limits[0] is not None else others[0], limits[1] if limits[1] is not None else others[1]
