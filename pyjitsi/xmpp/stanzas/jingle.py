"""Jingle (XEP-0166) as Jitsi's focus and clients speak it, with BUNDLE, bridge session and start-muted beside it."""

from dataclasses import dataclass, field

from pyjitsi.xmpp.stanzas import ice_udp, jingle_rtp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, boolean, child, children, required

NS = "urn:xmpp:jingle:1"
JINGLE = f"{{{NS}}}jingle"
NS_GROUPING = "urn:xmpp:jingle:apps:grouping:0"
NS_SCTP = "urn:xmpp:jingle:transports:dtls-sctp:1"
NS_FOCUS = "http://jitsi.org/protocol/focus"
NS_START_MUTED = "http://jitsi.org/jitmeet/start-muted"
NS_COLIBRI2 = "jitsi:colibri2"
NS_ERRORS = "urn:xmpp:jingle:errors:1"
MAX_CONTENTS = 16


@dataclass(frozen=True, slots=True)
class Content:
    """One content: its media, what it can do, its sources and transport. ``sctp`` asks for a data channel on 5000."""

    name: str
    creator: str = "initiator"
    senders: str | None = "both"
    media: str | None = None
    description: jingle_rtp.Description | None = None
    sources: tuple[ssma.Source, ...] = ()
    groups: tuple[ssma.SsrcGroup, ...] = ()
    transport: ice_udp.IceUdpTransport | None = None
    sctp: bool = False
    initial_last_n: int | None = None


@dataclass(frozen=True, slots=True)
class BridgeSession:
    """Which allocation on which bridge a session belongs to, and what the client asks of it."""

    id: str | None
    region: str | None = None
    restart: bool = False
    ice_restart: bool = False


@dataclass(frozen=True, slots=True)
class Jingle:
    """One action. ``json`` is the text of a compact sources message; ``extra`` is appended as it is when built.

    ``ice_failed``: a session-info by which a client says that it can't reach its bridge.
    """

    action: str
    sid: str
    initiator: str | None = None
    responder: str | None = None
    contents: tuple[Content, ...] = ()
    group: tuple[str, ...] = ()
    bridge_session: BridgeSession | None = None
    reason: str | None = None
    reason_text: str | None = None
    json: str | None = None
    start_muted: tuple[bool, bool] | None = None
    ice_failed: bool = False
    extra: tuple[Element, ...] = field(default=(), compare=False)

    def transport(self) -> ice_udp.IceUdpTransport | None:
        """The transport of the first content that has credentials (BUNDLE)."""
        found = [each.transport for each in self.contents if each.transport is not None]
        return next((each for each in found if each.ufrag), found[0] if found else None)


def parse(element: Element) -> Jingle:
    """Read a ``<jingle/>``. Raises StanzaError(bad-request)."""
    nodes = element.findall(f"{{{NS}}}content")
    if len(nodes) > MAX_CONTENTS:
        raise StanzaError("bad-request", f"{len(nodes)} contents are more than {MAX_CONTENTS}")
    session = child(element, NS_FOCUS, "bridge-session")
    group = child(element, NS_GROUPING, "group")
    reason = child(element, NS, "reason")
    words = [] if reason is None else list(reason)
    start_muted = child(element, NS_START_MUTED, "startmuted")
    return Jingle(
        action=required(element, "action"),
        sid=required(element, "sid"),
        initiator=element.get("initiator"),
        responder=element.get("responder"),
        contents=tuple(_content(each) for each in nodes),
        group=() if group is None else tuple(required(c, "name") for c in children(group, NS_GROUPING, "content")),
        bridge_session=None
        if session is None
        else BridgeSession(
            session.get("id"), session.get("region"), boolean(session, "restart"), boolean(session, "ice-restart")
        ),
        reason=next((each.tag.rpartition("}")[2] for each in words if not each.tag.endswith("}text")), None),
        reason_text=next((each.text for each in words if each.tag.endswith("}text")), None),
        json=element.findtext(f"{{{ssma.NS_JITMEET}}}json-message"),
        start_muted=None if start_muted is None else (boolean(start_muted, "audio"), boolean(start_muted, "video")),
        ice_failed=element.findtext(f"{{{NS_FOCUS}}}ice-state") == "failed",
    )


