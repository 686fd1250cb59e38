"""Jitsi's compact form of sources: a JSON text in ``<json-message/>`` under ``<jingle/>``.

``{"sources": {owner: [[video], [video groups], [audio], [audio groups]?]}}`` with ``s`` SSRC, ``n`` name, ``m`` msid
and ``v`` ``"d"`` for a screen; a group is ``["f", primary, rtx]`` or ``["s", low, …, high]``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.ssma import MAX_SOURCES, Source, SsrcGroup
from pyjitsi.xmpp.stanzas.xml import is_xml

SEMANTICS = {"f": "FID", "s": "SIM"}
LETTERS = {name: letter for letter, name in SEMANTICS.items()}
MAX_OWNERS = 1000


@dataclass(frozen=True, slots=True)
class EndpointSources:
    """All sources of one endpoint, by media."""

    audio: tuple[Source, ...] = ()
    video: tuple[Source, ...] = ()
    audio_groups: tuple[SsrcGroup, ...] = ()
    video_groups: tuple[SsrcGroup, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.audio or self.video)


def build(sources: Mapping[str, EndpointSources]) -> str:
    """The JSON text."""
    owners: dict[str, list[list[Any]]] = {}
    for owner, each in sources.items():
        lists: list[list[Any]] = [
            [_build_source(source) for source in each.video],
            [_build_group(group) for group in each.video_groups],
            [_build_source(source) for source in each.audio],
        ]
        if each.audio_groups:
            lists.append([_build_group(group) for group in each.audio_groups])
        owners[owner] = lists
    return json.dumps({"sources": owners}, separators=(",", ":"))


def parse(text: str) -> dict[str, EndpointSources]:
    """Read the JSON text. Raises StanzaError(bad-request)."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise StanzaError("bad-request", "the sources are not JSON") from None
    owners: Any = cast(dict[str, Any], body).get("sources") if isinstance(body, dict) else None
    if not isinstance(owners, dict) or len(cast(dict[str, Any], owners)) > MAX_OWNERS:
        raise StanzaError("bad-request", "the message has no object of sources")
    return {owner: _owner(lists) for owner, lists in cast(dict[str, Any], owners).items()}


def _owner(lists: Any) -> EndpointSources:
    if not isinstance(lists, list) or not 3 <= len(cast(list[Any], lists)) <= 4:
        raise StanzaError("bad-request", "an owner's sources are three or four lists")
    parts = cast(list[Any], lists)
    if not all(isinstance(part, list) and len(cast(list[Any], part)) <= MAX_SOURCES for part in parts):
        raise StanzaError("bad-request", f"an owner's sources are lists of at most {MAX_SOURCES}")
    return EndpointSources(
        video=tuple(_source(each, "video") for each in parts[0]),
        video_groups=tuple(_group(each) for each in parts[1]),
        audio=tuple(_source(each, "audio") for each in parts[2]),
        audio_groups=tuple(_group(each) for each in parts[3]) if len(parts) == 4 else (),
    )


def _ssrc(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise StanzaError("bad-request", "an SSRC is an integer of 32 bits")
    return value


def _source(value: Any, media: str) -> Source:
    fields = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    name, msid = fields.get("n"), fields.get("m")
    if (name is not None and not isinstance(name, str)) or (msid is not None and not isinstance(msid, str)):
        raise StanzaError("bad-request", "a source's name and msid are texts")
    if not is_xml(name or "") or not is_xml(msid or ""):
        raise StanzaError("bad-request", "a source's name or msid holds what XML can't")  # others get them in XML
    kind = ("desktop" if fields.get("v") == "d" else "camera") if media == "video" else None
    return Source(_ssrc(fields.get("s")), name, msid, kind)


def _group(value: Any) -> SsrcGroup:
    parts = cast(list[Any], value) if isinstance(value, list) else []
    semantics = SEMANTICS.get(parts[0]) if parts and isinstance(parts[0], str) else None
    if semantics is None or len(parts) > MAX_SOURCES:
        raise StanzaError("bad-request", 'a group begins with "f" or "s"')
    return SsrcGroup(semantics, tuple(_ssrc(each) for each in parts[1:]))


def _build_source(source: Source) -> dict[str, Any]:
    fields: dict[str, Any] = {"s": source.ssrc}
    if source.name is not None:
        fields["n"] = source.name
    if source.msid is not None:
        fields["m"] = source.msid
    if source.video_type == "desktop":
        fields["v"] = "d"
    return fields


def _build_group(group: SsrcGroup) -> list[Any]:
    return [LETTERS[group.semantics], *group.ssrcs]
