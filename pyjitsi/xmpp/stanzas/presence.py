"""Presence in a conference room: what participants say of themselves, and what the focus does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, child, children

NS_CLIENT = "jabber:client"
NS_MUC_USER = "http://jabber.org/protocol/muc#user"
NS_CAPS = "http://jabber.org/protocol/caps"
NS_JITMEET = "http://jitsi.org/jitmeet"
NS_FOCUS = "http://jitsi.org/protocol/focus"
MAX_SOURCE_INFO = 65_536

VideoType = Literal["camera", "desktop"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """What presence says of one source; absent ``muted`` counts as muted."""

    muted: bool = True
    video_type: VideoType = "camera"


@dataclass(frozen=True, slots=True)
class Occupant:
    """One occupant as its presence shows it."""

    jid: str | None
    role: str
    affiliation: str
    statuses: frozenset[str] = frozenset()
    caps: str | None = None
    stats_id: str | None = None
    region: str | None = None
    sources: Mapping[str, SourceState] = field(default_factory=dict[str, SourceState])


def parse(element: Element) -> Occupant:
    """Read an occupant's presence; an unreadable SourceInfo counts as none, as with Jicofo."""
    user = child(element, NS_MUC_USER, "x")
    item = None if user is None else child(user, NS_MUC_USER, "item")
    caps = child(element, NS_CAPS, "c")
    try:
        sources = parse_source_info(element.findtext(f"{{{NS_CLIENT}}}SourceInfo") or "{}")
    except StanzaError:
        sources = {}
    return Occupant(
        jid=None if item is None else item.get("jid"),
        role="none" if item is None else item.get("role", "none"),
        affiliation="none" if item is None else item.get("affiliation", "none"),
        statuses=frozenset(
            code for s in children(user, NS_MUC_USER, "status") if (code := s.get("code"))
        ) if user is not None else frozenset(),
        caps=f"{caps.get('node')}#{caps.get('ver')}" if caps is not None and caps.get("ver") else None,
        stats_id=element.findtext(f"{{{NS_CLIENT}}}stats-id"),
        region=element.findtext(f"{{{NS_CLIENT}}}jitsi_participant_region"),
        sources=sources,
    )  # fmt: skip


def bearers(element: Element) -> list[str]:
    """The real addresses behind an occupant's presence: several where sessions of one account share a nickname."""
    user = child(element, NS_MUC_USER, "x")
    items = [] if user is None else children(user, NS_MUC_USER, "item")
    return [jid for item in items if (jid := item.get("jid"))]


def parse_source_info(text: str) -> dict[str, SourceState]:
    """Read the JSON of ``<SourceInfo/>``. Raises StanzaError(bad-request)."""
    if len(text) > MAX_SOURCE_INFO:
        raise StanzaError("bad-request", f"SourceInfo of {len(text)} characters is longer than {MAX_SOURCE_INFO}")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise StanzaError("bad-request", "SourceInfo is not JSON") from None
    if not isinstance(body, dict):
        raise StanzaError("bad-request", "SourceInfo is no object")
    found: dict[str, SourceState] = {}
    for name, value in cast(dict[str, Any], body).items():
        fields = cast(dict[str, Any], value) if isinstance(value, dict) else {}
        kind = fields.get("videoType", "camera")
        if kind not in ("camera", "desktop"):
            raise StanzaError("bad-request", f"videoType {str(kind)[:20]!r} is not camera or desktop")
        found[name] = SourceState(fields.get("muted", True) is not False, kind)
    return found


def build_focus(version: str, properties: Mapping[str, str], *, bridge_available: bool) -> list[Element]:
    """The children of the focus's presence; each update repeats all of them."""
    versions = Element(f"{{{NS_JITMEET}}}versions")
    SubElement(versions, f"{{{NS_JITMEET}}}component", name="focus").text = version
    conference = Element(f"{{{NS_FOCUS}}}conference-properties")
    for key, value in properties.items():
        SubElement(conference, f"{{{NS_FOCUS}}}property", key=key, value=value)
    found = [versions, conference]
    if not bridge_available:
        found.append(Element(f"{{{NS_FOCUS}}}bridgeNotAvailable"))
    return found
