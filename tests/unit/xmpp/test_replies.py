"""Errors as elements and as values."""

from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from pyjitsi.xmpp.replies import NS_CLIENT, build_error, parse_error
from pyjitsi.xmpp.stanzas.errors import StanzaError

GOLDEN = (
    '<error xmlns="jabber:client" type="cancel">'
    '<service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>'
    '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">full</text>'
    '<reservation-error xmlns="http://jitsi.org/protocol/focus" error-code="409"/>'
    "</error>"
)


def canonical(element: Element) -> list[tuple[str, dict[str, str], str]]:
    return [(each.tag, dict(each.attrib), each.text or "") for each in element.iter()]


def test_error_has_type_condition_text_and_extensions() -> None:
    extension = Element("{http://jitsi.org/protocol/focus}reservation-error", {"error-code": "409"})
    built = build_error(StanzaError("service-unavailable", "full", extension))
    assert canonical(built) == canonical(fromstring(GOLDEN))


def test_error_is_read_back() -> None:
    stanza = Element(f"{{{NS_CLIENT}}}iq", type="error")
    stanza.append(fromstring(GOLDEN))
    error = parse_error(stanza)
    assert (error.condition, error.text) == ("service-unavailable", "full")
    assert str(error) == "service-unavailable: full"
    assert error.error is stanza[0]


def test_error_without_a_condition() -> None:
    stanza = Element(f"{{{NS_CLIENT}}}iq", type="error")
    assert parse_error(stanza).condition == "undefined-condition"
    SubElement(stanza, f"{{{NS_CLIENT}}}error")
    assert parse_error(stanza).condition == "undefined-condition"
    assert tostring(stanza)
