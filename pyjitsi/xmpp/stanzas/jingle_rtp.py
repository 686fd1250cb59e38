"""Media descriptions: payload types, feedback, header extensions (XEP-0167, 0293, 0294).

The same children stand in Jingle's ``<description/>`` and in COLIBRI2's ``<media/>``.
"""

from dataclasses import dataclass
from typing import Literal

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.xml import Element, SubElement, child, children, integer, optional_integer, required

NS = "urn:xmpp:jingle:apps:rtp:1"
NS_FEEDBACK = "urn:xmpp:jingle:apps:rtp:rtcp-fb:0"
NS_EXTENSION = "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"

Media = Literal["audio", "video"]
MAX_PAYLOAD_TYPES = 64
MAX_EXTENSIONS = 32


@dataclass(frozen=True, slots=True)
class PayloadType:
    """One codec. ``parameters`` are (name, value) pairs in order; RED's parameter has the name ``""``.

    ``feedback`` are (type, subtype) pairs such as ``("nack", "pli")`` and ``("transport-cc", "")``.
    """

    id: int
    name: str
    clockrate: int
    channels: int = 1
    parameters: tuple[tuple[str, str], ...] = ()
    feedback: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """The value of a format parameter, or None."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """An RTP header extension (RFC 8285): its id within the session, and what it means."""

    id: int
    uri: str


@dataclass(frozen=True, slots=True)
class Description:
    """What one side can send and receive of one kind of media."""

    payload_types: tuple[PayloadType, ...] = ()
    extensions: tuple[HeaderExtension, ...] = ()
    extmap_allow_mixed: bool = False


def parse(element: Element) -> Description:
    """Read the children of a ``<description/>`` or ``<media/>``. Raises StanzaError(bad-request)."""
    payload_types = tuple(_payload_type(each) for each in children(element, NS, "payload-type"))
    extensions = tuple(
        HeaderExtension(integer(each, "id", 1, 255), required(each, "uri"))
        for each in children(element, NS_EXTENSION, "rtp-hdrext")
    )
    if len(payload_types) > MAX_PAYLOAD_TYPES or len(extensions) > MAX_EXTENSIONS:
        raise StanzaError("bad-request", f"more than {MAX_PAYLOAD_TYPES} codecs or {MAX_EXTENSIONS} header extensions")
    return Description(payload_types, extensions, child(element, NS_EXTENSION, "extmap-allow-mixed") is not None)


def build_into(element: Element, description: Description) -> None:
    """Append the description's children to ``element``."""
    for payload in description.payload_types:
        node = SubElement(
            element, f"{{{NS}}}payload-type", id=str(payload.id), name=payload.name, clockrate=str(payload.clockrate)
        )
        if payload.channels != 1:
            node.set("channels", str(payload.channels))
        for name, value in payload.parameters:
            SubElement(node, f"{{{NS}}}parameter", {"name": name, "value": value} if name else {"value": value})
        for kind, subtype in payload.feedback:
            SubElement(
                node, f"{{{NS_FEEDBACK}}}rtcp-fb", {"type": kind, "subtype": subtype} if subtype else {"type": kind}
            )
    for extension in description.extensions:
        SubElement(element, f"{{{NS_EXTENSION}}}rtp-hdrext", id=str(extension.id), uri=extension.uri)
    if description.extmap_allow_mixed:
        SubElement(element, f"{{{NS_EXTENSION}}}extmap-allow-mixed")


def _payload_type(element: Element) -> PayloadType:
    return PayloadType(
        id=integer(element, "id", 0, 127),
        name=required(element, "name"),
        clockrate=integer(element, "clockrate", 1, 2**31 - 1),
        channels=optional_integer(element, "channels", 1, 255) or 1,
        parameters=tuple((p.get("name", ""), p.get("value", "")) for p in children(element, NS, "parameter")),
        feedback=tuple((required(f, "type"), f.get("subtype", "")) for f in children(element, NS_FEEDBACK, "rtcp-fb")),
    )
