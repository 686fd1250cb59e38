"""The one error that every stanza parser raises (RFC 6120 section 8.3)."""

from typing import Literal
from xml.etree.ElementTree import Element

Condition = Literal[
    "bad-request",
    "conflict",
    "feature-not-implemented",
    "forbidden",
    "gone",
    "internal-server-error",
    "item-not-found",
    "not-acceptable",
    "not-allowed",
    "not-authorized",
    "policy-violation",
    "resource-constraint",
    "service-unavailable",
    "unexpected-request",
]


class StanzaError(ValueError):
    """A stanza that can't be honoured: the XMPP condition to answer with, and a sentence that says what was wrong.

    ``extensions`` are the application-specific children of ``<error/>`` (RFC 6120 section 8.3.4).
    """

    def __init__(self, condition: Condition, text: str, *extensions: Element) -> None:
        super().__init__(text)
        self.condition: Condition = condition
        self.text: str = text
        self.extensions: tuple[Element, ...] = extensions
