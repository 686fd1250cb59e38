"""The plain-Python ``Plane``: see ``api`` for what it promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pyjitsi.bridge.plane import frame, lines
from pyjitsi.bridge.plane.api import (
    OFF,
    Address,
    Codec,
    ConferenceId,
    Counters,
    Datagram,
    Encoding,
    EndpointId,
    Event,
    LayersChanged,
    Probe,
    Source,
    SrtpKeys,
)
from pyjitsi.bridge.plane.egress import Transmits, pace, send_rtcp
from pyjitsi.bridge.plane.endpoint import MAX_ENCODINGS, Endpoint, Incoming, IncomingSource, Limits, Route, Sent
from pyjitsi.bridge.plane.keyframes import KeyframeLimiter
from pyjitsi.bridge.plane.lines import Totals
from pyjitsi.bridge.plane.loudest import Loudest
from pyjitsi.bridge.plane.projection import Projection
from pyjitsi.bridge.plane.reports import Reports
from pyjitsi.rtp.rtcp import build_pli

if TYPE_CHECKING:
    from pyjitsi.bridge.plane.ingress import Ingress

MAX_DATAGRAM = 1500


@dataclass
class Conference:
    """Endpoints that see each other, and the bridge's own SSRCs among them."""

    video_ssrc: int
    audio_ssrc: int
    loudest: Loudest = field(default_factory=Loudest)
    always: frozenset[str] = frozenset()
    endpoints: dict[EndpointId, Endpoint] = field(default_factory=dict[EndpointId, Endpoint])
    owners: dict[int, EndpointId] = field(default_factory=dict[int, EndpointId])  # SSRC to who may send it


