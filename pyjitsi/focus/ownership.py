"""Who is made owner of a room, and so moderator: the first who comes, or everybody who has logged in."""

from collections.abc import Callable

import structlog

from pyjitsi.focus.membership import Member, Membership
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.connection import IqError, IqTimeout

log = structlog.get_logger("focus")


class Ownership:
    """``is_host`` says of a full JID whether somebody is behind it who moderates by log-in; None: nobody logs in."""

    def __init__(
        self, room: str, members: Membership, settings: FocusSettings, wire: Wire,
        is_host: Callable[[str], bool] | None,
    ) -> None:  # fmt: skip
        self._room: str = room
        self._members: Membership = members
        # Breakout rooms are moderated by the main room's moderators.
        self._main: bool = room.endswith(f"@{settings.rooms_domain}")
        self._elects: bool = settings.auto_owner and is_host is None
        self._is_host: Callable[[str], bool] = is_host or (lambda _jid: False)
        self._wire: Wire = wire
        self._electing: bool = False

    def joined(self, member: Member) -> None:
        """Somebody came."""
        jid = member.occupant.jid
        if self._main and jid is not None and member.occupant.affiliation != "owner" and self._is_host(jid):
            self._grant(jid)
        self.elect()

    def logged_in(self, jid: str) -> None:
        """Somebody who may be inside already has logged in, and moderates."""
        for member in self._members:
            if self._main and member.occupant.jid == jid and member.occupant.affiliation != "owner":
                self._grant(jid)

    def elect(self) -> None:
        """Make somebody owner where nobody is."""
        if not self._elects or not self._main or self._electing or self._wire.moderated_elsewhere():
            return
        member = self._members.needs_owner()
        if member is not None and member.occupant.jid is not None:
            # A room tells everybody of each grant, also of one that changes nothing: of a hundred people who come
            # before it shows, each would have it made once more.
            self._electing = True
            self._wire.spawn(self._elect(member, member.occupant.jid))

    async def _elect(self, member: Member, jid: str) -> None:
        try:
            granted = await self._ask(jid.partition("/")[0])
        finally:
            self._electing = False
        if granted and self._members.get(member.endpoint) is not member:
            self.elect()  # it left meanwhile

    def _grant(self, jid: str) -> None:
        self._wire.spawn(self._ask(jid.partition("/")[0]))

    async def _ask(self, jid: str) -> bool:
        """Whether it was granted."""
        try:
            await self._wire.grant_owner(jid)
        except (IqError, IqTimeout) as error:
            log.warning("owner not granted", room=self._room, jid=jid, reason=str(error))
            return False
        return True
