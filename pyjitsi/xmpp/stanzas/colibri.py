"""A bridge's statistics in its brewery presence (``http://jitsi.org/protocol/colibri``)."""

from collections.abc import Mapping

from pyjitsi.xmpp.stanzas.xml import Element, SubElement, child, children

NS = "http://jitsi.org/protocol/colibri"


def parse_stats(presence: Element) -> dict[str, str] | None:
    """Name to value of the ``<stats/>`` in a presence, or None where there is none."""
    stats = child(presence, NS, "stats")
    if stats is None:
        return None
    return {name: each.get("value", "") for each in children(stats, NS, "stat") if (name := each.get("name"))}


def build_stats(values: Mapping[str, str]) -> Element:
    """A ``<stats/>`` element; each presence carries the full list."""
    stats = Element(f"{{{NS}}}stats")
    for name, value in values.items():
        SubElement(stats, f"{{{NS}}}stat", name=name, value=value)
    return stats
