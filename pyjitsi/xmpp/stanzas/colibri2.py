"""COLIBRI2 (``jitsi:colibri2``): how a focus has a bridge make, change and end endpoints.

``ConferenceModify`` is the request, ``ConferenceModified`` the answer; both are parsed and built, since the focus and
the bridge each need one half. Sources are complete lists; absent (None) means unchanged.
"""

from dataclasses import dataclass
from typing import Literal

from pyjitsi.xmpp.stanzas import connects as exporting
from pyjitsi.xmpp.stanzas import ice_udp, jingle_rtp, ssma
from pyjitsi.xmpp.stanzas.errors import Condition, StanzaError
from pyjitsi.xmpp.stanzas.xml import (
    Element,
    SubElement,
    boolean,
    child,
    children,
    integer,
    optional_integer,
    required,
)

NS = "jitsi:colibri2"
CONFERENCE_MODIFY = f"{{{NS}}}conference-modify"
CONFERENCE_MODIFIED = f"{{{NS}}}conference-modified"
SOURCE_NAMES = "source-names"
SSRC_REWRITING = "ssrc-rewriting"
RTP_MID_DEMUX = "rtp-mid-demux"  # with SSRC rewriting: packets say which m-line they are for
PRIVATE_ADDRESSES = "private-address-connectivity"  # of somebody on the bridge's own network
MAX_ENDPOINTS = 1000  # of a batch; far over any meeting, far under what hurts

Reason = Literal[
    "conference_already_exists",
    "conference_not_found",
    "feature_not_implemented",
    "graceful_shutdown",
    "unknown_endpoint",
    "unspecified",
]


@dataclass(frozen=True, slots=True)
class Sctp:
    """A wish for, or the grant of, a data channel transport."""

    port: int | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """The outer transport: the bridge's ICE role, and the ICE-UDP description inside."""

    ice: ice_udp.IceUdpTransport | None = None
    ice_controlling: bool = False
    use_unique_port: bool = False
    ice_restart: bool = False
    sctp: Sctp | None = None


