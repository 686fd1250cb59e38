"""The sources of a conference: who sends which SSRC, checked before anybody else hears of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle import Content
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources
from pyjitsi.xmpp.stanzas.json_sources import parse as parse_json
from pyjitsi.xmpp.stanzas.ssma import Source, SsrcGroup

BRIDGE = "jvb"
# Names and msids end up in other clients' SDP, where a line break would be a line of the sender's making.
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
MSID = re.compile(r"[!-~]{1,128}( [!-~]{1,128})?")


def of_contents(contents: Iterable[Content], json: str | None, owner: str) -> EndpointSources:
    """The sources that a client signals, in the long form or in the compact one. Raises StanzaError."""
    if json is not None:
        owners = parse_json(json)
        if set(owners) - {owner}:
            raise StanzaError("bad-request", "a client may signal its own sources only")
        return owners.get(owner, EndpointSources())
    audio: list[Source] = []
    video: list[Source] = []
    audio_groups: list[SsrcGroup] = []
    video_groups: list[SsrcGroup] = []
    for content in contents:
        match content.media or content.name:
            case "audio":
                audio += content.sources
                audio_groups += content.groups
            case "video":
                video += content.sources
                video_groups += content.groups
            case _:
                pass
    return EndpointSources(tuple(audio), tuple(video), tuple(audio_groups), tuple(video_groups))


def minus(whole: EndpointSources, part: EndpointSources) -> EndpointSources:
    """What is left without ``part``'s SSRCs; groups that lose a member go."""
    gone = {source.ssrc for source in (*part.audio, *part.video)}

    def keep(groups: tuple[SsrcGroup, ...]) -> tuple[SsrcGroup, ...]:
        return tuple(group for group in groups if not gone.intersection(group.ssrcs))

    return EndpointSources(
        tuple(each for each in whole.audio if each.ssrc not in gone),
        tuple(each for each in whole.video if each.ssrc not in gone),
        keep(whole.audio_groups),
        keep(whole.video_groups),
    )


