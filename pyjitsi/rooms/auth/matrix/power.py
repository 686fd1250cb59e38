"""Who moderates a Matrix room (client-server API, ``m.room.power_levels`` and ``m.room.create``)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Json = Mapping[str, Any]
STATE_DEFAULT = 50  # where an event of power levels doesn't say
CREATOR = 100  # where there is no such event


@dataclass(frozen=True, slots=True)
class Room:
    """What a room's state says of power; ``creators`` are above all levels (room version 12 on)."""

    levels: Json = field(default_factory=dict[str, Any])
    creators: frozenset[str] = frozenset()

    def level_of(self, user: str) -> float:
        """Somebody's power."""
        if user in self.creators:
            return math.inf
        users = self.levels.get("users")
        own = _number(cast(Json, users).get(user)) if isinstance(users, dict) else None
        if own is not None:
            return own
        return _number(self.levels.get("users_default")) or 0

    def moderates(self, user: str, least: int | None) -> bool:
        """Whether somebody has that power; None: what changes the room's settings."""
        return self.level_of(user) >= (self.needed if least is None else least)

    @property
    def needed(self) -> int:
        """What changes the room's settings."""
        found = _number(self.levels.get("state_default"))
        return STATE_DEFAULT if found is None else found


def read_state(events: Iterable[Any], room_id: str) -> Room:
    """The room of its state events; strange ones are passed over."""
    levels: Json | None = None
    creator = ""
    others: frozenset[str] = frozenset()
    for event in events:
        if not isinstance(event, dict):
            continue
        fields = cast(dict[str, Any], event)
        content = fields.get("content")
        if fields.get("state_key", "") != "" or not isinstance(content, dict):
            continue
        said = cast(dict[str, Any], content)
        if fields.get("type") == "m.room.power_levels":
            levels = said
        elif fields.get("type") == "m.room.create":
            creator = str(fields.get("sender") or said.get("creator") or "")
            more = said.get("additional_creators")
            listed = cast(list[Any], more) if isinstance(more, list) else []
            others = frozenset(each for each in listed if isinstance(each, str))
    # From room version 12 on an id is a hash without a server, and creators stand above the levels.
    if ":" not in room_id:
        return Room(levels or {}, others | ({creator} if creator else frozenset()))
    return Room(levels if levels is not None else {"users": {creator: CREATOR}} if creator else {})


def _number(value: Any) -> int | None:
    """A level; rooms of old versions have some as texts."""
    if isinstance(value, str):
        try:
            return int(value[:20])
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
