"""The bridge as a whole, sans-I/O: COLIBRI2 requests and datagrams in, answers, messages and datagrams out."""

import itertools
from collections import Counter
from collections.abc import Callable

import structlog

from pyjitsi.bridge.candidates import HostAddress, candidates
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.endpoint import DataChannel, Endpoint
from pyjitsi.bridge.media import codecs_of, extensions_of
from pyjitsi.bridge.metrics import totals_of
from pyjitsi.bridge.plane.api import Address, AudioLevel, Datagram, Feedback, FirstMedia, LayersChanged, Plane
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.bridge.transport.ice import local_ufrag_of
from pyjitsi.xmpp.stanzas import colibri2, ice_udp, ssma
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("bridge")

MAX_CONFERENCES = 5000
SCTP_PORT = 5000
DataChannelFactory = Callable[[Endpoint, Callable[[bytes], None]], DataChannel]


class Bridge:
    """See the module's text. ``now`` is monotonic seconds throughout."""

    def __init__(
        self, plane: Plane, certificate: Certificate, hosts: tuple[HostAddress, ...], websocket_base: str | None,
        *, start_bitrate: float = 2_500_000, max_endpoints: int = 500,
        data_channel: DataChannelFactory | None = None,
    ) -> None:  # fmt: skip
        self.plane: Plane = plane
        self.certificate: Certificate = certificate
        self.hosts: tuple[HostAddress, ...] = hosts
        self.websocket_base: str | None = websocket_base
        self.start_bitrate: float = start_bitrate
        self.max_endpoints: int = max_endpoints
        self.data_channel: DataChannelFactory | None = data_channel
        self.conferences: dict[str, Conference] = {}
        self.dropped: Counter[str] = Counter()
        self.gone: Counter[str] = Counter()  # totals of endpoints that ended
        self.graceful_shutdown: bool = False
        self._keys: itertools.count[int] = itertools.count(1)
        self._by_ufrag: dict[str, tuple[Conference, Endpoint]] = {}
        self._by_address: dict[Address, Endpoint] = {}
        self._by_key: dict[int, Conference] = {}
        self._transmits: list[tuple[bytes, Address]] = []

    # COLIBRI2.

    def modify(self, request: colibri2.ConferenceModify, now: float) -> colibri2.ConferenceModified:
        """Carry out a request. Raises StanzaError (ColibriError where the focus acts on a reason)."""
        conference = self.conferences.get(request.meeting_id)
        if request.create:
            if conference is not None:
                raise colibri2.ColibriError("conflict", "that conference exists", "conference_already_exists")
            if self.graceful_shutdown:
                raise colibri2.ColibriError("service-unavailable", "this bridge is shutting down", "graceful_shutdown")
            if len(self.conferences) >= MAX_CONFERENCES:
                raise StanzaError("resource-constraint", f"{MAX_CONFERENCES} conferences are the most here")
            conference = self._open(request, now)
        elif conference is None:
            raise colibri2.ColibriError("item-not-found", "no such conference", "conference_not_found")
        _check_supported(request)
        answers: list[colibri2.Endpoint] = []
        lenient = all(
            not (each.create or each.audio or each.video or each.transport or each.sources is not None)
            for each in request.endpoints
        )
        for wanted in request.endpoints:
            answer = self._endpoint(conference, wanted, lenient, now)
            if answer is not None:
                answers.append(answer)
        created = request.create or any(each.create for each in request.endpoints)
        if request.expire or (not request.create and not conference.endpoints):
            self._close(conference)
        return colibri2.ConferenceModified(tuple(answers), _feedback_sources(conference) if created else None)

    def _open(self, request: colibri2.ConferenceModify, now: float) -> Conference:
        name = request.name or request.meeting_id
        if request.name is not None and ("@" not in name or "/" in name):
            raise StanzaError("bad-request", f"the conference name {name[:80]!r} is not a bare JID")
        conference = Conference(request.meeting_id, name, next(self._keys), self.plane, now)
        self.conferences[request.meeting_id] = conference
        conference.log.info("conference created")
        return conference

    def _close(self, conference: Conference) -> None:
        for endpoint in conference.endpoints.values():
            self._unregister(endpoint)
        conference.close()
        del self.conferences[conference.meeting_id]
        conference.log.info("conference ended")

    def _endpoint(
        self, conference: Conference, wanted: colibri2.Endpoint, lenient: bool, now: float
    ) -> colibri2.Endpoint | None:
        endpoint = conference.endpoints.get(wanted.id)
        if wanted.expire:
            if endpoint is not None:
                self._expire(conference, endpoint)
            return colibri2.Endpoint(wanted.id, expire=True)
        answer = colibri2.Endpoint(wanted.id)
        if wanted.create:
            endpoint, answer = self._create(conference, wanted, endpoint, now)
        elif endpoint is None:
            if lenient:
                return answer
            raise colibri2.ColibriError("item-not-found", "no such endpoint", "unknown_endpoint", wanted.id)
        descriptions = [each for each in (wanted.audio, wanted.video) if each is not None]
        if descriptions:
            codecs = codecs_of(wanted.audio, "audio") + codecs_of(wanted.video, "video")
            self.plane.set_media(endpoint.key, codecs, extensions_of(descriptions))
        if wanted.initial_last_n is not None and not endpoint.wishes.asked:
            endpoint.wishes = endpoint.wishes.with_last_n(wanted.initial_last_n)
        if wanted.transport is not None and wanted.transport.ice is not None:
            endpoint.set_transport(wanted.transport.ice, now)
            endpoint.progress(now)
        if wanted.sources is not None:
            conference.set_sources(endpoint, wanted.sources)
        if wanted.force_mute is not None:
            self.plane.set_force_mute(endpoint.key, wanted.force_mute.audio, wanted.force_mute.video)
        self._collect(endpoint)
        return answer

    def _create(
        self, conference: Conference, wanted: colibri2.Endpoint, existing: Endpoint | None, now: float
    ) -> tuple[Endpoint, colibri2.Endpoint]:
        if existing is not None:
            raise StanzaError("conflict", f"the endpoint {wanted.id[:40]} exists")
        if wanted.transport is None:
            raise StanzaError("bad-request", "an endpoint needs a transport when it is created")
        if colibri2.SOURCE_NAMES not in wanted.capabilities:
            raise StanzaError("bad-request", "an endpoint must have the capability source-names")
        if len(self._by_ufrag) >= self.max_endpoints:
            raise StanzaError("resource-constraint", f"{self.max_endpoints} endpoints are the most here")
        sctp = wanted.transport.sctp
        if sctp is not None:
            if self.data_channel is None or sctp.role not in (None, "server"):
                raise StanzaError("feature-not-implemented", "no data channel in that role here")
            if sctp.port not in (None, SCTP_PORT):
                raise StanzaError("bad-request", f"the SCTP port is {SCTP_PORT}")
        key = next(self._keys)
        endpoint = Endpoint(
            wanted.id, key, conference.name, self.plane, self.certificate,
            wanted.transport.ice_controlling, self.start_bitrate, now,
        )  # fmt: skip
        conference.add(endpoint)
        self._by_ufrag[endpoint.credentials.ufrag] = (conference, endpoint)
        self._by_key[key] = conference
        if sctp is not None and self.data_channel is not None:
            endpoint.data_channel = self.data_channel(endpoint, lambda data: self._send_sctp(endpoint, data))
        sockets: tuple[ice_udp.WebSocket, ...] = ()
        if self.websocket_base is not None:
            path = f"{conference.public_id}/{endpoint.id}?pwd={endpoint.password}"
            sockets = (ice_udp.WebSocket(f"{self.websocket_base}/{path}"),)
        name, value = self.certificate.fingerprint
        transport = ice_udp.IceUdpTransport(
            ufrag=endpoint.credentials.ufrag,
            pwd=endpoint.credentials.pwd,
            candidates=candidates(self.hosts),
            fingerprints=(ice_udp.Fingerprint(name, value, "actpass"),),
            web_sockets=sockets,
            rtcp_mux=True,
        )
        granted = colibri2.Sctp(SCTP_PORT, "server") if sctp is not None else None
        endpoint.log.info("endpoint created")
        return endpoint, colibri2.Endpoint(wanted.id, transport=colibri2.Transport(ice=transport, sctp=granted))

    def _send_sctp(self, endpoint: Endpoint, data: bytes) -> None:
        endpoint.dtls.send(data)
        self._collect(endpoint)

    def _expire(self, conference: Conference, endpoint: Endpoint) -> None:
        self._unregister(endpoint)
        conference.remove(endpoint)
        endpoint.log.info("endpoint ended")

    def _unregister(self, endpoint: Endpoint) -> None:
        counters = self.plane.counters(endpoint.key)
        self.gone.update(totals_of(counters))
        self.dropped.update(endpoint.dropped)
        self.dropped.update(counters.dropped or {})
        self._by_ufrag.pop(endpoint.credentials.ufrag, None)
        self._by_key.pop(endpoint.key, None)
        for address in endpoint.validated:
            if self._by_address.get(address) is endpoint:
                del self._by_address[address]
        if endpoint.data_channel is not None:
            endpoint.data_channel.close()
        if endpoint.closing is not None:
            endpoint.closing()

    # Datagrams and timers.

    def datagram(self, data: bytes, address: Address, now: float) -> None:
        """One datagram of the media port."""
        self.plane.receive(data, address, now)

    def pump(self, now: float) -> None:
        """Handle what the plane has to say."""
        for event in self.plane.take_events():
            match event:
                case Datagram(data, address, _):
                    self._control(data, address, now)
                case AudioLevel():
                    if (conference := self._by_key.get(event.endpoint)) is not None:
                        conference.on_level(event)
                case LayersChanged():
                    if (conference := self._by_key.get(event.endpoint)) is not None:
                        conference.on_layers(event)
                case Feedback():
                    if (conference := self._by_key.get(event.endpoint)) is not None:
                        conference.on_feedback(event)
                case FirstMedia():
                    pass

    def _control(self, data: bytes, address: Address, now: float) -> None:
        if data[0] > 3:
            endpoint = self._by_address.get(address)
            if endpoint is None:
                self.dropped["dtls-unvalidated"] += 1
                return
            endpoint.dtls_datagram(data, address, now)
        else:
            # STUN goes by its ufrag, whoever the address belonged to before.
            ufrag = local_ufrag_of(data)
            found = None if ufrag is None else self._by_ufrag.get(ufrag)
            endpoint = found[1] if found is not None else (None if ufrag else self._by_address.get(address))
            if endpoint is None:
                self.dropped["stun-unknown"] += 1
                return
            endpoint.stun(data, address, now)
        self._collect(endpoint)

    def _collect(self, endpoint: Endpoint) -> None:
        for address in endpoint.validated:
            self._by_address[address] = endpoint
        self._transmits += endpoint.take_transmits()

    def tick(self, now: float) -> None:
        """Timers; call every 10 to 20 ms."""
        self.plane.tick(now)
        self.pump(now)
        for conference in list(self.conferences.values()):
            for endpoint in conference.tick(now):
                self._expire(conference, endpoint)
            for endpoint in conference.endpoints.values():
                self._collect(endpoint)
            if conference.abandoned(now):
                self._close(conference)

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        """Datagrams to send, in order."""
        out = self._transmits
        self._transmits = []
        return out + self.plane.take_transmits()

    # Bridge channel.

    def find(self, public_id: str, endpoint_id: str) -> tuple[Conference, Endpoint] | None:
        """The endpoint that a channel's address names."""
        for conference in self.conferences.values():
            if conference.public_id == public_id:
                endpoint = conference.endpoints.get(endpoint_id)
                return None if endpoint is None else (conference, endpoint)
        return None

    @property
    def endpoint_count(self) -> int:
        """Endpoints of all conferences."""
        return len(self._by_ufrag)


def _check_supported(request: colibri2.ConferenceModify) -> None:
    if request.has_relay or request.has_connects:
        raise colibri2.ColibriError(
            "feature-not-implemented", "relays and connects are not offered by this bridge", "feature_not_implemented"
        )
    if len(request.endpoints) > 1 and any(
        each.create or each.audio or each.video or each.transport or each.sources is not None
        for each in request.endpoints
    ):
        raise colibri2.ColibriError(
            "feature-not-implemented", "one endpoint a request, unless they expire or mute", "feature_not_implemented"
        )


def _feedback_sources(conference: Conference) -> tuple[colibri2.MediaSource, ...]:
    return (
        colibri2.MediaSource("audio", "jvb-a0", (ssma.Source(conference.audio_ssrc, "jvb-a0"),)),
        colibri2.MediaSource("video", "jvb-v0", (ssma.Source(conference.video_ssrc, "jvb-v0"),)),
    )
