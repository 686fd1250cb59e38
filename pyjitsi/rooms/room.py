"""A room as the tap tells of it: who is inside, and what the services remember of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FOCUS_NICK = "focus"

Kind = Literal["main", "breakout", "lobby"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session proved to be at log-in; None of it comes from what a client says of itself.

    ``features`` is None where the log-in said nothing of them; else only those that it names are allowed.
    """

    user: Mapping[str, Any] = field(default_factory=dict[str, Any])
    group: str | None = None
    features: Mapping[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in a room. ``nick`` is the endpoint's id; ``joined`` seconds of the epoch."""

    nick: str
    jid: str
    role: str
    affiliation: str
    name: str | None = None
    joined: float = 0.0
    identity: Identity | None = None

    @property
    def moderator(self) -> bool:
        """Whether it may moderate: owners and admins, whose role that is."""
        return self.role == "moderator"

    def may(self, feature: str) -> bool:
        """Whether a feature is allowed: by the log-in where that said something, else to moderators."""
        if self.identity is not None and self.identity.features is not None:
            return bool(self.identity.features.get(feature))
        return self.moderator


@dataclass
class Room:
    """One room. ``data`` is what the services keep with it, by service; plain JSON values."""

    jid: str
    kind: Kind
    occupants: dict[str, Occupant] = field(default_factory=dict[str, Occupant])
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def people(self) -> Iterator[Occupant]:
        """Everybody but the focus."""
        return (each for each in self.occupants.values() if each.nick != FOCUS_NICK)

    @property
    def moderators(self) -> Iterator[Occupant]:
        """The people who may moderate."""
        return (each for each in self.people if each.moderator)

    def address(self, nick: str) -> str:
        """An occupant's address."""
        return f"{self.jid}/{nick}"

    def nick_of(self, address: str) -> str | None:
        """The nick of somebody inside, by the address in the room."""
        room, _, nick = address.partition("/")
        return nick if room == self.jid and nick in self.occupants else None
