"""The tap's events (``mod_muc_meet_rooms.lua``), read."""

import json
from dataclasses import dataclass, field
from typing import Any, cast
from xml.etree.ElementTree import Element

from pyjitsi.rooms.actions import NS
from pyjitsi.rooms.room import Identity, Kind, Occupant


class TapError(ValueError):
    """An event that can't be understood: Lua modules and this process are of different versions."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole room. ``new`` are the nicks of those who came while nobody listened."""

    room: str
    kind: Kind
    occupants: tuple[Occupant, ...]
    new: frozenset[str]
    data: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody entered."""

    room: str
    occupant: Occupant


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody's role, affiliation or name is another."""

    room: str
    occupant: Occupant


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody is no longer inside."""

    room: str
    nick: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The room is over."""

    room: str


@dataclass(frozen=True, slots=True)
class Noted:
    """One of Prosody's modules knows something of the room that belongs into its metadata."""

    room: str
    key: str
    value: Any


Event = Snapshot | Joined | Changed | Left | Gone | Noted


def parse(message: Element) -> Event | None:
    """The event of a message; None where it carries none. Raises TapError."""
    text = message.findtext(f"{{{NS}}}tap")
    if text is None:
        return None
    try:
        body: dict[str, Any] = json.loads(text)
        room = str(body["room"])
        match body["event"]:
            case "room":
                described = [(_occupant(each), each) for each in body["occupants"]]
                return Snapshot(
                    room,
                    cast(Kind, body["kind"]),
                    tuple(occupant for occupant, _ in described),
                    frozenset(occupant.nick for occupant, each in described if not each["known"]),
                    _data(body["data"]),
                    body["notes"] if isinstance(body["notes"], dict) else {},
                )
            case "joined":
                return Joined(room, _occupant(body["occupant"]))
            case "changed":
                return Changed(room, _occupant(body["occupant"]))
            case "left":
                return Left(room, str(body["nick"]))
            case "gone":
                return Gone(room)
            case "noted":
                return Noted(room, str(body["key"]), body.get("value"))
            case other:
                raise TapError(f"event {other!r} of the tap is unknown; update both, or neither")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TapError(f"an event of the tap can't be read: {error!r}") from error


def _data(found: Any) -> dict[str, Any]:
    """What was stored, by service; Lua writes an empty table as a list."""
    return {} if not isinstance(found, dict) else {str(key): json.loads(text) for key, text in found.items()}


def _occupant(found: dict[str, Any]) -> Occupant:
    name = found.get("name")
    return Occupant(
        nick=str(found["nick"]),
        jid=str(found["jid"]),
        role=str(found["role"]),
        affiliation=str(found["affiliation"]),
        name=None if name is None else str(name),
        joined=float(found.get("joined", 0.0)),
        identity=_identity(found.get("identity")),
    )


def _identity(found: Any) -> Identity | None:
    if not isinstance(found, dict):
        return None
    features = found.get("features")
    group = found.get("group")
    return Identity(
        user=found["user"] if isinstance(found.get("user"), dict) else {},
        group=None if group is None else str(group),
        # Jitsi's tokens say true or "true".
        features=None if features is None else {
            str(name): value is True or value == "true" for name, value in (features or {}).items()
        } if not isinstance(features, list) else {},
    )  # fmt: skip
