"""The focus's Jingle actions as they go to a client: the offer, and changes of others' sources.

A client that knows Jitsi's compact sources gets those, any other the long form.
"""

from collections.abc import Mapping
from dataclasses import replace

from pyjitsi.focus.bridge_session import Allocation
from pyjitsi.xmpp.stanzas import disco
from pyjitsi.xmpp.stanzas.jingle import BridgeSession, Content, Jingle
from pyjitsi.xmpp.stanzas.jingle_rtp import Description
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources
from pyjitsi.xmpp.stanzas.json_sources import build as build_json
from pyjitsi.xmpp.stanzas.ssma import Source, SsrcGroup

Sources = Mapping[str, EndpointSources]
Features = frozenset[str] | None


def session_initiate(
    sid: str,
    initiator: str,
    features: Features,
    descriptions: Mapping[str, Description | None],
    allocation: Allocation,
    bridge_session: BridgeSession,
    told: Sources,
    start_muted: tuple[bool, bool] | None,
) -> Jingle:
    """The offer: ``descriptions`` by media, ``told`` the sources of the bridge and of others by owner."""
    compact = disco.JSON_SOURCES in (features or ())
    contents: list[Content] = []
    for name, description in descriptions.items():
        if description is None:
            continue
        sources, groups = ((), ()) if compact else _long_form(told, name)
        contents.append(
            Content(
                name,
                media=name,
                description=description,
                sources=sources,
                groups=groups,
                transport=allocation.transport,
            )
        )
    if allocation.sctp:
        contents.append(Content("data", media="application", transport=allocation.transport, sctp=True))
    return Jingle(
        "session-initiate",
        sid,
        initiator=initiator,
        contents=tuple(contents),
        group=tuple(content.name for content in contents),
        bridge_session=bridge_session,
        json=build_json(told) if compact else None,
        start_muted=start_muted,
    )


def sources_action(action: str, sid: str, initiator: str, features: Features, sources: Sources) -> Jingle:
    """A source-add or source-remove."""
    if disco.JSON_SOURCES in (features or ()):
        return Jingle(action, sid, initiator=initiator, json=build_json(sources))
    contents: list[Content] = []
    for media in ("audio", "video"):
        members, groups = _long_form(sources, media)
        if members:
            contents.append(Content(media, "responder", media=media, sources=members, groups=groups))
    return Jingle(action, sid, initiator=initiator, contents=tuple(contents))


def _long_form(sources: Sources, media: str) -> tuple[tuple[Source, ...], tuple[SsrcGroup, ...]]:
    """Sources of one media of all owners, as ``<source/>`` elements name them."""
    members: list[Source] = []
    groups: list[SsrcGroup] = []
    for owner, each in sources.items():
        members += [replace(source, owner=owner) for source in (each.audio if media == "audio" else each.video)]
        groups += each.audio_groups if media == "audio" else each.video_groups
    return tuple(members), tuple(groups)
