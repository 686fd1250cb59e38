"""The bridge as a whole, sans-I/O: conferences, datagrams in and out, events of the plane, timers.

What a focus may ask of it is in ``colibri``. An error in one datagram, endpoint or room is that one's alone: it is
counted, logged once a room, and the others go on.
"""

import itertools
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import structlog

from pyjitsi.bridge.candidates import HostAddress, with_private
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.demux import Demultiplexer
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.flood import AddressBudget
from pyjitsi.bridge.last_n import LastNLimits
from pyjitsi.bridge.metrics import totals_of
from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.plane.api import (
    OFF,
    Address,
    AudioLevel,
    Datagram,
    Event,
    Feedback,
    FirstMedia,
    LayersChanged,
    LossReport,
    Plane,
    ReceiverLimit,
)
from pyjitsi.bridge.relay import Relay
from pyjitsi.bridge.slots import Slots
from pyjitsi.bridge.transport.certificate import Certificate

log = structlog.get_logger("bridge")
QUIET: Any = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class Ports(Protocol):
    """UDP ports of their own for single peers."""

    def open_zone(self, zone: str) -> dict[str, int]:
        """Open a fresh port on each address; the ports by address. Raises OSError."""
        ...

    def close_zone(self, zone: str) -> None:
        """Close them."""
        ...


class OpenData(Protocol):
    """Gives a peer a data channel; ``opens``: ours to open."""

    def __call__(self, conference: Conference, peer: Peer, *, opens: bool = False) -> None: ...


