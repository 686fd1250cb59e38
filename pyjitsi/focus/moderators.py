"""Where a meeting's moderators are: in its main room, in one of its breakout rooms, or on the way between two.

One who is in a breakout room moderates the meeting all the same, so nobody else is made moderator meanwhile, though the
main room may stand empty, and its conference end and begin anew.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

WAY_SECONDS = 30.0  # to leave one room, ask for the other and enter it, on a slow network


class Place(Protocol):
    """A room as it matters here."""

    @property
    def main(self) -> str | None:
        """Of a breakout room: the room that it belongs to."""
        ...

    def has_moderator(self) -> bool:
        """Whether one is inside."""
        ...

    def elect(self) -> None:
        """Make somebody moderator where nobody is."""
        ...


class Moderators:
    """See the module's text. ``rooms`` are all there are, by address."""

    def __init__(self, rooms: Mapping[str, Place], later: Callable[[float, Callable[[], None]], object]) -> None:
        self._rooms: Mapping[str, Place] = rooms
        self._later: Callable[[float, Callable[[], None]], object] = later
        self._on_the_way: dict[str, float] = {}

    def are_elsewhere(self, main: str, now: float) -> bool:
        """Whether a main room has a moderator who is not in it, and stays one."""
        if now < self._on_the_way.get(main, now):
            return True
        return any(room.main == main and room.has_moderator() for room in self._rooms.values())

    def left(self, main: str, now: float, *, switching: bool) -> None:
        """One left a room of that meeting; ``switching`` to another of its rooms."""
        if switching:
            self._on_the_way[main] = now + WAY_SECONDS
            self._later(WAY_SECONDS, lambda: self._arrived(main, now + WAY_SECONDS))
        else:
            self._elect(main)

    def _arrived(self, main: str, until: float) -> None:
        if self._on_the_way.get(main) == until:
            del self._on_the_way[main]
            self._elect(main)

    def _elect(self, main: str) -> None:
        if (room := self._rooms.get(main)) is not None:
            room.elect()
