"""What a real JVB holds against a focus (2-colibri.md sections 3.11, 4 and 8.2): every request of a story goes by here.

A request that a JVB would refuse, or take and do the wrong thing, is an AssertionError; the state of each bridge is
kept as a JVB keeps it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyjitsi.xmpp.connection import IqError
from pyjitsi.xmpp.stanzas import colibri2, jingle_rtp


@dataclass
class Held:
    """One conference on one bridge."""

    endpoints: set[str] = field(default_factory=set[str])
    relays: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # by relay, who is behind it


@dataclass
class RelayRole:
    """How one side of a link was made, and what it was told of the other."""

    controlling: bool
    unique_port: bool
    setup: str | None = None
    dials: bool | None = None


class Jvbs:
    """All bridges of a story by name. ``note`` after an answer that was a result."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Held] = {}
        self._numbers: dict[object, object] = {}  # payload types and header extensions, one table a meeting
        self._roles: dict[tuple[str, str], RelayRole] = {}  # by bridge and the relay's id there

    def check(self, bridge: str, request: colibri2.ConferenceModify) -> None:
        """The shape of a request, and whether it fits what the bridge has."""
        held = self._held.get((bridge, request.meeting_id))
        assert len(request.relays) <= 1, "one relay a request"
        assert not (request.relays and request.endpoints), "endpoints and relays do not mix"
        if request.create:
            assert request.name is not None and "@" in request.name, "a new conference has the room as its name"
            assert not request.expire
        media = [each for each in request.endpoints if _changes_media(each)]
        assert not media or len(request.endpoints) == 1, "one endpoint a request that changes media"
        for endpoint in request.endpoints:
            self._check_endpoint(endpoint, held)
        for relay in request.relays:
            self._check_media(request.meeting_id, relay.audio, relay.video)
            for endpoint in relay.endpoints:
                _check_sources(endpoint.sources or ())
                assert endpoint.expire or colibri2.SOURCE_NAMES in endpoint.capabilities
                assert held is None or endpoint.expire or endpoint.id not in held.endpoints, (
                    f"{endpoint.id} is on {bridge} itself, and would be replaced by one behind a relay"
                )
            if relay.create:
                assert relay.transport is not None and relay.mesh_id is not None
                assert held is None or relay.id not in held.relays, f"relay {relay.id} is there"
        for endpoint in request.endpoints:
            self._check_media(request.meeting_id, endpoint.audio, endpoint.video)

    def _check_endpoint(self, endpoint: colibri2.Endpoint, held: Held | None) -> None:
        _check_sources(endpoint.sources or ())
        if endpoint.create:
            assert endpoint.transport is not None and endpoint.transport.ice_controlling
            assert colibri2.SOURCE_NAMES in endpoint.capabilities
            assert endpoint.sources is not None, "a new endpoint has a list of sources, if an empty one"
            assert endpoint.stats_id is not None, "a bridge takes the name in its statistics on create only"
            if held is not None:
                assert endpoint.id not in held.endpoints, f"{endpoint.id} exists, and would be a conflict"
                behind = [name for name, there in held.relays.items() if endpoint.id in there]
                assert not behind, f"{endpoint.id} is still known behind {behind}: expire it there first"

    def _check_media(self, meeting: str, *descriptions: jingle_rtp.Description | None) -> None:
        for description in descriptions:
            for payload in () if description is None else description.payload_types:
                known = self._numbers.setdefault((meeting, payload.id), (payload.name, payload.clockrate))
                assert known == (payload.name, payload.clockrate), f"payload type {payload.id} is {known} elsewhere"
            for extension in () if description is None else description.extensions:
                known = self._numbers.setdefault((meeting, extension.uri), extension.id)
                assert known == extension.id, f"{extension.uri} is {known} elsewhere"

    def note(self, bridge: str, request: colibri2.ConferenceModify) -> None:
        """A request was carried out."""
        key = bridge, request.meeting_id
        if request.create:
            assert key not in self._held, f"{bridge} has that conference: it is created once"
            self._held[key] = Held()
        held = self._held.get(key)
        if held is None:
            return
        for endpoint in request.endpoints:
            if endpoint.expire:
                held.endpoints.discard(endpoint.id)
            elif endpoint.create:
                held.endpoints.add(endpoint.id)
        for relay in request.relays:
            if relay.expire:
                held.relays.pop(relay.id, None)
                self._roles.pop((bridge, relay.id), None)
                continue
            there = held.relays.setdefault(relay.id, set())
            for endpoint in relay.endpoints:
                (there.discard if endpoint.expire else there.add)(endpoint.id)
            self._note_role(bridge, relay)
        if request.expire or (not request.create and not held.endpoints and not held.relays):
            del self._held[key]  # as a JVB does by itself
            for role in [role for role in self._roles if role[0] == bridge]:
                del self._roles[role]

    def _note_role(self, bridge: str, relay: colibri2.Relay) -> None:
        transport = relay.transport
        if transport is None:
            return
        if relay.create:
            self._roles[bridge, relay.id] = RelayRole(transport.ice_controlling, transport.use_unique_port)
        elif transport.ice is not None and (role := self._roles.get((bridge, relay.id))) is not None:
            role.setup = transport.ice.fingerprints[0].setup
            role.dials = bool(transport.ice.web_sockets)

    def refused(self, bridge: str, request: colibri2.ConferenceModify, error: Exception) -> None:
        """A bridge refused, and so says what it has not."""
        reason = colibri2.parse_error(error.error).reason if isinstance(error, IqError) else None
        if reason == "unknown_endpoint" and (held := self._held.get((bridge, request.meeting_id))) is not None:
            held.endpoints.difference_update(each.id for each in request.endpoints)
        elif reason == "conference_not_found":
            self._held.pop((bridge, request.meeting_id), None)

    def forget(self, bridge: str) -> None:
        """A bridge died, and has nothing any more."""
        for key in [key for key in self._held if key[0] == bridge]:
            del self._held[key]

    def check_links(self) -> None:
        """Both sides of each link have opposite roles, and one of them dials."""
        pairs = list(self._roles.items())
        for (bridge, relay), role in pairs:
            others = [each for (other, back), each in pairs if other != bridge and relay.startswith(other)
                      and back.startswith(bridge)]  # fmt: skip
            for other in others:
                assert role.controlling != other.controlling, "one side of a link is ICE-controlling"
                assert role.unique_port == role.controlling, "the initiator has a port of its own, the other has not"
                assert {role.setup, other.setup} == {"active", "passive"}, "DTLS roles are opposite"
                assert {role.dials, other.dials} == {True, False}, "one side opens the channel"
                assert role.dials == role.controlling


def _changes_media(endpoint: colibri2.Endpoint) -> bool:
    return endpoint.create or any(
        each is not None for each in (endpoint.audio, endpoint.video, endpoint.transport, endpoint.sources)
    )


def _check_sources(sources: Iterable[colibri2.MediaSource]) -> None:
    for source in sources:
        listed = {each.ssrc for each in source.sources}
        for group in source.groups:
            assert listed.issuperset(group.ssrcs), (
                f"{source.id}: a {group.semantics} group of SSRCs that are not listed"
            )
            assert group.semantics != "FID" or len(group.ssrcs) == 2
            # A JVB takes a SIM group's order for that of the layers; people of stories number theirs upwards.
            assert group.semantics != "SIM" or list(group.ssrcs) == sorted(group.ssrcs), "layers from low to high"