def without_simulcast(sources: EndpointSources) -> EndpointSources:
    """As receivers see it: of a simulcast source the first SSRC and its RTX alone; the bridge sends one stream."""
    dropped: set[int] = set()
    for group in sources.video_groups:
        if group.semantics == "SIM":
            dropped.update(group.ssrcs[1:])
    dropped.update(g.ssrcs[1] for g in sources.video_groups if g.semantics == "FID" and g.ssrcs[0] in dropped)
    groups = tuple(g for g in sources.video_groups if g.semantics != "SIM" and not dropped.intersection(g.ssrcs))
    video = tuple(each for each in sources.video if each.ssrc not in dropped)
    return replace(sources, video=video, video_groups=groups)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one endpoint may signal."""

    ssrcs: int = 20
    groups: int = 20


class ConferenceSources:
    """Sources by endpoint. A refused change changes nothing; errors are Jicofo's, which clients know."""

    def __init__(self, limits: Limits) -> None:
        self._limits: Limits = limits
        self._sources: dict[str, EndpointSources] = {}
        self._owner: dict[int, str] = {}

    def of(self, endpoint: str) -> EndpointSources:
        """An endpoint's sources."""
        return self._sources.get(endpoint, EndpointSources())

    def others(self, endpoint: str) -> Mapping[str, EndpointSources]:
        """Everybody else's sources."""
        return {owner: sources for owner, sources in self._sources.items() if owner != endpoint and sources}

    def add(self, endpoint: str, added: EndpointSources) -> EndpointSources:
        """Add sources; returns what was added in normal form. Raises StanzaError."""
        before = self.of(endpoint)
        for source in (*added.audio, *added.video):
            if not 0 < source.ssrc < 2**32:
                raise StanzaError("bad-request", f"Invalid SSRC: {source.ssrc}.")
            if source.ssrc in self._owner:
                raise StanzaError("bad-request", f"SSRC is already used: {source.ssrc}.")
            if source.name is not None and not source.name.startswith(f"{endpoint}-"):
                raise StanzaError("bad-request", f"Source name {source.name[:60]} does not belong to {endpoint}.")
            if source.name is not None and not NAME.fullmatch(source.name):
                raise StanzaError("bad-request", "A source name is letters, digits, dots, dashes and underscores.")
            if source.msid is not None and not MSID.fullmatch(source.msid):
                raise StanzaError("bad-request", "An msid is one or two words of printable characters.")
        ssrcs = [source.ssrc for source in (*added.audio, *added.video)]
        if len(set(ssrcs)) != len(ssrcs):
            raise StanzaError("bad-request", "SSRC is already used: one is there twice.")
        if len(ssrcs) + len(before.audio) + len(before.video) > self._limits.ssrcs:
            raise StanzaError("bad-request", f"SSRC limit ({self._limits.ssrcs}) exceeded.")
        added = replace(
            added,
            audio=tuple(_named(each, f"{endpoint}-a0") for each in added.audio),
            video=tuple(_named(each, f"{endpoint}-v0") for each in added.video),
            audio_groups=_tidy(added.audio_groups),
            video_groups=_tidy(added.video_groups),
        )
        after = EndpointSources(
            before.audio + added.audio,
            before.video + added.video,
            before.audio_groups + tuple(g for g in added.audio_groups if g not in before.audio_groups),
            before.video_groups + tuple(g for g in added.video_groups if g not in before.video_groups),
        )
        if len(after.audio_groups) + len(after.video_groups) > self._limits.groups:
            raise StanzaError("bad-request", f"ssrc-group limit ({self._limits.groups}) exceeded.")
        self._check_groups(after.audio, after.audio_groups)
        self._check_groups(after.video, after.video_groups)
        self._check_msids(endpoint, added)
        self._sources[endpoint] = after
        self._owner.update(dict.fromkeys(ssrcs, endpoint))
        return added

    def remove(self, endpoint: str, removed: EndpointSources) -> EndpointSources:
        """Remove sources by SSRC; returns them as they were. Raises StanzaError."""
        before = self.of(endpoint)
        ssrcs = {source.ssrc for source in (*removed.audio, *removed.video)}
        for ssrc in ssrcs:
            if self._owner.get(ssrc) != endpoint:
                raise StanzaError("bad-request", f"Source does not exist or is not owned by endpoint (ssrc={ssrc}).")
        gone = EndpointSources(
            tuple(each for each in before.audio if each.ssrc in ssrcs),
            tuple(each for each in before.video if each.ssrc in ssrcs),
            tuple(group for group in before.audio_groups if ssrcs.intersection(group.ssrcs)),
            tuple(group for group in before.video_groups if ssrcs.intersection(group.ssrcs)),
        )
        self._sources[endpoint] = minus(before, gone)
        for ssrc in ssrcs:
            del self._owner[ssrc]
        return gone

    def restore(self, endpoint: str, sources: EndpointSources) -> None:
        """Put back what was accepted before, by an earlier life of the focus."""
        self._sources[endpoint] = sources
        self._owner.update(dict.fromkeys((source.ssrc for source in (*sources.audio, *sources.video)), endpoint))

    def forget(self, endpoint: str) -> None:
        """An endpoint left, or its session ended."""
        for source in (*self.of(endpoint).audio, *self.of(endpoint).video):
            self._owner.pop(source.ssrc, None)
        self._sources.pop(endpoint, None)

    def _check_groups(self, sources: tuple[Source, ...], groups: tuple[SsrcGroup, ...]) -> None:
        by_ssrc = {source.ssrc: source for source in sources}
        for group in groups:
            shown = ", ".join(str(ssrc) for ssrc in group.ssrcs[:8])
            members = [by_ssrc.get(ssrc) for ssrc in group.ssrcs]
            if None in members:
                raise StanzaError(
                    "bad-request", f"An SSRC group contains an SSRC, which hasn't been signaled as a source: [{shown}]."
                )
            if group.semantics == "FID" and len(group.ssrcs) != 2:
                raise StanzaError("bad-request", f"Invalid FID group: [{shown}].")
            msids = {member.msid for member in members if member is not None}
            if None in msids:
                raise StanzaError("bad-request", "Required source parameter 'msid' is not present.")
            if len(msids) > 1:
                raise StanzaError("bad-request", f"SsrcGroup contains sources with different MSIDs: [{shown}].")

    def _check_msids(self, endpoint: str, added: EndpointSources) -> None:
        for media in ("audio", "video"):
            new: dict[str, str | None] = {}
            for source in added.audio if media == "audio" else added.video:
                if source.msid is not None and new.setdefault(source.msid, source.name) != source.name:
                    raise StanzaError("bad-request", f"MSID is already used: {source.msid[:80]}.")
            for owner, sources in self._sources.items():
                for source in sources.audio if media == "audio" else sources.video:
                    if source.msid in new and (owner != endpoint or source.name != new[source.msid]):
                        raise StanzaError("bad-request", f"MSID is already used: {(source.msid or '')[:80]}.")


def _named(source: Source, default: str) -> Source:
    return source if source.name is not None else replace(source, name=default)


def _tidy(groups: tuple[SsrcGroup, ...]) -> tuple[SsrcGroup, ...]:
    """Without empty and repeated groups, which are tolerated."""
    return tuple(dict.fromkeys(group for group in groups if group.ssrcs))
