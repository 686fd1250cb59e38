"""From signalled descriptions to what the plane needs of them."""

from collections.abc import Iterable

from pyjitsi.bridge.plane.api import Codec, Encoding, Media, Source
from pyjitsi.xmpp.stanzas import ssma
from pyjitsi.xmpp.stanzas.colibri2 import MediaSource
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


def plane_source(source: MediaSource) -> Source:
    """The plane's view of a signalled source: encodings low to high by its SIM group, RTX by its FID groups."""
    repairs = {group.ssrcs[0]: group.ssrcs[1] for group in source.groups if _is(group, "FID") and len(group.ssrcs) == 2}
    simulcast = next((group.ssrcs for group in source.groups if _is(group, "SIM") and len(group.ssrcs) > 1), None)
    repairing = set(repairs.values())
    primaries = simulcast or tuple(each.ssrc for each in source.sources if each.ssrc not in repairing)[:1]
    return Source(source.id, source.type, tuple(Encoding(ssrc, repairs.get(ssrc)) for ssrc in primaries))


def encodings_of(source: MediaSource) -> int:
    """How many simulcast encodings a source has."""
    return max((len(group.ssrcs) for group in source.groups if _is(group, "SIM")), default=1)


def signalled_video_type(source: MediaSource) -> str | None:
    """What a video source shows by its signalling, where that says so."""
    return (
        next((each.video_type for each in source.sources if each.video_type), None) if source.type == "video" else None
    )


def _is(group: ssma.SsrcGroup, semantics: str) -> bool:
    return group.semantics == semantics