def build(jingle: Jingle) -> Element:
    """Write a ``<jingle/>``."""
    element = Element(JINGLE, action=jingle.action, sid=jingle.sid)
    for name, value in (("initiator", jingle.initiator), ("responder", jingle.responder)):
        if value is not None:
            element.set(name, value)
    if jingle.reason is not None:
        reason = SubElement(element, f"{{{NS}}}reason")
        SubElement(reason, f"{{{NS}}}{jingle.reason}")
        if jingle.reason_text:
            SubElement(reason, f"{{{NS}}}text").text = jingle.reason_text
    element.extend(_build_content(each) for each in jingle.contents)
    if jingle.group:
        group = SubElement(element, f"{{{NS_GROUPING}}}group", semantics="BUNDLE")
        for name in jingle.group:
            SubElement(group, f"{{{NS_GROUPING}}}content", name=name)
    if jingle.bridge_session is not None:
        element.append(_build_bridge_session(jingle.bridge_session))
    if jingle.start_muted is not None:
        audio, video = (str(each).lower() for each in jingle.start_muted)
        SubElement(element, f"{{{NS_START_MUTED}}}startmuted", audio=audio, video=video)
    if jingle.json is not None:
        SubElement(element, f"{{{ssma.NS_JITMEET}}}json-message").text = jingle.json
    element.extend(jingle.extra)
    return element


def unknown_session() -> StanzaError:
    """The error for a ``sid`` that is not there."""
    return StanzaError("bad-request", "no session with that sid", Element(f"{{{NS_ERRORS}}}unknown-session"))


def _content(element: Element) -> Content:
    description = child(element, jingle_rtp.NS, "description")
    transport = child(element, ice_udp.NS, "transport")
    last_n = child(element, NS_COLIBRI2, "initial-last-n")
    sources: tuple[ssma.Source, ...] = ()
    groups: tuple[ssma.SsrcGroup, ...] = ()
    if description is not None:
        sources, groups = ssma.parse(description)
    value = "" if last_n is None else last_n.get("value", "")
    return Content(
        name=required(element, "name"),
        creator=element.get("creator", "initiator"),
        senders=element.get("senders"),
        media=None if description is None else description.get("media"),
        description=None if description is None else jingle_rtp.parse(description),
        sources=sources,
        groups=groups,
        transport=None if transport is None else ice_udp.parse(transport),
        sctp=transport is not None and child(transport, NS_SCTP, "sctpmap") is not None,
        initial_last_n=int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None,
    )


def _build_content(content: Content) -> Element:
    element = Element(f"{{{NS}}}content", creator=content.creator, name=content.name)
    if content.senders is not None:
        element.set("senders", content.senders)
    if content.media is not None:
        node = SubElement(element, f"{{{jingle_rtp.NS}}}description", media=content.media)
        if content.media == "audio":
            node.set("maxptime", "60")
        if content.description is not None:
            jingle_rtp.build_into(node, content.description)
        ssma.build_into(node, content.sources, content.groups)
        SubElement(node, f"{{{jingle_rtp.NS}}}rtcp-mux")
    if content.transport is not None:
        transport = ice_udp.build(content.transport)
        if content.sctp:
            SubElement(transport, f"{{{NS_SCTP}}}sctpmap", number="5000", protocol="webrtc-datachannel",
                       streams="1024")  # fmt: skip
        element.append(transport)
    return element


def _build_bridge_session(session: BridgeSession) -> Element:
    element = Element(f"{{{NS_FOCUS}}}bridge-session")
    if session.id is not None:
        element.set("id", session.id)
    if session.region is not None:
        element.set("region", session.region)
    if session.restart:
        element.set("restart", "true")
    if session.ice_restart:
        element.set("ice-restart", "true")
    return element
