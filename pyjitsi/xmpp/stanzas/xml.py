"""Small helpers that every stanza file shares: names, attributes with types, and golden text.

Elements are plain ``xml.etree.ElementTree`` ones, which slixmpp uses too, so that parsing needs no connection.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp.stanzas.errors import StanzaError

__all__ = [
    "Element", "SubElement", "boolean", "child", "children", "integer", "is_xml", "local", "optional_integer",
    "required",
]  # fmt: skip


_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def is_xml(text: str) -> bool:
    """Whether a text that came another way, as in JSON, may stand in XML (XML 1.0 section 2.2)."""
    return _NOT_XML.search(text) is None


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element, namespace: str, name: str) -> Element | None:
    """The first direct child of that name."""
    return element.find(f"{{{namespace}}}{name}")


def children(element: Element, namespace: str, name: str) -> Iterator[Element]:
    """All direct children of that name, in order."""
    yield from element.findall(f"{{{namespace}}}{name}")


def required(element: Element, attribute: str) -> str:
    """The attribute's text; absent or empty is a ``bad-request``."""
    value = element.get(attribute)
    if not value:
        raise StanzaError("bad-request", f"<{local(element)}> lacks the attribute {attribute!r}")
    return value


def optional_integer(element: Element, attribute: str, low: int, high: int) -> int | None:
    """The attribute as an integer within [low, high], or None where it is absent."""
    text = element.get(attribute)
    if text is None:
        return None
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20):
        raise StanzaError("bad-request", f"<{local(element)} {attribute}={text[:40]!r}> is no integer")
    value = int(text)
    if not low <= value <= high:
        raise StanzaError("bad-request", f"<{local(element)} {attribute}={value}> is outside {low} to {high}")
    return value


def integer(element: Element, attribute: str, low: int, high: int) -> int:
    """As ``optional_integer``, but absent is a ``bad-request``."""
    value = optional_integer(element, attribute, low, high)
    if value is None:
        raise StanzaError("bad-request", f"<{local(element)}> lacks the attribute {attribute!r}")
    return value


def boolean(element: Element, attribute: str, default: bool = False) -> bool:
    """``true`` or ``false``; anything else counts as false, as with Jitsi's servers."""
    text = element.get(attribute)
    return default if text is None else text == "true"
