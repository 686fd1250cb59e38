"""COLIBRI2's ``<connects/>``: media that a bridge exports to a recorder, transcriber or translator by web-socket.

Two dialects (2-colibri.md section 3.9): since July 2026 each has an ``id`` and says whether it begins or ends; before,
the list was everything that was wanted, at most one, without ids. A list in which nobody has an id is the older one.
"""

from dataclasses import dataclass

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, boolean, child, children, integer, required

NS = "jitsi:colibri2"
TYPES = ("recorder", "transcriber", "translator")
MAX_CONNECTS = 64
MAX_NAMES = 1000  # of sources


@dataclass(frozen=True, slots=True)
class Ping:
    """How often the bridge asks whether the other side is there, and how long it waits; milliseconds."""

    interval: int
    timeout: int


@dataclass(frozen=True, slots=True)
class Connect:
    """One export. ``exports`` are names of sources, or all audio if there are none; ``requests`` are wanted back."""

    url: str
    type: str
    id: str | None = None
    create: bool = False
    expire: bool = False
    audio: bool = False
    video: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    ping: Ping | None = None
    exports: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()


def parse(element: Element) -> tuple[Connect, ...]:
    """Read a ``<connects/>``. Raises StanzaError(bad-request)."""
    nodes = list(children(element, NS, "connect"))
    if len(nodes) > MAX_CONNECTS:
        raise StanzaError("bad-request", f"{len(nodes)} connects are more than {MAX_CONNECTS}")
    found = tuple(_connect(each) for each in nodes)
    if len({each.id is None for each in found}) > 1:
        raise StanzaError("bad-request", "some connects have an id and some have none")
    return found


def is_older(connects: tuple[Connect, ...]) -> bool:
    """Whether a list is the whole of what is wanted, rather than changes by id."""
    return all(each.id is None for each in connects)


def build(connects: tuple[Connect, ...]) -> Element:
    """Write a ``<connects/>``."""
    element = Element(f"{{{NS}}}connects")
    for each in connects:
        node = SubElement(element, f"{{{NS}}}connect")
        if each.id is not None:
            node.set("id", each.id)
        node.set("url", each.url)
        node.set("protocol", "mediajson")
        node.set("type", each.type)
        for name in ("create", "expire", "audio", "video"):
            if getattr(each, name):
                node.set(name, "true")
        for name, value in each.headers:
            SubElement(node, f"{{{NS}}}http-header", name=name, value=value)
        if each.ping is not None:
            SubElement(node, f"{{{NS}}}ping", interval=str(each.ping.interval), timeout=str(each.ping.timeout))
        for outer, inner, names in (("exports", "export", each.exports), ("requests", "request", each.requests)):
            if names:
                listed = SubElement(node, f"{{{NS}}}{outer}")
                for name in names:
                    SubElement(listed, f"{{{NS}}}{inner}", name=name)
    return element


def _connect(element: Element) -> Connect:
    url, kind = required(element, "url"), required(element, "type").lower()
    if not url.lower().startswith(("ws://", "wss://")):
        raise StanzaError("bad-request", f"the connect's address {url[:40]!r} is not ws: or wss:")
    if required(element, "protocol").lower() != "mediajson":
        raise StanzaError("bad-request", "the one protocol of connects is mediajson")
    if kind not in TYPES:
        raise StanzaError("bad-request", f"the connect's type {kind[:20]!r} is not one of {', '.join(TYPES)}")
    ping = child(element, NS, "ping")
    return Connect(
        url=url,
        type=kind,
        id=element.get("id"),
        create=boolean(element, "create"),
        expire=boolean(element, "expire"),
        audio=boolean(element, "audio"),
        video=boolean(element, "video"),
        headers=tuple(_header(each) for each in children(element, NS, "http-header")),
        ping=None
        if ping is None
        else Ping(integer(ping, "interval", 1, 2**31 - 1), integer(ping, "timeout", 1, 2**31 - 1)),
        exports=_names(element, "exports", "export"),
        requests=_names(element, "requests", "request"),
    )


def _header(element: Element) -> tuple[str, str]:
    name = required(element, "name")
    if not name or not all(char.isascii() and (char.isalnum() or char == "-") for char in name):
        raise StanzaError("bad-request", f"{name[:40]!r} is no name of an HTTP header")
    return name, element.get("value", "").replace("\r", "").replace("\n", "")


def _names(element: Element, outer: str, inner: str) -> tuple[str, ...]:
    listed = child(element, NS, outer)
    names = () if listed is None else tuple(required(each, "name") for each in children(listed, NS, inner))
    if len(names) > MAX_NAMES:
        raise StanzaError("bad-request", f"{len(names)} {outer} are more than {MAX_NAMES}")
    return names