@dataclass(frozen=True, slots=True)
class MediaSource:
    """One named source with its SSRCs and their groups."""

    type: jingle_rtp.Media
    id: str
    sources: tuple[ssma.Source, ...] = ()
    groups: tuple[ssma.SsrcGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class ForceMute:
    """The complete mute state that a moderator imposed."""

    audio: bool = False
    video: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint in a request or an answer."""

    id: str
    create: bool = False
    expire: bool = False
    stats_id: str | None = None
    capabilities: frozenset[str] = frozenset()
    audio: jingle_rtp.Description | None = None
    video: jingle_rtp.Description | None = None
    transport: Transport | None = None
    sources: tuple[MediaSource, ...] | None = None
    force_mute: ForceMute | None = None
    initial_last_n: int | None = None
    visitor: bool = False


@dataclass(frozen=True, slots=True)
class Relay:
    """A link to another bridge, in a request or an answer; ``id`` is the other bridge's relay id.

    ``endpoints`` are those behind the link, with ``create``, ``expire`` or neither (their sources changed).
    """

    id: str
    create: bool = False
    expire: bool = False
    mesh_id: str | None = None
    audio: jingle_rtp.Description | None = None
    video: jingle_rtp.Description | None = None
    transport: Transport | None = None
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class ConferenceModify:
    """A request. ``connects`` is None where nothing is said of them."""

    meeting_id: str
    name: str | None = None
    create: bool = False
    expire: bool = False
    endpoints: tuple[Endpoint, ...] = ()
    relays: tuple[Relay, ...] = ()
    connects: tuple[exporting.Connect, ...] | None = None
    rtcstats: bool = True  # of a new conference: whether the bridge may show its state to collectors


@dataclass(frozen=True, slots=True)
class ConferenceModified:
    """An answer; ``sources`` are the bridge's feedback sources, present when something was created."""

    endpoints: tuple[Endpoint, ...] = ()
    sources: tuple[MediaSource, ...] | None = None
    relays: tuple[Relay, ...] = ()


def parse_modify(element: Element) -> ConferenceModify:
    """Read a ``<conference-modify/>``. Raises StanzaError(bad-request)."""
    endpoints = tuple(_endpoint(each) for each in children(element, NS, "endpoint"))
    if len(endpoints) > MAX_ENDPOINTS:
        raise StanzaError("bad-request", f"{len(endpoints)} endpoints in one request are more than {MAX_ENDPOINTS}")
    exported = child(element, NS, "connects")
    return ConferenceModify(
        meeting_id=required(element, "meeting-id"),
        name=element.get("name"),
        create=boolean(element, "create"),
        expire=boolean(element, "expire"),
        endpoints=endpoints,
        relays=tuple(_relay(each) for each in children(element, NS, "relay")),
        connects=None if exported is None else exporting.parse(exported),
        rtcstats=boolean(element, "rtcstats-enabled", default=True),
    )


def build_modify(request: ConferenceModify) -> Element:
    """Write a ``<conference-modify/>``."""
    element = Element(CONFERENCE_MODIFY)
    element.set("meeting-id", request.meeting_id)
    if request.name is not None:
        element.set("name", request.name)
    _flag(element, "create", request.create)
    _flag(element, "expire", request.expire)
    if request.create and not request.rtcstats:
        element.set("rtcstats-enabled", "false")
    element.extend(_build_endpoint(each) for each in request.endpoints)
    if request.connects is not None:
        element.append(exporting.build(request.connects))
    element.extend(_build_relay(each) for each in request.relays)
    return element


def parse_modified(element: Element) -> ConferenceModified:
    """Read a ``<conference-modified/>``. Raises StanzaError(bad-request)."""
    return ConferenceModified(
        endpoints=tuple(_endpoint(each) for each in children(element, NS, "endpoint")),
        sources=_sources(element),
        relays=tuple(_relay(each) for each in children(element, NS, "relay")),
    )


def build_modified(answer: ConferenceModified) -> Element:
    """Write a ``<conference-modified/>``."""
    element = Element(CONFERENCE_MODIFIED)
    element.extend(_build_endpoint(each) for each in answer.endpoints)
    element.extend(_build_relay(each) for each in answer.relays)
    if answer.sources is not None:
        _build_sources(element, answer.sources)
    return element


class ColibriError(StanzaError):
    """A refusal with COLIBRI2's own reason, which the focus acts on."""

    def __init__(self, condition: Condition, text: str, reason: Reason, endpoint: str | None = None) -> None:
        own = Element(f"{{{NS}}}error", reason=reason)
        named = () if endpoint is None else (Element(f"{{{NS}}}endpoint", id=endpoint),)
        super().__init__(condition, text, own, *named)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """What COLIBRI2 adds to a stanza error. ``from_bridge`` is False for errors that the MUC made itself."""

    from_bridge: bool
    reason: str | None
    endpoint: str | None


def parse_error(error: Element | None) -> ErrorDetail:
    """Read COLIBRI2's part of an ``<error/>``."""
    own = None if error is None else child(error, NS, "error")
    endpoint = None if error is None else child(error, NS, "endpoint")
    return ErrorDetail(
        from_bridge=own is not None,
        reason=None if own is None else (own.get("reason") or "unspecified").lower(),
        endpoint=None if endpoint is None else endpoint.get("id"),
    )


def _flag(element: Element, name: str, value: bool) -> None:
    if value:
        element.set(name, "true")


def _endpoint(element: Element) -> Endpoint:
    mute = child(element, NS, "force-mute")
    last_n = child(element, NS, "initial-last-n")
    transport = child(element, NS, "transport")
    descriptions = _descriptions(element)
    return Endpoint(
        id=required(element, "id"),
        create=boolean(element, "create"),
        expire=boolean(element, "expire"),
        stats_id=element.get("stats-id"),
        capabilities=frozenset(required(each, "name") for each in children(element, NS, "capability")),
        audio=descriptions.get("audio"),
        video=descriptions.get("video"),
        transport=None if transport is None else _transport(transport),
        sources=_sources(element),
        force_mute=None if mute is None else ForceMute(boolean(mute, "audio"), boolean(mute, "video")),
        initial_last_n=None if last_n is None else integer(last_n, "value", -1, 2**31 - 1),
        visitor=element.get("muc-role") == "visitor",
    )


def _descriptions(element: Element) -> dict[str, jingle_rtp.Description]:
    descriptions: dict[str, jingle_rtp.Description] = {}
    for media in children(element, NS, "media"):
        kind = required(media, "type")
        if kind not in ("audio", "video", "data", "application"):
            raise StanzaError("bad-request", f"media type {kind[:20]!r} is not audio or video")
        descriptions[kind] = jingle_rtp.parse(media)
    return descriptions


def _relay(element: Element) -> Relay:
    transport = child(element, NS, "transport")
    descriptions = _descriptions(element)
    listed = child(element, NS, "endpoints")
    endpoints = () if listed is None else tuple(_endpoint(each) for each in children(listed, NS, "endpoint"))
    if len(endpoints) > MAX_ENDPOINTS:
        raise StanzaError("bad-request", f"{len(endpoints)} endpoints behind a relay are more than {MAX_ENDPOINTS}")
    return Relay(
        id=required(element, "id"),
        create=boolean(element, "create"),
        expire=boolean(element, "expire"),
        mesh_id=element.get("mesh-id"),
        audio=descriptions.get("audio"),
        video=descriptions.get("video"),
        transport=None if transport is None else _transport(transport),
        endpoints=endpoints,
    )


def _transport(element: Element) -> Transport:
    inner = child(element, ice_udp.NS, "transport")
    sctp = child(element, NS, "sctp")
    return Transport(
        ice=None if inner is None else ice_udp.parse(inner),
        ice_controlling=boolean(element, "ice-controlling"),
        use_unique_port=boolean(element, "use-unique-port"),
        ice_restart=boolean(element, "ice-restart"),
        sctp=None if sctp is None else Sctp(optional_integer(sctp, "port", 0, 65535), sctp.get("role")),
    )


def _sources(element: Element) -> tuple[MediaSource, ...] | None:
    outer = child(element, NS, "sources")
    if outer is None:
        return None
    found: list[MediaSource] = []
    for each in children(outer, NS, "media-source"):
        kind = required(each, "type")
        if kind != "audio" and kind != "video":
            raise StanzaError("bad-request", f"media-source type {kind[:20]!r} is not audio or video")
        sources, groups = ssma.parse(each)
        found.append(MediaSource(kind, required(each, "id"), sources, groups))
    if len(found) > ssma.MAX_SOURCES:
        raise StanzaError("bad-request", f"{len(found)} sources are more than {ssma.MAX_SOURCES}")
    return tuple(found)


def _build_endpoint(endpoint: Endpoint) -> Element:
    element = Element(f"{{{NS}}}endpoint", id=endpoint.id)
    _flag(element, "create", endpoint.create)
    _flag(element, "expire", endpoint.expire)
    if endpoint.stats_id is not None:
        element.set("stats-id", endpoint.stats_id)
    if endpoint.visitor:
        element.set("muc-role", "visitor")
    for capability in sorted(endpoint.capabilities):
        SubElement(element, f"{{{NS}}}capability", name=capability)
    _build_media(element, endpoint.audio, endpoint.video)
    if endpoint.transport is not None:
        element.append(_build_transport(endpoint.transport))
    if endpoint.sources is not None:
        _build_sources(element, endpoint.sources)
    if endpoint.force_mute is not None:
        mute = SubElement(element, f"{{{NS}}}force-mute")
        mute.set("audio", str(endpoint.force_mute.audio).lower())
        mute.set("video", str(endpoint.force_mute.video).lower())
    if endpoint.initial_last_n is not None:
        SubElement(element, f"{{{NS}}}initial-last-n", value=str(endpoint.initial_last_n))
    return element


def _build_media(element: Element, audio: jingle_rtp.Description | None, video: jingle_rtp.Description | None) -> None:
    for kind, description in (("audio", audio), ("video", video)):
        if description is not None:
            jingle_rtp.build_into(SubElement(element, f"{{{NS}}}media", type=kind), description)


def _build_relay(relay: Relay) -> Element:
    element = Element(f"{{{NS}}}relay", id=relay.id)
    _flag(element, "create", relay.create)
    _flag(element, "expire", relay.expire)
    if relay.mesh_id is not None:
        element.set("mesh-id", relay.mesh_id)
    _build_media(element, relay.audio, relay.video)
    if relay.transport is not None:
        element.append(_build_transport(relay.transport))
    if relay.endpoints:
        SubElement(element, f"{{{NS}}}endpoints").extend(_build_endpoint(each) for each in relay.endpoints)
    return element


def _build_transport(transport: Transport) -> Element:
    element = Element(f"{{{NS}}}transport")
    _flag(element, "ice-controlling", transport.ice_controlling)
    _flag(element, "use-unique-port", transport.use_unique_port)
    _flag(element, "ice-restart", transport.ice_restart)
    if transport.ice is not None:
        element.append(ice_udp.build(transport.ice))
    if transport.sctp is not None:
        sctp = SubElement(element, f"{{{NS}}}sctp")
        if transport.sctp.port is not None:
            sctp.set("port", str(transport.sctp.port))
        if transport.sctp.role is not None:
            sctp.set("role", transport.sctp.role)
    return element


def _build_sources(element: Element, sources: tuple[MediaSource, ...]) -> None:
    outer = SubElement(element, f"{{{NS}}}sources")
    for source in sources:
        node = SubElement(outer, f"{{{NS}}}media-source", type=source.type, id=source.id)
        ssma.build_into(node, source.sources, source.groups)
