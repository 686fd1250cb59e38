"""The conference request, as an IQ (``http://jitsi.org/protocol/focus``) and as JSON over HTTP."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, children, is_xml, required

NS = "http://jitsi.org/protocol/focus"
FORBIDDEN = frozenset("\"&'/:<>")  # in a local part; a domain has none of them either
NS_ROOMS = "urn:pyjitsi:rooms"
CONFERENCE = f"{{{NS}}}conference"
LOGOUT = f"{{{NS}}}logout"
LONGEST_PROOF = 8192


@dataclass(frozen=True, slots=True)
class Login:
    """What the server says somebody proved at log-in (``mod_meet_login.lua``): a text of its own, kept as it is."""

    proof: str
    moderator: bool


@dataclass(frozen=True, slots=True)
class ConferenceRequest:
    """Who asks for which room; ``properties`` are texts."""

    room: str
    machine_uid: str | None = None
    session_id: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class ConferenceAnswer:
    """Whether the room is ready, and whom to know as the focus (a bare JID).

    Who has logged in learns as whom (``identity``) and what to show next time (``session_id``).
    """

    room: str
    focus_jid: str
    ready: bool = True
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    identity: str | None = None
    session_id: str | None = None
    login: Login | None = None


def check_room(room: str) -> str:
    """The room's address as XMPP servers compare addresses: what they take for one room is one here.

    Raises StanzaError(bad-request) for what is no bare JID with a local part (RFC 7622).
    """
    prepared = unicodedata.normalize("NFKC", room).lower()
    local, at, domain = prepared.partition("@")
    shaped = at and local and domain and not set(prepared) & FORBIDDEN and "@" not in domain and len(local) <= 1023
    invisible = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp") for c in prepared)
    if not shaped or invisible or not is_xml(prepared) or len(prepared) > 2047:
        raise StanzaError("bad-request", f"{room[:80]!r} is not a room's address")
    return prepared


def parse(element: Element) -> ConferenceRequest:
    """Read a ``<conference/>``. Raises StanzaError(bad-request)."""
    return ConferenceRequest(
        room=check_room(required(element, "room")),
        machine_uid=element.get("machine-uid"),
        session_id=element.get("session-id"),
        properties={name: p.get("value", "") for p in children(element, NS, "property") if (name := p.get("name"))},
        login=_login(element.find(f"{{{NS_ROOMS}}}login")),
    )


def _login(element: Element | None) -> Login | None:
    if element is None:
        return None
    proof = element.text or ""
    if len(proof) > LONGEST_PROOF:
        raise StanzaError("bad-request", f"a log-in's proof is longer than {LONGEST_PROOF} characters")
    return Login(proof, element.get("moderator") == "true")


def build(answer: ConferenceAnswer) -> Element:
    """Write the answer's ``<conference/>``."""
    ready = "true" if answer.ready else "false"
    element = Element(CONFERENCE, room=answer.room, focusjid=answer.focus_jid, ready=ready)
    for name, value in answer.properties.items():
        SubElement(element, f"{{{NS}}}property", name=name, value=value)
    for name, value in (("identity", answer.identity), ("session-id", answer.session_id)):
        if value is not None:
            element.set(name, value)
    if answer.login is not None:
        moderator = "true" if answer.login.moderator else "false"
        SubElement(element, f"{{{NS_ROOMS}}}login", moderator=moderator).text = answer.login.proof
    return element


def parse_logout(element: Element) -> str:
    """The session id of a ``<logout/>``. Raises StanzaError(bad-request)."""
    return required(element, "session-id")


def session_invalid() -> Element:
    """The child of an error that has clients forget their session id."""
    return Element(f"{{{NS}}}session-invalid")


def reservation_error(code: int) -> Element:
    """The child of an error that tells clients why a reservation system refused (4-services section 2.17)."""
    return Element(f"{{{NS}}}reservation-error", {"error-code": str(code)})


def parse_json(body: Any) -> ConferenceRequest:
    """Read the body of an HTTP request. Raises StanzaError(bad-request)."""
    fields = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    room = fields.get("room")
    if not isinstance(room, str):
        raise StanzaError("bad-request", "the request names no room")
    properties = fields.get("properties", {})
    if not isinstance(properties, dict):
        raise StanzaError("bad-request", "the properties are no object")
    texts = {str(name): _text(value) for name, value in cast(dict[Any, Any], properties).items()}
    machine, session = fields.get("machineUid"), fields.get("sessionId")
    return ConferenceRequest(
        check_room(room),
        machine if isinstance(machine, str) else None,
        session if isinstance(session, str) else None,
        texts,
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def build_json(answer: ConferenceAnswer) -> dict[str, Any]:
    """The body of the HTTP answer."""
    found: dict[str, Any] = {
        "room": answer.room,
        "ready": answer.ready,
        "focusJid": answer.focus_jid,
        "properties": dict(answer.properties),
    }
    named = {"identity": answer.identity, "sessionId": answer.session_id}
    return found | {name: value for name, value in named.items() if value is not None}
