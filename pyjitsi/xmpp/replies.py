"""How requests end: results, errors as values, silence (RFC 6120 section 8)."""

from xml.etree.ElementTree import Element, SubElement

from pyjitsi.xmpp.stanzas.errors import StanzaError

NS_CLIENT = "jabber:client"
NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

# RFC 6120 section 8.3.3; what is not named is "cancel".
ERROR_TYPES = {
    "bad-request": "modify",
    "forbidden": "auth",
    "not-acceptable": "modify",
    "not-authorized": "auth",
    "policy-violation": "modify",
    "resource-constraint": "wait",
    "unexpected-request": "wait",
}


class IqError(Exception):
    """The other side answered with an error; ``error`` is the ``<error/>`` element."""

    def __init__(self, condition: str, text: str, error: Element | None) -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition: str = condition
        self.text: str = text
        self.error: Element | None = error


class IqTimeout(Exception):
    """No answer within the time given, or the stream was lost meanwhile."""


def build_error(error: StanzaError) -> Element:
    """The ``<error/>`` of a reply (RFC 6120 section 8.3)."""
    element = Element(f"{{{NS_CLIENT}}}error", type=ERROR_TYPES.get(error.condition, "cancel"))
    SubElement(element, f"{{{NS_STANZAS}}}{error.condition}")
    if error.text:
        SubElement(element, f"{{{NS_STANZAS}}}text").text = error.text
    element.extend(error.extensions)
    return element


def parse_error(stanza: Element) -> IqError:
    """What an error stanza says; one without a condition counts as ``undefined-condition``."""
    error = stanza.find(f"{{{NS_CLIENT}}}error")
    condition, text = "undefined-condition", ""
    for each in error if error is not None else ():
        if each.tag == f"{{{NS_STANZAS}}}text":
            text = each.text or ""
        elif each.tag.startswith(f"{{{NS_STANZAS}}}"):
            condition = each.tag.rpartition("}")[2]
    return IqError(condition, text, error)
