"""What the services ask of the tap; ``mod_muc_meet_rooms.lua`` carries it out."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp.replies import NS_CLIENT

NS = "urn:pyjitsi:rooms"
MAX_BYTES = 200_000  # of one message to the tap; the component's stanza limit is 512 KiB

To = Literal["all", "moderators"] | tuple[str, ...]


def text_of(value: Mapping[str, Any] | list[Any]) -> str:
    """JSON for a client. Clients decode HTML's entities before they parse (lodash ``unescape``), so there are none."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("&", "\\u0026")


class Actions:
    """Collects what is to be done, in order, until somebody sends it."""

    def __init__(self) -> None:
        self.pending: list[tuple[str, dict[str, Any]]] = []

    def add(self, room: str, action: str, **values: Any) -> None:
        """Ask for an action in a room."""
        self.pending.append((room, {"do": action, "room": room, **values}))

    def tell(self, room: str, to: To, message: Mapping[str, Any]) -> None:
        """A service's message to occupants; the focus counts as a moderator."""
        self.add(room, "tell", to=to if isinstance(to, str) else list(to), json=text_of(message))

    def say(self, room: str, message: Mapping[str, Any]) -> None:
        """What the room itself says to everybody in it."""
        self.add(room, "say", json=text_of(message))

    def store(self, room: str, key: str, value: Any) -> None:
        """Keep a service's memory with the room."""
        self.add(room, "store", key=key, value=None if value is None else text_of(value))

    def take(self) -> list[Element]:
        """The stanzas of everything pending, a few actions each."""
        stanzas: list[Element] = []
        host, batch, size = "", list[str](), 0
        for room, action in self.pending:
            text = json.dumps(action, ensure_ascii=False, separators=(",", ":"))
            domain = room.partition("@")[2]
            if batch and (domain != host or size + len(text) > MAX_BYTES):
                stanzas.append(_stanza(host, batch))
                batch, size = [], 0
            host = domain
            batch.append(text)
            size += len(text.encode())
        if batch:
            stanzas.append(_stanza(host, batch))
        self.pending.clear()
        return stanzas


def _stanza(host: str, batch: Iterable[str]) -> Element:
    stanza = Element(f"{{{NS_CLIENT}}}message", to=host)
    SubElement(stanza, f"{{{NS}}}do").text = f"[{','.join(batch)}]"
    return stanza
