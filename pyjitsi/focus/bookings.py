"""What holds for a room that somebody wants to open: as declared, as reserved, or nothing."""

from collections.abc import Callable

import structlog

from pyjitsi.focus.declared import Booking, DeclaredRoom, node_of
from pyjitsi.focus.reservations import Reservations, refusal
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("focus")


class Bookings:
    """See the module's text. ``now`` is the epoch's time in seconds."""

    def __init__(self, settings: FocusSettings, now: Callable[[], float]) -> None:
        self._declared: dict[str, DeclaredRoom] = {node_of(name): room for name, room in settings.rooms.items()}
        self._undeclared: bool = settings.undeclared_rooms
        self._now: Callable[[], float] = now
        self._reservations: Reservations | None = (
            None if settings.reservations is None else Reservations(settings.reservations, now)
        )

    async def book(self, room: str, requester: str) -> Booking | None:
        """The booking of a room's address; None where nothing is special about it. Raises StanzaError."""
        name = room.partition("@")[0]
        declared = self._declared.get(name)
        if declared is not None:
            try:
                booking = declared.book(self._now())
            except OSError as error:
                log.error("a room's password can't be read", room=room, reason=str(error))
                raise StanzaError("internal-server-error", "the room's password can't be read") from None
            if booking is None:
                raise refusal(403, "This room is closed at this hour")
            return booking
        if self._reservations is not None:
            return await self._reservations.book(name, requester)
        if not self._undeclared:
            raise refusal(403, "There is no such room here")
        return None

    async def release(self, booking: Booking) -> None:
        """A meeting is over."""
        if self._reservations is not None and booking.id:
            await self._reservations.release(booking.id)
