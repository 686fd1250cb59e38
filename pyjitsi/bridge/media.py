"""From signalled descriptions to what the plane needs of them."""

from collections.abc import Iterable

from pyjitsi.bridge.plane.api import Codec, Media
from pyjitsi.xmpp.stanzas.jingle_rtp import Description


def codecs_of(description: Description | None, media: Media) -> list[Codec]:
    """The codecs of one description; an RTX without a usable ``apt`` is left out."""
    found: list[Codec] = []
    for payload in () if description is None else description.payload_types:
        name = payload.name.lower()
        apt = payload.parameter("apt")
        if name == "rtx" and (apt is None or not apt.isdigit() or int(apt) > 127):
            continue
        feedback = frozenset(f"{kind} {subtype}".strip() for kind, subtype in payload.feedback)
        number = int(apt) if name == "rtx" and apt is not None else None
        found.append(Codec(payload.id, name, payload.clockrate, media, number, feedback))
    return found


def extensions_of(descriptions: Iterable[Description]) -> dict[str, int]:
    """Header extensions by URI, of all kinds of media together."""
    return {extension.uri: extension.id for each in descriptions for extension in each.extensions}
