"""What clients can do: service discovery, asked once for each kind of client (XEP-0115, XEP-0030)."""

import structlog

from pyjitsi.focus.membership import Member
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.connection import IqError, IqTimeout
from pyjitsi.xmpp.stanzas import disco

log = structlog.get_logger("focus")

MAX_KINDS = 100  # a caps text is the client's own; what is remembered of them is bounded


class Features:
    """The clients of one room."""

    def __init__(self, room: str, wire: Wire) -> None:
        self._room: str = room
        self._wire: Wire = wire
        self._known: dict[str, frozenset[str]] = {}

    async def of(self, member: Member) -> frozenset[str]:
        """A member's features, noted on it; where it doesn't say, what every client of ours and Jitsi's can do."""
        caps = member.occupant.caps
        known = None if caps is None else self._known.get(caps)
        if known is None:
            try:
                answer = await self._wire.iq(f"{self._room}/{member.endpoint}", disco.build_query(caps), "get")
                known = disco.parse_features(answer)
            except (IqError, IqTimeout) as error:
                log.info("no features", room=self._room, endpoint=member.endpoint, reason=str(error))
                known = disco.ASSUMED
            else:
                if caps is not None and len(self._known) < MAX_KINDS:
                    self._known[caps] = known
        member.features = known
        return known
