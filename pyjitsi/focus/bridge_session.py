"""A conference's allocation on one bridge: requests to build, answers to read, and what an error means."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle_rtp import Description
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources

Verdict = Literal["participant", "reinvite", "bridge", "bridge-failed", "ignore"]
"""What to do about an error: give this participant up; invite it again; leave the bridge and invite all again; the same
and mark the bridge as failed; nothing."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the bridge gave for an endpoint."""

    transport: ice_udp.IceUdpTransport
    sctp: bool
    feedback: EndpointSources


class BridgeSession:
    """``id`` is what clients name in restarts; it is one per conference and bridge."""

    def __init__(
        self, bridge: str, meeting_id: str, room: str, relay_id: str | None = None, region: str | None = None,
        *, rtcstats: bool = True,
    ) -> None:  # fmt: skip
        self.bridge: str = bridge
        self.relay_id: str | None = relay_id  # as it was when the session began
        self.region: str | None = region
        self.links: set[str] = set()  # relay ids of the bridges that this one was told to link to
        self.meeting_id: str = meeting_id
        self.room: str = room
        self.rtcstats: bool = rtcstats
        self.id: str = str(uuid.uuid4())
        self.created: bool = False
        self.endpoints: set[str] = set()

    def create(
        self, endpoint: str, stats_id: str | None, audio: Description | None, video: Description | None,
        *, sctp: bool, forced: colibri2.ForceMute | None = None, rewriting: bool = False,
        mids: bool = False,
    ) -> colibri2.ConferenceModify:  # fmt: skip
        """The request for a new endpoint; the first one opens the conference too. ``rewriting`` is of SSRCs, ``mids``
        has packets say their m-line then."""
        first, self.created = not self.created, True
        self.endpoints.add(endpoint)
        capabilities = (
            (colibri2.SOURCE_NAMES, True),
            (colibri2.SSRC_REWRITING, rewriting),
            (colibri2.RTP_MID_DEMUX, rewriting and mids),
        )
        wanted = colibri2.Endpoint(
            endpoint,
            create=True,
            stats_id=stats_id,
            capabilities=frozenset(each for each, there in capabilities if there),
            audio=audio,
            video=video,
            transport=colibri2.Transport(ice_controlling=True, sctp=colibri2.Sctp() if sctp else None),
            sources=(),
            force_mute=forced,
        )
        return colibri2.ConferenceModify(
            self.meeting_id, self.room if first else None, create=first, endpoints=(wanted,), rtcstats=self.rtcstats
        )

    def allocation(self, endpoint: str, answer: colibri2.ConferenceModified) -> Allocation:
        """Read the answer to ``create``. Raises StanzaError where something is missing."""
        found = next((each for each in answer.endpoints if each.id == endpoint), None)
        if found is None or found.transport is None or found.transport.ice is None:
            raise StanzaError("bad-request", "the bridge answered without a transport")
        ice = found.transport.ice
        if not ice.ufrag or not ice.pwd or not ice.fingerprints or not ice.candidates:
            raise StanzaError("bad-request", "the bridge's transport lacks credentials, fingerprint or candidates")
        return Allocation(ice, found.transport.sctp is not None, _feedback(answer.sources or ()))

    def update(
        self,
        endpoint: str,
        *,
        transport: ice_udp.IceUdpTransport | None = None,
        sources: EndpointSources | None = None,
        initial_last_n: int | None = None,
        forced: colibri2.ForceMute | None = None,
    ) -> colibri2.ConferenceModify:
        """A change of an endpoint: the client's transport, its complete sources, what the bridge is to drop."""
        changed = colibri2.Endpoint(
            endpoint,
            transport=None if transport is None else colibri2.Transport(ice=transport),
            sources=None if sources is None else media_sources(sources),
            initial_last_n=initial_last_n,
            force_mute=forced,
        )
        return colibri2.ConferenceModify(self.meeting_id, endpoints=(changed,))

    def expire(self, endpoint: str) -> colibri2.ConferenceModify | None:
        """The request that ends an endpoint, or with the last one the conference; None where nothing is to end."""
        if endpoint not in self.endpoints:
            return None
        self.endpoints.discard(endpoint)
        if not self.endpoints:
            return self.expire_all()
        return colibri2.ConferenceModify(self.meeting_id, endpoints=(colibri2.Endpoint(endpoint, expire=True),))

    def expire_all(self) -> colibri2.ConferenceModify:
        """The request that ends the conference on this bridge."""
        self.endpoints.clear()
        self.links.clear()
        self.created = False
        return colibri2.ConferenceModify(self.meeting_id, expire=True)


def verdict(condition: str, detail: colibri2.ErrorDetail, *, allocating: bool) -> Verdict:
    """What an error of the bridge, or of the MUC in front of it, means."""
    match detail.reason:
        case "unknown_endpoint":
            return "participant" if allocating else "reinvite"
        case "conference_not_found" | "conference_already_exists" | "graceful_shutdown":
            return "bridge"
        case "feature_not_implemented":
            return "bridge-failed" if allocating else "bridge"
        case _:
            pass
    match condition:
        case "item-not-found" if not detail.from_bridge:
            return "participant" if allocating else "bridge"
        case "bad-request":
            # Jicofo leaves the bridge for it outside of allocations, and invites everybody there again: whoever sends
            # something that a bridge refuses could end others' calls.
            return "participant"
        case "resource-constraint" if allocating:
            return "participant"  # the bridge is full: those who are on it have nothing to do with that
        case "conflict":
            return "bridge"
        case _:
            return "bridge-failed" if allocating else "bridge"


def media_sources(sources: EndpointSources) -> tuple[colibri2.MediaSource, ...]:
    """As the bridge wants them: a media-source a name, without msid."""
    found: list[colibri2.MediaSource] = []
    for media, members, groups in (
        ("video", sources.video, sources.video_groups),
        ("audio", sources.audio, sources.audio_groups),
    ):
        names: Mapping[str, None] = dict.fromkeys(source.name or "" for source in members)
        for name in names:
            own = tuple(
                ssma.Source(each.ssrc, each.name, None, each.video_type) for each in members if each.name == name
            )
            ssrcs = {each.ssrc for each in own}
            tied = tuple(group for group in groups if ssrcs.issuperset(group.ssrcs) and len(group.ssrcs) > 1)
            found.append(colibri2.MediaSource("video" if media == "video" else "audio", name, own, tied))
    return tuple(found)


def _feedback(sources: tuple[colibri2.MediaSource, ...]) -> EndpointSources:
    """The bridge's own SSRCs, as clients are told of them."""
    audio = tuple(ssma.Source(each.ssrc, source.id, "mixedmslabel mixedlabelaudio0")
                  for source in sources if source.type == "audio" for each in source.sources[:1])  # fmt: skip
    video = tuple(ssma.Source(each.ssrc, source.id, "mixedmslabel mixedlabelvideo0")
                  for source in sources if source.type == "video" for each in source.sources[:1])  # fmt: skip
    return EndpointSources(audio, video)
