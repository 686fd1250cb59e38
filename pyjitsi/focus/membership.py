"""Who is in a conference room, as presence tells."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyjitsi.focus.session import RestartLimit, Session
from pyjitsi.xmpp.stanzas.presence import Occupant

FOCUS_NICK = "focus"


@dataclass
class Member:
    """A participant. ``endpoint`` is its nick, which is its endpoint id everywhere."""

    endpoint: str
    order: int
    occupant: Occupant
    restarts: RestartLimit
    ice_restarts: RestartLimit  # in place
    session: Session | None = None
    features: frozenset[str] | None = None
    complained: set[str] = field(default_factory=set[str])
    stepped_down: bool = False  # was moderator, and was made an ordinary participant

    @property
    def moderator(self) -> bool:
        """Whether it is one: owners and admins are."""
        return self.occupant.affiliation in ("owner", "admin")


class Membership:
    """Members by endpoint id; the focus itself is not one."""

    def __init__(self, restart_min_interval: float, restart_max_per_minute: int) -> None:
        self._members: dict[str, Member] = {}
        self._order: itertools.count[int] = itertools.count(1)
        self._limits: tuple[float, int] = (restart_min_interval, restart_max_per_minute)

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def get(self, endpoint: str) -> Member | None:
        """The member of that endpoint id."""
        return self._members.get(endpoint)

    def present(self, endpoint: str, occupant: Occupant) -> Member | None:
        """A presence; returns the member if it is new."""
        known = self._members.get(endpoint)
        if known is not None:
            known.stepped_down |= known.occupant.affiliation == "owner" and occupant.affiliation != "owner"
            known.occupant = occupant
            return None
        member = Member(endpoint, next(self._order), occupant, RestartLimit(*self._limits), RestartLimit(*self._limits))
        self._members[endpoint] = member
        return member

    def gone(self, endpoint: str) -> Member | None:
        """A member left; returns it."""
        return self._members.pop(endpoint, None)

    def needs_owner(self) -> Member | None:
        """The member to make owner where nobody is one: the first, before any who gave that up or lost it."""
        if any(member.occupant.affiliation == "owner" for member in self._members.values()):
            return None
        candidates = [member for member in self._members.values() if member.occupant.jid]
        return min(candidates, key=lambda member: (member.stepped_down, member.order), default=None)
