"""Which bridge each participant of a conference comes to."""

import uuid
from collections.abc import Callable

import structlog

from pyjitsi.focus.bridge_session import BridgeSession
from pyjitsi.focus.cascade import Cascade
from pyjitsi.focus.choice import BridgeChoice
from pyjitsi.focus.membership import Member, Membership
from pyjitsi.focus.record import ConferenceRecord
from pyjitsi.focus.wire import Wire

log = structlog.get_logger("focus")


class Placing:
    """The meeting as its bridges know it. ``changed`` is called where the room should be told of another number of
    bridges, or that there is none."""

    def __init__(
        self, room: str, cascade: Cascade, members: Membership, bridges: BridgeChoice, wire: Wire,
        changed: Callable[[], None], record: ConferenceRecord | None,
    ) -> None:  # fmt: skip
        self.room: str = room
        self.meeting_id: str = str(uuid.uuid4()) if record is None else record.meeting_id
        self.rtcstats: bool = True if record is None else record.rtcstats
        self.pinned: str | None = bridges.pin(room, wire.now()) if record is None else record.pinned
        self.available: bool = True
        self._cascade: Cascade = cascade
        self._members: Membership = members
        self._bridges: BridgeChoice = bridges
        self._wire: Wire = wire
        self._changed: Callable[[], None] = changed

    def choose(self, member: Member) -> BridgeSession | None:
        """A bridge for a participant; None where none can be had."""
        now, cascade = self._wire.now(), self._cascade
        bridge = self._bridges.select(
            now, self._placed(), region=member.occupant.region, version=self.pinned, room=self.room
        )
        session = None
        before = len(cascade), self.available
        if bridge is not None:
            session = cascade.session(bridge, self.meeting_id, rtcstats=self.rtcstats)
            self._bridges.placed(bridge.jid, self.room, now)
            if len(cascade) != before[0]:
                log.info("bridge chosen", room=self.room, bridge=bridge.jid)
        self.available = session is not None
        if before[1] and session is None:
            log.warning("no bridge available", room=self.room)
        if before != (len(cascade), self.available):
            self._changed()
        return session

    def on(self, bridge: str) -> list[Member]:
        """The participants on a bridge."""
        return [
            member
            for member in self._members
            if member.session is not None and member.session.state != "ended" and member.session.bridge.bridge == bridge
        ]

    def _placed(self) -> dict[str, int]:
        """How many are on each of the conference's bridges."""
        placed = dict.fromkeys(self._cascade.sessions, 0)
        for member in self._members:
            if member.session is not None and member.session.state != "ended":
                jid = member.session.bridge.bridge
                placed[jid] = placed.get(jid, 0) + 1
        return placed
