"""Service discovery (XEP-0030): what a client can do."""

from pyjitsi.xmpp.stanzas.xml import Element, children

NS = "http://jabber.org/protocol/disco#info"
QUERY = f"{{{NS}}}query"
MAX_FEATURES = 500

AUDIO = "urn:xmpp:jingle:apps:rtp:audio"
VIDEO = "urn:xmpp:jingle:apps:rtp:video"
SCTP = "urn:xmpp:jingle:transports:dtls-sctp:1"
RTX = "urn:ietf:rfc:4588"
REMB = "http://jitsi.org/remb"
TCC = "http://jitsi.org/tcc"
OPUS_RED = "http://jitsi.org/opus-red"
JSON_SOURCES = "http://jitsi.org/json-encoded-sources"
SSRC_REWRITING = "http://jitsi.org/ssrc-rewriting-1"
RTP_MID_DEMUX = "http://jitsi.org/rtp-mid-demux"
ASSUMED = frozenset((AUDIO, VIDEO, SCTP))  # of a client that does not answer, as with Jicofo


def build_query(node: str | None) -> Element:
    """A ``disco#info`` request."""
    return Element(QUERY) if node is None else Element(QUERY, node=node)


def parse_features(query: Element | None) -> frozenset[str]:
    """The features of an answer."""
    if query is None:
        return ASSUMED
    found = [var for each in children(query, NS, "feature") if (var := each.get("var"))]
    return frozenset(found[:MAX_FEATURES])


def parse_components(query: Element | None) -> dict[str, str]:
    """The addresses of components that a domain's identities name, by type (Jitsi's way; 4-services.md 2.1)."""
    found: dict[str, str] = {}
    for each in children(query, NS, "identity") if query is not None else ():
        kind, name = each.get("type"), each.get("name")
        if each.get("category") == "component" and kind and name and len(found) < MAX_FEATURES:
            found[kind] = name
    return found