class Bridge:
    """See the module's text. ``now`` is monotonic seconds throughout."""

    def __init__(
        self, plane: Plane, certificate: Certificate, hosts: tuple[HostAddress, ...], websocket_base: str | None,
        *, start_bitrate: float = 2_500_000, max_endpoints: int = 500, relay_id: str | None = None,
        relay_websocket_base: str | None = None, ice_restart: bool = True, last_n: LastNLimits | None = None,
        max_ssrcs: tuple[int, int] = (50, 50), loudest: int = 0,
    ) -> None:  # fmt: skip
        self.plane: Plane = plane
        self.ice_restart: bool = ice_restart
        self.last_n: LastNLimits = last_n or LastNLimits()
        self._restarts: Counter[str] = Counter()  # of ICE, of endpoints that are gone
        self._ice: Counter[bool] = Counter()  # of endpoints that are gone: whether ICE found a way
        self.certificate: Certificate = certificate
        self.hosts: tuple[HostAddress, ...] = hosts
        self.websocket_base: str | None = websocket_base
        self.start_bitrate: float = start_bitrate
        self.max_endpoints: int = max_endpoints
        self.loudest: int = loudest  # voices that are forwarded; 0: all
        self.max_ssrcs: tuple[int, int] = max_ssrcs  # that a client with SSRC rewriting sees: video, audio
        self.relay_id: str | None = relay_id  # None: this bridge has no relays
        self.relay_websocket_base: str | None = relay_websocket_base
        self.ports: Ports | None = None
        self.on_stun: Callable[[bytes, Address], bool] | None = None  # takes STUN that is no client's
        self.on_data: OpenData | None = None  # a peer is to have a data channel
        self.on_dial: Callable[[Conference, Relay], None] | None = None  # a relay's web-socket is ours to open
        self.conferences: dict[str, Conference] = {}
        self.tests: dict[str, Conference] = {}  # of the self-test: in no figure, and nothing waits for them
        self.demux: Demultiplexer = Demultiplexer()
        self.dropped: Counter[str] = Counter()
        self._stun: AddressBudget = AddressBudget()
        self.gone: Counter[str] = Counter()  # totals of endpoints that ended
        self.gone_relays: Counter[str] = Counter()  # and of relays
        self.total_conferences: int = 0
        self.total_endpoints: int = 0
        self.total_relays: int = 0
        self.faults: int = 0
        self.graceful_shutdown: bool = False
        self._keys: itertools.count[int] = itertools.count(1)
        self._by_key: dict[int, tuple[Conference, Endpoint | Relay]] = {}
        self._faulty: set[str] = set()
        self._transmits: list[tuple[bytes, Address]] = []

    # Conferences and endpoints.

    def open_test(self, meeting_id: str, now: float) -> Conference:
        """Make a conference of the self-test."""
        conference = Conference(meeting_id, meeting_id, next(self._keys), self.plane, now)
        self.tests[meeting_id] = conference
        return conference

    def close_test(self, conference: Conference) -> None:
        """End it."""
        for endpoint in conference.endpoints.values():
            self._unregister(endpoint, counted=False)
        conference.close()
        del self.tests[conference.meeting_id]

    def open(self, meeting_id: str, name: str, now: float, *, rtcstats: bool = True) -> Conference:
        """Make a conference; ``rtcstats`` is whether collectors of statistics may read its state."""
        conference = Conference(
            meeting_id,
            name,
            next(self._keys),
            self.plane,
            now,
            self.relay_id or "",
            self.last_n,
            rtcstats=rtcstats,
            loudest=self.loudest,
        )
        self.conferences[meeting_id] = conference
        self.total_conferences += 1
        conference.log.info("conference created")
        return conference

    def close(self, conference: Conference) -> None:
        """End a conference and its endpoints."""
        for peer in (*conference.endpoints.values(), *conference.relays):
            self._unregister(peer)
        conference.close()
        del self.conferences[conference.meeting_id]
        self._faulty.discard(conference.meeting_id)
        conference.log.info("conference ended")

    def admit(
        self, conference: Conference, identity: str, controlling: bool, visitor: bool, now: float, *,
        rewriting: bool = False, mids: bool = False, private: bool = False,
    ) -> Endpoint:  # fmt: skip
        """Make an endpoint; ``controlling`` is the bridge's ICE role, ``rewriting`` is of SSRCs, with ``mids``."""
        key = next(self._keys)
        endpoint = Endpoint(
            identity, key, conference.name, self.plane, self.certificate, controlling, self.start_bitrate,
            self.demux.claim, now, visitor=visitor, private=private,
        )  # fmt: skip
        if rewriting:
            endpoint.slots = Slots(self.plane, key, *self.max_ssrcs, conference.uses, mids=mids)
        conference.add(endpoint)
        self.demux.add(endpoint)
        self._by_key[key] = (conference, endpoint)
        if conference.meeting_id in self.tests:
            endpoint.log = QUIET
            return endpoint
        self.total_endpoints += 1
        endpoint.log.info("endpoint created")
        return endpoint

    def expire(self, conference: Conference, endpoint: Endpoint) -> None:
        """End an endpoint."""
        self._unregister(endpoint)
        conference.remove(endpoint)
        endpoint.log.info("endpoint ended")

    def link(self, conference: Conference, identity: str, controlling: bool, mesh: str, now: float, *,
             unique_port: bool) -> tuple[Relay, tuple[HostAddress, ...]]:  # fmt: skip
        """Make a relay; on a port of its own if that is asked. Returns the addresses that it can be reached at too.

        Raises OSError where no port can be had.
        """
        key = next(self._keys)
        zone, hosts = "", self.hosts
        if unique_port and self.ports is not None:
            zone = f"relay{key}"
            opened = self.ports.open_zone(zone)
            hosts = tuple(HostAddress(each.ip, opened[each.ip]) for each in hosts if each.ip in opened)
        relay = Relay(
            identity, key, conference.name, self.plane, self.certificate, controlling, self.demux.claim, now,
            mesh=mesh, zone=zone,
        )  # fmt: skip
        conference.add_relay(relay)
        self.demux.add(relay)
        self._by_key[key] = (conference, relay)
        self.total_relays += 1
        relay.log.info("relay created", mesh=mesh)
        # Bridges share private networks more often than clients do: all addresses are offered.
        return relay, tuple(replace(each, advertised=True) for each in hosts)

    def hosts_for(self, endpoint: Endpoint) -> tuple[HostAddress, ...]:
        """The addresses that an endpoint is offered."""
        return with_private(self.hosts) if endpoint.private else self.hosts

    def unlink(self, conference: Conference, relay: Relay) -> None:
        """End a relay."""
        self._unregister(relay)
        conference.remove_relay(relay)
        relay.log.info("relay ended")

    def sample_load(self, stress: float, now: float) -> None:
        """Less video for all while the bridge is loaded, where the settings say so."""
        endpoints = [endpoint for each in self.conferences.values() for endpoint in each.endpoints.values()]
        most = max((sum(layer != OFF for layer in each.targets.values()) for each in endpoints), default=0)
        if self.last_n.sample(stress, most, now):
            log.info("last-n", enforced=self.last_n.enforced, stress=round(stress, 2))
            for conference in self.conferences.values():
                conference.allocate(now)

    @property
    def ice_succeeded(self) -> int:
        """Endpoints to which ICE found a way, of all that ever were."""
        return self._ice[True] + sum(
            endpoint.reached for each in self.conferences.values() for endpoint in each.endpoints.values()
        )

    @property
    def ice_failed(self) -> int:
        """Endpoints that ended without one."""
        return self._ice[False]

    @property
    def ice_restarts(self) -> Counter[str]:
        """What became of all restarts of ICE, in JVB's words."""
        found = Counter(self._restarts)
        for conference in self.conferences.values():
            for endpoint in conference.endpoints.values():
                found.update(endpoint.ice.restarts)
        return found

    def _unregister(self, endpoint: Peer, *, counted: bool = True) -> None:
        counters = self.plane.counters(endpoint.key)
        if counted:
            if isinstance(endpoint, Endpoint):
                self._ice[endpoint.reached] += 1
                self._restarts.update(endpoint.ice.restarts)
            (self.gone_relays if isinstance(endpoint, Relay) else self.gone).update(totals_of(counters))
            self.dropped.update(endpoint.dropped)
            self.dropped.update(counters.dropped or {})
        self.demux.remove(endpoint)
        self._by_key.pop(endpoint.key, None)
        endpoint.close()
        if endpoint.zone and self.ports is not None:
            self.ports.close_zone(endpoint.zone)

    def find_relay(self, public_id: str, relay_id: str) -> tuple[Conference, Relay] | None:
        """The relay that a channel's address names."""
        conference = self._public(public_id)
        relay = None if conference is None else conference.relays.by_id.get(relay_id)
        return None if conference is None or relay is None else (conference, relay)

    def find(self, public_id: str, endpoint_id: str) -> tuple[Conference, Endpoint] | None:
        """The endpoint that a channel's address names."""
        conference = self._public(public_id)
        endpoint = None if conference is None else conference.endpoints.get(endpoint_id)
        return None if conference is None or endpoint is None else (conference, endpoint)

    def _public(self, public_id: str) -> Conference | None:
        return next((each for each in self.conferences.values() if each.public_id == public_id), None)

    @property
    def endpoint_count(self) -> int:
        """Endpoints of all conferences."""
        return sum(len(conference.endpoints) for conference in self.conferences.values())

    # Datagrams and timers.

    def pump(self, now: float) -> None:
        """Handle what the plane has to say; call it after a batch of datagrams went to ``plane.receive``."""
        for event in self.plane.take_events():
            try:
                self._event(event, now)
            except Exception as error:
                self._fault("event", error)

    def _event(self, event: Event, now: float) -> None:
        match event:
            case Datagram(data, address, _):
                self._control(data, address, now)
            case FirstMedia():
                pass
            case AudioLevel() | LayersChanged() | Feedback() | LossReport() | ReceiverLimit():
                found = self._by_key.get(event.endpoint)
                if found is not None:
                    found[0].on_event(event, found[1])

    def _control(self, data: bytes, address: Address, now: float) -> None:
        if data[0] > 3:
            endpoint = self.demux.at(address)
            if endpoint is None:
                self.dropped["dtls-unvalidated"] += 1
                return
            endpoint.dtls_datagram(data, address, now)
        else:
            if self.on_stun is not None and self.on_stun(data, address):
                return
            endpoint = self.demux.of_stun(data, address)
            if endpoint is None:
                self.dropped["stun-unknown"] += 1
                return
            if not self._stun.allow(address, now):
                self.dropped["stun-rate"] += 1
                return
            endpoint.stun(data, address, now)
        self.collect(endpoint, now)

    def collect(self, endpoint: Peer, now: float) -> None:
        """Take what a peer has to send."""
        for data, address in endpoint.take_transmits():
            self.demux.check_sent(data, endpoint, now)
            self._transmits.append((data, address))

    def tick(self, now: float) -> bool:
        """Timers; call every 100 ms, or every 20 while it returns that somebody connects."""
        try:
            self.plane.tick(now)
        except Exception as error:
            self._fault("plane", error)
        self.pump(now)
        self.demux.forget_old_checks(now)
        connecting = False
        for conference in (*self.conferences.values(), *self.tests.values()):
            try:
                connecting = self._tick(conference, now) or connecting
            except Exception as error:
                self._fault(conference.meeting_id, error)
        return connecting

    def _tick(self, conference: Conference, now: float) -> bool:
        connecting = False
        for peer in (*conference.endpoints.values(), *conference.relays):
            if peer.due <= now:
                peer.tick(now)
                self.collect(peer, now)
                if peer.ice.retired:
                    self.demux.forget_retired(peer)
            connecting = connecting or peer.connecting
        for endpoint in conference.tick(now):
            self.expire(conference, endpoint)
        for relay in conference.relays:
            if relay.expired(now):
                relay.log.warning("relay lost", reason=relay.failed or "nothing is heard of the other bridge")
                self.unlink(conference, relay)
        if conference.meeting_id in self.conferences and conference.abandoned(now):
            self.close(conference)
        return connecting

    def _fault(self, where: str, error: Exception) -> None:
        """A bug of ours: once a room in the log, always in the metric."""
        self.faults += 1
        if where not in self._faulty:
            self._faulty.add(where)
            log.error("a fault; more of these are only counted", where=where, exc_info=error)

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        """Datagrams to send, in order."""
        taken = self.plane.take_transmits()
        if self._transmits:
            taken = self._transmits + taken
            self._transmits = []
        return taken
