"""Who somebody proved to be with a password, and the names under which people log in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pyjitsi.rooms.auth.grant import Grant, Scope

ESCAPES = {
    "20": " ",
    "22": '"',
    "26": "&",
    "27": "'",
    "2f": "/",
    "3a": ":",
    "3c": "<",
    "3e": ">",
    "40": "@",
    "5c": "\\",
}


class Unavailable(Exception):
    """Whoever knows the passwords doesn't answer; the text is for the log."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account that was shown to be one's own. Empty texts are not known."""

    id: str
    name: str = ""
    email: str = ""
    moderator: bool = True

    def grant(self) -> Grant:
        """What it opens: every room."""
        known: Mapping[str, str] = {"id": self.id, "name": self.name, "email": self.email}
        return Grant(Scope(None, "*"), {key: text for key, text in known.items() if text}, moderator=self.moderator)


class Accounts(Protocol):
    """Somebody who knows passwords."""

    async def check(self, name: str, password: str) -> Person | None:
        """Whose they are, None for nobody's. Raises Unavailable."""
        ...

    async def stop(self) -> None:
        """Nobody asks any more."""
        ...


def unescaped(node: str) -> str:
    """A log-in name from an XMPP node (XEP-0106), in which an address's ``@`` is ``\\40``."""
    head, *rest = node.split("\\")
    parts = [head]
    parts += (ESCAPES[each[:2]] + each[2:] if each[:2] in ESCAPES else f"\\{each}" for each in rest)
    return "".join(parts)
