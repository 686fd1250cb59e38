"""Jingle ICE-UDP transport (XEP-0176) with the DTLS fingerprint (XEP-0320) and Jitsi's bridge web-socket inside.

The same element travels in Jingle between focus and client and in COLIBRI2 between focus and bridge.
"""

from dataclasses import dataclass
from typing import Literal

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, child, children, integer, optional_integer, required

NS = "urn:xmpp:jingle:transports:ice-udp:1"
NS_DTLS = "urn:xmpp:jingle:apps:dtls:0"
NS_COLIBRI = "http://jitsi.org/protocol/colibri"

Setup = Literal["actpass", "active", "passive"]
CANDIDATE_TYPES = ("host", "srflx", "prflx", "relay")
MAX_CANDIDATES = 64
ICE_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SHORTEST = {"ufrag": 4, "pwd": 22}  # characters (RFC 8839 section 5.4)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One ICE candidate (RFC 8839 section 5.1, in XEP-0176's attributes)."""

    foundation: str
    component: int
    protocol: str
    priority: int
    ip: str
    port: int
    type: str
    generation: int = 0
    id: str = ""
    network: int = 0
    rel_addr: str | None = None
    rel_port: int | None = None
    tcptype: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate's digest: ``hash`` lower case (``sha-256``), ``value`` upper-case hexadecimal with colons."""

    hash: str
    value: str
    setup: Setup | None = None


@dataclass(frozen=True, slots=True)
class WebSocket:
    """Where a client may open its bridge channel."""

    url: str


@dataclass(frozen=True, slots=True)
class IceUdpTransport:
    """ICE credentials, candidates, fingerprints and bridge-channel addresses of one side."""

    ufrag: str | None = None
    pwd: str | None = None
    candidates: tuple[Candidate, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    web_sockets: tuple[WebSocket, ...] = ()
    rtcp_mux: bool = False
    ice_generation: int | None = None


def credential_problem(name: Literal["ufrag", "pwd"], value: str) -> str | None:
    """What is wrong with an ICE credential, None where nothing is (RFC 8839 section 5.4)."""
    if not SHORTEST[name] <= len(value) <= 256:
        return f"the ICE {name} has {len(value)} characters instead of {SHORTEST[name]} to 256"
    if any(char not in ICE_CHARS for char in value):
        return f"the ICE {name} has a character other than letters, digits, + and /"
    return None


def parse(element: Element) -> IceUdpTransport:
    """Read a ``<transport/>``. Raises StanzaError(bad-request)."""
    candidates = tuple(_candidate(each) for each in children(element, NS, "candidate"))
    if len(candidates) > MAX_CANDIDATES:
        raise StanzaError("bad-request", f"{len(candidates)} candidates are more than {MAX_CANDIDATES}")
    return IceUdpTransport(
        ufrag=element.get("ufrag"),
        pwd=element.get("pwd"),
        candidates=candidates,
        fingerprints=tuple(_fingerprint(each) for each in children(element, NS_DTLS, "fingerprint")),
        web_sockets=tuple(WebSocket(required(each, "url")) for each in children(element, NS_COLIBRI, "web-socket")),
        rtcp_mux=child(element, NS, "rtcp-mux") is not None,
        ice_generation=optional_integer(element, "ice-generation", 0, 2**31 - 1),
    )


def build(transport: IceUdpTransport) -> Element:
    """Write a ``<transport/>``."""
    element = Element(f"{{{NS}}}transport")
    if transport.ufrag is not None:
        element.set("ufrag", transport.ufrag)
    if transport.pwd is not None:
        element.set("pwd", transport.pwd)
    if transport.ice_generation is not None:
        element.set("ice-generation", str(transport.ice_generation))
    if transport.rtcp_mux:
        SubElement(element, f"{{{NS}}}rtcp-mux")
    for fingerprint in transport.fingerprints:
        node = SubElement(element, f"{{{NS_DTLS}}}fingerprint", hash=fingerprint.hash)
        if fingerprint.setup is not None:
            node.set("setup", fingerprint.setup)
        node.set("required", "false")
        node.text = fingerprint.value
    for each in transport.candidates:
        element.append(_build_candidate(each))
    for socket in transport.web_sockets:
        SubElement(element, f"{{{NS_COLIBRI}}}web-socket", url=socket.url)
    return element


def _candidate(element: Element) -> Candidate:
    kind = required(element, "type")
    if kind not in CANDIDATE_TYPES:
        raise StanzaError("bad-request", f"candidate type {kind[:20]!r} is not one of {', '.join(CANDIDATE_TYPES)}")
    return Candidate(
        foundation=required(element, "foundation"),
        component=integer(element, "component", 1, 256),
        protocol=required(element, "protocol").lower(),
        priority=integer(element, "priority", 0, 2**32 - 1),
        ip=required(element, "ip"),
        port=integer(element, "port", 0, 65535),
        type=kind,
        generation=optional_integer(element, "generation", 0, 2**31 - 1) or 0,
        id=element.get("id", ""),
        network=optional_integer(element, "network", 0, 2**31 - 1) or 0,
        rel_addr=element.get("rel-addr"),
        rel_port=optional_integer(element, "rel-port", 0, 65535),
        tcptype=element.get("tcptype"),
    )


def _build_candidate(candidate: Candidate) -> Element:
    element = Element(
        f"{{{NS}}}candidate",
        {
            "component": str(candidate.component),
            "foundation": candidate.foundation,
            "generation": str(candidate.generation),
            "id": candidate.id,
            "network": str(candidate.network),
            "priority": str(candidate.priority),
            "protocol": candidate.protocol,
            "type": candidate.type,
            "ip": candidate.ip,
            "port": str(candidate.port),
        },
    )
    if candidate.rel_addr is not None:
        element.set("rel-addr", candidate.rel_addr)
    if candidate.rel_port is not None:
        element.set("rel-port", str(candidate.rel_port))
    if candidate.tcptype is not None:
        element.set("tcptype", candidate.tcptype)
    return element


def _fingerprint(element: Element) -> Fingerprint:
    value = "".join((element.text or "").split()).upper()
    if not value or any(len(byte) != 2 or not all(c in "0123456789ABCDEF" for c in byte) for byte in value.split(":")):
        raise StanzaError("bad-request", f"the fingerprint {value[:40]!r} is not hexadecimal bytes joined by colons")
    setup = element.get("setup")
    match setup:
        case None | "actpass" | "active" | "passive":
            return Fingerprint(hash=required(element, "hash").lower(), value=value, setup=setup)
        case _:
            raise StanzaError("bad-request", f"fingerprint setup {setup[:20]!r} is not actpass, active or passive")
