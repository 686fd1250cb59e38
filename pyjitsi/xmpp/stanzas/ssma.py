"""Source-specific media attributes (XEP-0339) with Jitsi's source names.

``Source`` is one SSRC as signalled; ``SsrcGroup`` ties several together (``SIM`` low to high, ``FID`` primary and RTX).
"""

from dataclasses import dataclass

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, child, children, integer, required

NS = "urn:xmpp:jingle:apps:rtp:ssma:0"
NS_JITMEET = "http://jitsi.org/jitmeet"
MAX_SOURCES = 256  # parsed per element; the focus's own limit per participant (20) answers with Jingle's error


@dataclass(frozen=True, slots=True)
class Source:
    """One SSRC: ``name`` is the source name (``3fa81c02-v0``), ``msid`` the stream and track labels, ``owner`` the
    occupant or endpoint that ``<ssrc-info/>`` names."""

    ssrc: int
    name: str | None = None
    msid: str | None = None
    video_type: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class SsrcGroup:
    """SSRCs that belong together; the order has meaning."""

    semantics: str
    ssrcs: tuple[int, ...]


def parse(element: Element) -> tuple[tuple[Source, ...], tuple[SsrcGroup, ...]]:
    """The ``<source/>`` and ``<ssrc-group/>`` children of ``element``. Raises StanzaError(bad-request)."""
    nodes = element.findall(f"{{{NS}}}source")
    groups = element.findall(f"{{{NS}}}ssrc-group")
    if len(nodes) > MAX_SOURCES or len(groups) > MAX_SOURCES:
        raise StanzaError("resource-constraint", f"{len(nodes)} sources are more than {MAX_SOURCES}")
    return tuple(_source(each) for each in nodes), tuple(_group(each) for each in groups)


def build_into(element: Element, sources: tuple[Source, ...], groups: tuple[SsrcGroup, ...]) -> None:
    """Append sources and groups to ``element``."""
    for source in sources:
        node = SubElement(element, f"{{{NS}}}source", ssrc=str(source.ssrc))
        if source.name is not None:
            node.set("name", source.name)
        if source.video_type is not None:
            node.set("videoType", source.video_type)
        if source.msid is not None:
            SubElement(node, f"{{{NS}}}parameter", name="msid", value=source.msid)
        if source.owner is not None:
            SubElement(node, f"{{{NS_JITMEET}}}ssrc-info", owner=source.owner)
    for group in groups:
        node = SubElement(element, f"{{{NS}}}ssrc-group", semantics=group.semantics)
        for ssrc in group.ssrcs:
            SubElement(node, f"{{{NS}}}source", ssrc=str(ssrc))


def _source(element: Element) -> Source:
    info = child(element, NS_JITMEET, "ssrc-info")
    msid = next((p.get("value") for p in children(element, NS, "parameter") if p.get("name") == "msid"), None)
    return Source(
        ssrc=integer(element, "ssrc", 0, 2**32 - 1),
        name=element.get("name"),
        msid=msid,
        video_type=element.get("videoType"),
        owner=None if info is None else info.get("owner"),
    )


def _group(element: Element) -> SsrcGroup:
    ssrcs = tuple(integer(each, "ssrc", 0, 2**32 - 1) for each in children(element, NS, "source"))
    if len(ssrcs) > MAX_SOURCES:
        raise StanzaError("bad-request", f"a group of {len(ssrcs)} SSRCs is longer than {MAX_SOURCES}")
    return SsrcGroup(required(element, "semantics").upper(), ssrcs)
