"""The health check that a focus sends to its bridges (``http://jitsi.org/protocol/healthcheck``)."""

from pyjitsi.xmpp.stanzas.xml import Element

NS = "http://jitsi.org/protocol/healthcheck"
HEALTHCHECK = f"{{{NS}}}healthcheck"


def build() -> Element:
    """An empty ``<healthcheck/>``; the answer is an empty result or an error."""
    return Element(HEALTHCHECK)
