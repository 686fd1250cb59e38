"""Whether a log-in is for a room (4-services.md section 1.4).

A room's node is ``name`` or ``[tenant]name``, the name in lower case and percent-encoded as clients do it.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

from pyjitsi.rooms.auth.grant import Scope
from pyjitsi.rooms.auth.pattern import PatternError, matches

NODE = re.compile(r"(?:\[([^\[\]]+)\])?(.+)", re.DOTALL)
UNESCAPED = "!'()*"  # what encodeURIComponent leaves alone beside letters, digits and -_.~


@dataclass(frozen=True, slots=True)
class Denied:
    """Why not: ``tag`` is the child of the error that clients look for (namespace http://jitsi.org/jitmeet)."""

    text: str
    tag: str | None = None


def node_of(name: str) -> str:
    """A room's name as the node that clients make of it: NFKC, lower case, percent-encoded, lower case again."""
    return quote(unicodedata.normalize("NFKC", name).lower(), safe=UNESCAPED).lower()


def judge(scope: Scope, node: str, domain: str, *, verify_domain: bool) -> Denied | None:
    """None lets in. ``domain`` is the clients' domain."""
    found = NODE.fullmatch(node)
    if found is None:
        return Denied("Room address is malformed", "invalid-room-address")
    tenant, room = found.group(1), found.group(2)
    if verify_domain:
        expected = domain if tenant is None else tenant
        if scope.sub not in ("*", expected):
            return Denied("Room and token mismatched")
        if scope.tenant is not None and tenant is not None and scope.tenant != tenant:
            return Denied("Room and token mismatched")
        if scope.regex and scope.room is not None:
            try:
                fits = matches(scope.room, room) or matches(scope.room, unquote(room))
            except PatternError:
                return Denied("The room pattern of the token is invalid", "invalid-regex")
            return None if fits else Denied("Room and token mismatched", "room-name-does-not-match")
    if scope.room in (None, "*") or _same(scope.room, room):
        return None
    return Denied("Room and token mismatched", None if verify_domain else "room-mismatch")


def _same(claim: str | None, room: str) -> bool:
    """Products write a room's name plainly or percent-encoded (Moodle); both mean one node, a look-alike doesn't.

    Of a name that was encoded before its letters were made small (``%C3%91`` for Ñ) the node is found by reading it.
    That is done of no other: who may choose names where the tokens are made could say ``%73tandup`` for another's room.
    """
    if claim is None:
        return False
    name = unquote(claim)
    return room in (claim, node_of(claim)) or (quote(name, safe="").lower() == claim and room == node_of(name))
