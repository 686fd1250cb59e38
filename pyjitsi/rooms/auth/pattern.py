"""Lua patterns for room names, matched in time proportional to name and pattern: no token can make us busy.

Of Lua's patterns (manual section 6.4.1) all character classes, sets and the four repetitions are here; captures, ``%b``
and ``%f`` are not. The whole name must match, where Lua would be content with a part.
"""

from collections.abc import Callable
from dataclasses import dataclass

Fits = Callable[[str], bool]
LONGEST = 256

CLASSES: dict[str, Fits] = {
    "a": lambda c: c.isascii() and c.isalpha(),
    "c": lambda c: ord(c) < 32 or ord(c) == 127,
    "d": lambda c: c.isascii() and c.isdigit(),
    "g": lambda c: 32 < ord(c) < 127,
    "l": lambda c: c.isascii() and c.islower(),
    "p": lambda c: 32 < ord(c) < 127 and not c.isalnum(),
    "s": lambda c: c in " \t\n\v\f\r",
    "u": lambda c: c.isascii() and c.isupper(),
    "w": lambda c: c.isascii() and c.isalnum(),
    "x": lambda c: c in "0123456789abcdefABCDEF",
}


class PatternError(ValueError):
    """A pattern that is malformed, too long, or holds what isn't supported."""


@dataclass(frozen=True, slots=True)
class _Item:
    fits: Fits
    repeats: bool
    optional: bool


def matches(pattern: str, name: str) -> bool:
    """Whether the whole name matches. Raises PatternError."""
    items = _parse(pattern)
    places = _closure({0}, items)
    for character in name:
        after: set[int] = set()
        for place in places:
            if place < len(items) and items[place].fits(character):
                after.add(place + 1)
                if items[place].repeats:
                    after.add(place)
        places = _closure(after, items)
        if not places:
            return False
    return len(items) in places


def _closure(places: set[int], items: list[_Item]) -> set[int]:
    """With all places that are reached by skipping what may be absent; a repetition's own place may be left too."""
    found = set(places)
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place < len(items) and items[place].optional and place + 1 not in found:
            found.add(place + 1)
            waiting.append(place + 1)
    return found


def _parse(pattern: str) -> list[_Item]:
    if len(pattern) > LONGEST:
        raise PatternError(f"a room pattern of {len(pattern)} characters is longer than {LONGEST}")
    text = pattern.removeprefix("^")
    if text.endswith("$") and not text.endswith("%$"):
        text = text[:-1]
    items: list[_Item] = []
    at = 0
    while at < len(text):
        fits, at = _single(text, at)
        sign = text[at] if at < len(text) else ""
        match sign:
            case "*" | "-":
                items.append(_Item(fits, repeats=True, optional=True))
            case "+":
                items.append(_Item(fits, repeats=True, optional=False))
            case "?":
                items.append(_Item(fits, repeats=False, optional=True))
            case _:
                items.append(_Item(fits, repeats=False, optional=False))
                continue
        at += 1
    return items


def _single(text: str, at: int) -> tuple[Fits, int]:
    character = text[at]
    if character in "()":
        raise PatternError("captures are not supported in room patterns")
    if character == ".":
        return lambda _: True, at + 1
    if character == "%":
        return _escaped(text, at)
    if character == "[":
        return _set(text, at + 1)
    return lambda c: c == character, at + 1


def _escaped(text: str, at: int) -> tuple[Fits, int]:
    if at + 1 >= len(text):
        raise PatternError("a room pattern ends with %")
    name = text[at + 1]
    if name in CLASSES:
        return CLASSES[name], at + 2
    if name.lower() in CLASSES:
        other = CLASSES[name.lower()]
        return lambda c: not other(c), at + 2
    if name.isalnum():
        raise PatternError(f"%{name} is not supported in room patterns")
    return lambda c: c == name, at + 2


def _set(text: str, at: int) -> tuple[Fits, int]:
    negated = text[at : at + 1] == "^"
    at += negated
    parts: list[Fits] = []
    first = True
    while first or text[at : at + 1] != "]":
        first = False
        if at >= len(text):
            raise PatternError("a room pattern has [ without ]")
        if text[at] == "%":
            fits, at = _escaped(text, at)
            parts.append(fits)
        elif text[at + 1 : at + 2] == "-" and text[at + 2 : at + 3] not in ("", "]"):
            parts.append(_between(text[at], text[at + 2]))
            at += 3
        else:
            parts.append(_between(text[at], text[at]))
            at += 1
    found = tuple(parts)
    return lambda c: any(fits(c) for fits in found) != negated, at + 1


def _between(low: str, high: str) -> Fits:
    return lambda c: low <= c <= high
