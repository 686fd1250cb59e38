"""The bridges of one conference and the relays between them: a full mesh (2-colibri.md section 4).

Sans-I/O: methods return requests, each with the bridge session that it is for, in the order in which to send them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from pyjitsi.focus import offer
from pyjitsi.focus.bridge_session import BridgeSession, media_sources
from pyjitsi.focus.bridges import Bridge
from pyjitsi.focus.codecs import Codecs
from pyjitsi.xmpp.stanzas import colibri2, disco
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.json_sources import EndpointSources

MESH = "0"
FEATURES = (disco.RTX, disco.OPUS_RED)  # what bridges negotiate among each other

Request = tuple[BridgeSession, colibri2.ConferenceModify]
SourcesOf = Callable[[str], EndpointSources]


class Link:
    """A relay in the making. The bridge that was there first initiates: it dials, is ICE-controlling, DTLS server."""

    def __init__(self, initiator: BridgeSession, joiner: BridgeSession) -> None:
        self.initiator: BridgeSession = initiator
        self.joiner: BridgeSession = joiner

    def requests(self, sources_of: SourcesOf, *, codecs: Codecs) -> tuple[Request, Request]:
        """What to ask of both at once."""
        return (
            (self.initiator, self._create(self.initiator, self.joiner, sources_of, codecs=codecs)),
            (self.joiner, self._create(self.joiner, self.initiator, sources_of, codecs=codecs)),
        )

    def _create(
        self, here: BridgeSession, there: BridgeSession, sources_of: SourcesOf, *, codecs: Codecs
    ) -> colibri2.ConferenceModify:
        first = here is self.initiator
        assert there.relay_id is not None  # the choice took care of it
        relay = colibri2.Relay(
            there.relay_id,
            create=True,
            mesh_id=MESH,
            audio=offer.audio(FEATURES, codecs),
            video=offer.video(FEATURES, codecs),
            transport=colibri2.Transport(use_unique_port=first, ice_controlling=first),
            endpoints=tuple(behind(each, sources_of(each)) for each in sorted(there.endpoints)),
        )
        here.links.add(there.relay_id)
        return colibri2.ConferenceModify(here.meeting_id, relays=(relay,))

    def onward(self, here: BridgeSession, answer: colibri2.ConferenceModified) -> Request:
        """What one side answered, for the other. Raises StanzaError where something is missing."""
        there = self.joiner if here is self.initiator else self.initiator
        transport = next((each.transport for each in answer.relays if each.id == there.relay_id), None)
        ice = None if transport is None else transport.ice
        if ice is None or not ice.ufrag or not ice.pwd or not ice.fingerprints:
            raise StanzaError("bad-request", "the bridge answered without a transport for the relay")
        if ice.fingerprints[0].setup != "actpass":
            raise StanzaError("bad-request", f"the bridge chose {ice.fingerprints[0].setup} for its side of the relay")
        active = there is self.initiator
        setup = "active" if active else "passive"
        told = replace(
            ice,
            fingerprints=tuple(replace(each, setup=setup) for each in ice.fingerprints),
            web_sockets=ice.web_sockets if active else (),
        )
        assert here.relay_id is not None
        relay = colibri2.Relay(here.relay_id, transport=colibri2.Transport(ice=told))
        return there, colibri2.ConferenceModify(there.meeting_id, relays=(relay,))


class Cascade:
    """See the module's text. ``sessions`` by the bridge's address, oldest first."""

    def __init__(self, room: str) -> None:
        self.room: str = room
        self.sessions: dict[str, BridgeSession] = {}

    def __len__(self) -> int:
        return len(self.sessions)

    def __iter__(self) -> Iterator[BridgeSession]:
        return iter(list(self.sessions.values()))

    def has(self, session: BridgeSession) -> bool:
        """Whether a session is still current."""
        return self.sessions.get(session.bridge) is session

    def session(self, bridge: Bridge, meeting_id: str, *, rtcstats: bool = True) -> BridgeSession:
        """The session on a bridge, made if there is none."""
        session = self.sessions.get(bridge.jid)
        if session is None:
            session = BridgeSession(
                bridge.jid, meeting_id, self.room, bridge.relay_id, bridge.region, rtcstats=rtcstats
            )
            self.sessions[bridge.jid] = session
        return session

    def keep(self, session: BridgeSession) -> bool:
        """Put back a session that ended with its last endpoint while another was on its way to it.

        False where a new one has taken its place.
        """
        return self.sessions.setdefault(session.bridge, session) is session

    def links(self, joiner: BridgeSession) -> list[Link]:
        """What ties a bridge that was just opened to the others."""
        return [Link(each, joiner) for each in self if each is not joiner and each.created]

    def announce(self, session: BridgeSession, endpoint: str, sources: EndpointSources) -> list[Request]:
        """Tell the other bridges what an endpoint sends."""
        return self._to_others(session, behind(endpoint, sources))

    def withdraw(self, session: BridgeSession, endpoint: str) -> list[Request]:
        """End an endpoint everywhere; with the last one its bridge is left. The relays' entries go first."""
        own = session.expire(endpoint)
        if own is None:
            return []
        if not session.endpoints:
            return [*self._forget(session), (session, own)]
        return [*self._to_others(session, colibri2.Endpoint(endpoint, expire=True)), (session, own)]

    def drop(self, session: BridgeSession) -> list[Request]:
        """Leave a bridge."""
        if not self.has(session):
            return []
        others = self._forget(session)
        return [*others, (session, session.expire_all())] if session.created else others

    def _forget(self, session: BridgeSession) -> list[Request]:
        del self.sessions[session.bridge]
        expired = None if session.relay_id is None else colibri2.Relay(session.relay_id, expire=True)
        told: list[Request] = []
        for other in self:
            if expired is not None and expired.id in other.links:
                other.links.discard(expired.id)
                told.append((other, colibri2.ConferenceModify(other.meeting_id, relays=(expired,))))
        return told

    def _to_others(self, session: BridgeSession, endpoint: colibri2.Endpoint) -> list[Request]:
        if session.relay_id is None:
            return []
        relay = colibri2.Relay(session.relay_id, endpoints=(endpoint,))
        return [
            (other, colibri2.ConferenceModify(other.meeting_id, relays=(relay,)))
            for other in self
            if session.relay_id in other.links
        ]


def behind(endpoint: str, sources: EndpointSources) -> colibri2.Endpoint:
    """An endpoint as a bridge is told of it that does not have it; to one that knows it this is an update."""
    return colibri2.Endpoint(
        endpoint, create=True, capabilities=frozenset((colibri2.SOURCE_NAMES,)), sources=media_sources(sources)
    )
