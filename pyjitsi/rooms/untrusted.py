"""JSON that clients wrote, read with care."""

import json
from typing import Any, cast

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import is_xml

MAX_DEPTH = 16
FORBIDDEN = frozenset({"__proto__", "constructor", "prototype"})  # of use only against other clients


def read(text: str | None, most: int) -> dict[str, Any]:
    """An object of at most ``most`` bytes. Raises StanzaError(bad-request), also where a key comes twice."""
    if not text or len(text.encode("utf-8", "replace")) > most:
        raise StanzaError("bad-request", f"expected a JSON object of at most {most} bytes")
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise StanzaError("bad-request", f"that is no JSON of ours: {str(error)[:80]}") from None
    if not isinstance(found, dict):
        raise StanzaError("bad-request", "expected a JSON object")
    _check(found, MAX_DEPTH)
    return cast(dict[str, Any], found)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    if found.keys() & FORBIDDEN:
        raise ValueError("a key has a name that means something to JavaScript")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise StanzaError("bad-request", "the JSON is nested too deeply")
    match value:
        case str() if not is_xml(value):
            raise StanzaError("bad-request", "the JSON holds characters that XML can't carry")
        case dict():
            for key, each in cast(dict[str, Any], value).items():
                _check(key, depth)
                _check(each, depth - 1)
        case list():
            for each in cast(list[Any], value):
                _check(each, depth - 1)
        case float() if abs(value) > 1e300:
            raise StanzaError("bad-request", "the JSON holds a number that is none")
        case _:
            pass