class PythonPlane:
    """Sans-I/O: datagrams in through ``receive``, out through ``take_transmits``."""

    def __init__(self, limits: Limits | None = None) -> None:
        """``limits``: of what is taken from each endpoint; relays have none."""
        self.limits: Limits | None = limits
        self.conferences: dict[ConferenceId, Conference] = {}
        self.endpoints: dict[EndpointId, Endpoint] = {}
        self.addresses: dict[Address, Endpoint] = {}
        self.keyframes: KeyframeLimiter = KeyframeLimiter()
        self.transmits: Transmits = []
        self.events: list[Event] = []
        self.now: float = 0.0
        self._reports: Reports = Reports(self)

    @cached_property
    def _ingress(self) -> "Ingress":
        # Imported with the first packet: it brings libsrtp along, 5 MB that a compiled plane can do without.
        from pyjitsi.bridge.plane.ingress import Ingress

        return Ingress(self)

    # Conferences and endpoints.

    def add_conference(self, conference: ConferenceId, video_ssrc: int, audio_ssrc: int) -> None:
        self.conferences[conference] = Conference(video_ssrc, audio_ssrc)

    def remove_conference(self, conference: ConferenceId) -> None:
        for endpoint in list(self.conferences[conference].endpoints):
            self.remove_endpoint(endpoint)
        del self.conferences[conference]

    def add_endpoint(
        self, conference: ConferenceId, endpoint: EndpointId, mesh: str | None = None, *, rewriting: bool = False
    ) -> None:
        added = self.endpoints[endpoint] = self.make_endpoint(endpoint, conference, mesh)
        added.rewriting = rewriting
        added.limits = self.limits if mesh is None else None
        self.conferences[conference].endpoints[endpoint] = added

    def remove_endpoint(self, endpoint: EndpointId) -> None:
        gone = self.endpoints[endpoint]
        self.set_sources(endpoint, ())
        for name in list(gone.routes):
            self._end_route(gone.routes[name])
        for routes in list(gone.relayed.values()):
            self._end_relayed(routes)
        for address in list(gone.addresses):
            self.unbind(address)
        self.keyframes.forget_receiver(endpoint)
        del self.conferences[gone.conference].endpoints[endpoint]
        del self.endpoints[endpoint]

    def set_media(self, endpoint: EndpointId, codecs: Sequence[Codec], extensions: Mapping[str, int]) -> None:
        self.endpoints[endpoint].set_media(codecs, extensions)
        self._rewire(self.endpoints[endpoint])

    def set_sources(self, endpoint: EndpointId, sources: Sequence[Source]) -> None:
        owner = self.endpoints[endpoint]
        conference = self.conferences[owner.conference]
        wanted = {each.name: replace(each, encodings=each.encodings[:MAX_ENCODINGS]) for each in sources}
        for name, known in list(owner.sources.items()):
            if wanted.get(name) != known.spec:
                self._remove_source(owner, conference, known)
            if name not in wanted:
                for other in conference.endpoints.values():
                    other.targets.pop(name, None)
        for name, spec in wanted.items():
            if name not in owner.sources:
                self._add_source(owner, conference, spec)

    def _add_source(self, owner: Endpoint, conference: Conference, spec: Source) -> None:
        source = owner.sources[spec.name] = IncomingSource(spec, owner.mesh)
        clock_rate = 48000 if spec.media == "audio" else 90000
        for index, encoding in enumerate(spec.encodings):
            for ssrc, rtx in ((encoding.ssrc, False), (encoding.rtx_ssrc, True)):
                if ssrc is None or len(owner.streams) >= owner.max_streams:
                    continue
                if conference.owners.setdefault(ssrc, owner.id) != owner.id:
                    owner.drop("ssrc-of-another")
                    continue
                stream = owner.streams[ssrc] = Incoming(ssrc, source, index, rtx, clock_rate)
                if not rtx:
                    source.streams.append(stream)
        self.source_opened(owner, source)
        self.set_always(source, spec.name in conference.always)
        for receiver in conference.endpoints.values():
            if receiver is not owner:
                self._wire(source, receiver)

    def _remove_source(self, owner: Endpoint, conference: Conference, source: IncomingSource) -> None:
        for route in list(source.routes.values()):
            self._end_route(route)
        for routes in list(source.relayed.values()):
            self._end_relayed(routes)
        self.source_closed(owner, source)
        for ssrc in [ssrc for ssrc, stream in owner.streams.items() if stream.source is source]:
            del owner.streams[ssrc]
            conference.owners.pop(ssrc, None)
            self.keyframes.forget_source(ssrc)
        source.streams.clear()  # they point back; memory goes now, not with some later collection
        del owner.sources[source.spec.name]

    # What a compiled plane keeps in step with.

    def source_opened(self, owner: Endpoint, source: IncomingSource) -> None:
        """A source and its streams are there."""

    def source_closed(self, owner: Endpoint, source: IncomingSource) -> None:
        """A source's streams are about to go; its routes have gone."""

    def before_measuring(self, source: IncomingSource) -> None:
        """A source's meter is about to be read."""

    def route_opened(self, route: Route, totals: Totals) -> None:
        """A route is there; it counts on from ``totals``."""
        route.rtx_sequence = totals.rtx_sequence
        route.sent = Sent(totals.packets, totals.octets)

    def route_changed(self, route: Route) -> None:
        """A relay's route was opened or shut."""

    def route_closed(self, route: Route) -> Totals:
        """A route has gone; returns what it counted."""
        return Totals(route.rtx_sequence, route.sent.packets, route.sent.octets)

    def make_endpoint(self, endpoint: EndpointId, conference: ConferenceId, mesh: str | None) -> Endpoint:
        """What is kept of an endpoint."""
        made = Endpoint(endpoint, conference, mesh)
        made.loudest = self.conferences[conference].loudest
        return made

    def set_projection_target(self, route: Route, projection: Projection, layer: int) -> None:
        """Change what a projection aims at."""
        projection.set_target(layer)

    def set_always(self, source: IncomingSource, always: bool) -> None:
        """Whether audio is forwarded whatever its level."""
        source.always = always

    # Routes.

    def set_loudest(self, conference: ConferenceId, count: int, always: Sequence[str]) -> None:
        held = self.conferences[conference]
        held.loudest.count, held.always = count, frozenset(always)
        for endpoint in held.endpoints.values():
            for name, source in endpoint.sources.items():
                if source.always != (name in held.always):
                    self.set_always(source, name in held.always)

    def _rewire(self, receiver: Endpoint) -> None:
        for other in self.conferences[receiver.conference].endpoints.values():
            if other is not receiver:
                for source in other.sources.values():
                    self._wire(source, receiver)

    def _wire(self, source: IncomingSource, receiver: Endpoint) -> None:
        """Make the route from source to receiver be there exactly if it should."""
        spec = source.spec
        if receiver.mesh is not None:
            self._wire_relay(source, receiver)
            return
        wanted = receiver.has(spec.media) and (
            receiver.hears(spec.name) if spec.media == "audio" else receiver.target(spec.name) != OFF
        )
        seen_as = receiver.sees_as(spec)
        route = receiver.routes.get(spec.name)
        if route is not None and (route.source is not source or seen_as is None or route.ssrc != seen_as.ssrc):
            self._end_route(route)
            route = None
        if seen_as is None:
            return
        if wanted and route is None:
            route = receiver.routes[spec.name] = source.routes[receiver.id] = Route(source, receiver, seen_as)
            self.route_opened(route, lines.begin(route))
            receiver.route_by_ssrc[route.ssrc] = route
        elif not wanted and route is not None and spec.media == "audio":
            self._end_route(route)
            return
        if route is not None and spec.media == "video" and route.projection is not None:
            self.set_projection_target(route, route.projection, receiver.target(spec.name))

    def _wire_relay(self, source: IncomingSource, relay: Endpoint) -> None:
        """Routes of all encodings to a relay; never back into the mesh that the source came over."""
        spec = source.spec
        routes = relay.relayed.get(spec.name, ())
        if routes and routes[0].source is not source:
            self._end_relayed(routes)
            routes = ()
        if not routes and source.mesh != relay.mesh and relay.has(spec.media):
            routes = tuple(Route(source, relay, each, index) for index, each in enumerate(spec.encodings))
            relay.relayed[spec.name] = source.relayed[relay.id] = routes
            for route in routes:
                relay.route_by_ssrc[route.ssrc] = route
                self.route_opened(route, lines.begin(route))
        ceiling = relay.targets.get(spec.name)
        for route in routes:
            route.open = ceiling is None or (ceiling != OFF and route.encoding <= ceiling >> 6)
            self.route_changed(route)

    def _end_relayed(self, routes: tuple[Route, ...]) -> None:
        for route in routes:
            spec, relay = route.source.spec, route.receiver
            route.source.relayed.pop(relay.id, None)
            if relay.relayed.get(spec.name) is routes:
                del relay.relayed[spec.name]
            if relay.route_by_ssrc.get(route.ssrc) is route:
                del relay.route_by_ssrc[route.ssrc]
            lines.end(route, self.route_closed(route))

    def _end_route(self, route: Route) -> None:
        spec = route.source.spec
        route.source.routes.pop(route.receiver.id, None)
        if route.receiver.routes.get(spec.name) is route:
            del route.receiver.routes[spec.name]
        if route.receiver.route_by_ssrc.get(route.ssrc) is route:
            del route.receiver.route_by_ssrc[route.ssrc]
        lines.end(route, self.route_closed(route))

    def set_audio(self, receiver: EndpointId, everything: bool, include: Sequence[str], exclude: Sequence[str]) -> None:
        endpoint = self.endpoints[receiver]
        endpoint.audio_everything = everything
        endpoint.audio_include, endpoint.audio_exclude = frozenset(include), frozenset(exclude)
        self._rewire(endpoint)

    def set_target(self, receiver: EndpointId, source: str, layer: int) -> None:
        endpoint = self.endpoints[receiver]
        if layer == OFF and endpoint.mesh is None:
            endpoint.targets.pop(source, None)
        else:
            endpoint.targets[source] = layer
        for other in self.conferences[endpoint.conference].endpoints.values():
            found = other.sources.get(source) if other is not endpoint else None
            if found is not None and found.spec.media == "video":
                self._wire(found, endpoint)

    def set_slot(self, receiver: EndpointId, source: str, slot: Encoding | None) -> None:
        endpoint = self.endpoints[receiver]
        endpoint.slots.pop(source, None)
        if slot is not None:
            endpoint.slots[source] = slot
        for other in self.conferences[endpoint.conference].endpoints.values():
            found = other.sources.get(source) if other is not endpoint else None
            if found is not None:
                self._wire(found, endpoint)

    def current_layer(self, receiver: EndpointId, source: str) -> int:
        route = self.endpoints[receiver].routes.get(source)
        projection = None if route is None else route.projection
        if projection is None or projection.encoding == OFF or projection.target == OFF:
            return OFF
        if projection.target >> 6 != projection.encoding:
            return projection.encoding << 6 | 7
        if projection.scheme in (frame.SCHEMES["layers"], frame.SCHEMES["targets"]):
            return projection.encoding << 6 | projection.spatial << 3 | projection.temporal
        return projection.target

    # Keys, addresses, mutes.

    def set_keys(self, endpoint: EndpointId, keys: SrtpKeys) -> None:
        held = self.endpoints[endpoint]
        from pyjitsi.bridge.plane.srtp import Srtp

        held.srtp = held.sealer = Srtp(keys)
        waiting = list(held.before_keys)
        held.before_keys.clear()
        for data, at in waiting:
            self._ingress.receive(held, data, at)

    def bind(self, address: Address, endpoint: EndpointId) -> None:
        self.unbind(address)
        held = self.endpoints[endpoint]
        held.addresses.add(address)
        self.addresses[address] = held

    def unbind(self, address: Address) -> None:
        held = self.addresses.pop(address, None)
        if held is not None:
            held.addresses.discard(address)

    def set_destination(self, endpoint: EndpointId, address: Address | None) -> None:
        self.endpoints[endpoint].destination = address

    def answer_checks(
        self, endpoint: EndpointId, address: Address | None, user: str, password: str, *, controlling: bool
    ) -> None:  # fmt: skip
        pass  # control answers

    def last_check(self, endpoint: EndpointId) -> float:
        return 0.0

    def set_force_mute(self, endpoint: EndpointId, audio: bool, video: bool) -> None:
        held = self.endpoints[endpoint]
        held.mute_audio, held.mute_video = audio, video

    # Packets.

    def request_keyframe(self, source: str, endpoint: EndpointId) -> None:
        held = self.endpoints[endpoint].sources.get(source)
        if held is not None:
            self.ask_keyframe(self.endpoints[endpoint], held, -1)

    def ask_keyframe(self, owner: Endpoint, source: IncomingSource, receiver: EndpointId) -> None:
        """Send a PLI to the owner of a video source, within the limits."""
        if source.spec.media != "video" or owner.sealer is None:
            return
        ssrc = source.spec.encodings[0].ssrc
        if self.keyframes.allow(ssrc, receiver, self.now):
            own = self.conferences[owner.conference].video_ssrc
            send_rtcp(owner, build_pli(own, ssrc), self.transmits)
            owner.counters.plis_sent += 1

    def owner_of(self, source: IncomingSource) -> Endpoint | None:
        """The endpoint that sends a source."""
        for endpoint in self.endpoints.values():
            if endpoint.sources.get(source.spec.name) is source:
                return endpoint
        return None

    def send_arrivals(self, endpoint: Endpoint, now: float) -> None:
        """Send transport-cc feedback to a sender."""
        self._reports.arrivals(endpoint, now)

    def send_nacks(self, endpoint: Endpoint, stream: Incoming, now: float) -> None:
        """Ask a sender for what is missing of a stream."""
        self._reports.nacks(endpoint, stream, now)

    def receive(self, data: bytes, address: Address, at: float) -> None:
        self.now = max(self.now, at)
        if not data:
            return
        first = data[0]
        if first <= 3 or 20 <= first <= 63:
            self.events.append(Datagram(data, address, at))
            return
        endpoint = self.addresses.get(address)
        if endpoint is None or not 128 <= first <= 191:
            return
        if len(data) > MAX_DATAGRAM:
            endpoint.drop("oversize")
        elif endpoint.srtp is None:
            endpoint.before_keys.append((data, at))
        else:
            self._ingress.receive(endpoint, data, at)

    def tick(self, now: float) -> None:
        self.now = max(self.now, now)
        self._reports.tick(now)
        self.measure_layers(now)
        for endpoint in self.endpoints.values():
            if endpoint.pacer.due() >= 0:
                pace(endpoint, self.conferences[endpoint.conference].video_ssrc, now, self.transmits)

    def probe(self, receiver: EndpointId, probe: Probe) -> None:
        self.endpoints[receiver].pacer.probe(probe.cluster, probe.bitrate / 8, probe.packets, probe.octets)

    def measure_layers(self, now: float) -> None:
        """Tell what flows of each video source, once a second."""
        for endpoint in self.endpoints.values():
            for source in endpoint.sources.values():
                if source.spec.media == "video" and source.meter.due(now):
                    self.before_measuring(source)
                    layers = source.meter.measure(now)
                    if layers is not None:
                        self.events.append(LayersChanged(endpoint.id, source.spec.name, layers))

    def take_transmits(self) -> Transmits:
        taken, self.transmits = self.transmits, []
        return taken

    def take_events(self) -> list[Event]:
        taken, self.events = self.events, []
        return taken

    def last_media(self, endpoint: EndpointId) -> float:
        return self.endpoints[endpoint].counters.last_media

    def counters(self, endpoint: EndpointId) -> Counters:
        held = self.endpoints[endpoint].counters
        return replace(held, dropped=dict(held.dropped or {}))
