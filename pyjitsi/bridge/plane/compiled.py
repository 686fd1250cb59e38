"""The compiled ``Plane``: control's tables are kept in Python as ever, and each change goes to the native tables too.

Packets and RTCP are native's; it reads the sockets in a thread of its own, without the GIL. What comes back are events:
datagrams for control, audio levels, feedback in sums, key frames wanted, packets missing. RTCP that the bridge
originates on timers is still made here, a few messages a second for each peer.
"""

import itertools
import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pyjitsi.bridge.plane.api import (
    Address,
    AudioLevel,
    Codec,
    ConferenceId,
    Counters,
    Datagram,
    EndpointId,
    Event,
    FirstMedia,
    LossReport,
    Probe,
    ReceiverLimit,
    SrtpKeys,
)
from pyjitsi.bridge.plane.downlinks import feedback_of
from pyjitsi.bridge.plane.egress import Transmits
from pyjitsi.bridge.plane.endpoint import Endpoint, Incoming, IncomingSource, Limits, Route
from pyjitsi.bridge.plane.keyframe import KINDS
from pyjitsi.bridge.plane.keys import session_keys
from pyjitsi.bridge.plane.lines import Totals
from pyjitsi.bridge.plane.native import engine
from pyjitsi.bridge.plane.native.peers import PeerHandle
from pyjitsi.bridge.plane.native.routes import RouteHandle
from pyjitsi.bridge.plane.native.sources import SourceHandle, StreamHandle
from pyjitsi.bridge.plane.plane import PythonPlane
from pyjitsi.bridge.plane.projection import Projection
from pyjitsi.rtp.rtcp import ReportBlock

UNKNOWN, AUDIO, VIDEO, RTX = range(4)  # kinds of payload types, as state.pxd numbers them
CAPTURED, NOWHERE = -1, -2
# Seconds: how often it is looked whether something is due. What can't wait comes as an event.
REQUESTS_EVERY = 0.045
STATISTICS_EVERY = 0.25
BEGINNING = 30  # what a conference counts for at the least, in pairs of people: six are soon there
Way = Callable[[Address, int], int]
Steer = Callable[[Mapping[int, int]], None]


class CompiledPlane(PythonPlane):
    """``receive`` and ``take_transmits`` are for tests; ``serve`` gives it sockets instead."""

    def __init__(self, threads: int = 1, limits: Limits | None = None) -> None:
        """``threads``: conferences are spread over so many. Each address and its packets belong to one of them."""
        super().__init__(limits)
        self.engines: tuple[engine.Engine, ...] = tuple(engine.Engine() for _ in range(threads))
        self.way: Way | None = None
        self._homes: dict[ConferenceId, int] = {}  # the engine of each conference
        self.arrived_by: Callable[[Address, int], None] | None = None
        self._steer: Steer | None = None
        self._steered: bool = True  # as the addresses are now
        self._counters: tuple[int, ...] = ()
        self._requested_at: float = 0.0
        self._reported_at: float = 0.0
        self._ids: itertools.count[int] = itertools.count(1)
        self._peers: dict[EndpointId, PeerHandle] = {}
        self._sources: dict[int, tuple[Endpoint, IncomingSource]] = {}
        self._source_handles: dict[int, tuple[int, SourceHandle]] = {}  # by id() of the source
        self._streams: dict[int, tuple[Endpoint, Incoming]] = {}
        self._meters: dict[int, StreamHandle] = {}  # by id() of the stream
        self._routes: dict[int, RouteHandle] = {}  # by id() of the route
        self._zones: dict[str, int] = {"": 0}
        self._zone_names: dict[int, str] = {0: ""}

    # Sockets.

    @property
    def threads(self) -> int:
        """How many threads forward packets."""
        return len(self.engines)

    def serve(self, descriptor: int, zone: str = "", thread: int = 0) -> None:
        """Read a socket in a thread; what comes there is of a zone. Raises OSError."""
        self.engines[thread].add_port(descriptor, self._zone(zone))

    def release(self, descriptor: int) -> None:
        """Read a socket no more, before it is closed."""
        for each in self.engines:
            each.remove_port(descriptor)

    def start(self, way: Way, arrived_by: Callable[[Address, int], None], steer: Steer | None = None) -> int:
        """Start the threads; returns a descriptor that becomes readable when there are events. Raises OSError.

        ``way`` tells the socket by which a thread reaches an address, ``arrived_by`` is told which one one came by, and
        ``steer`` which thread each remote port belongs to, when that has changed.
        """
        self.way, self.arrived_by = way, arrived_by
        self._steer = steer if self.threads > 1 else None
        self._counters = tuple(os.eventfd(0, os.EFD_NONBLOCK) for _ in range(len(self.engines) + 1))
        for each, wake in zip(self.engines, self._counters[1:], strict=True):
            each.start(wake, self._counters[0])
        return self._counters[0]

    def stop(self) -> None:
        """End them."""
        for each in self.engines:
            each.stop()
        for descriptor in self._counters:
            os.close(descriptor)
        self._counters = ()

    @property
    def unsent(self) -> int:
        """Datagrams that the kernel would not take."""
        return sum(each.unsent for each in self.engines)

    def add_conference(self, conference: ConferenceId, video_ssrc: int, audio_ssrc: int) -> None:
        super().add_conference(conference, video_ssrc, audio_ssrc)
        self._homes[conference] = self._idlest()

    def remove_conference(self, conference: ConferenceId) -> None:
        super().remove_conference(conference)
        del self._homes[conference]

    def _idlest(self) -> int:
        """The engine with the least to do, counting a conference that is still empty as one that begins."""
        if len(self.engines) == 1:
            return 0
        loads = [0] * len(self.engines)
        for conference, home in self._homes.items():
            people = len(self.conferences[conference].endpoints)
            loads[home] += max(people * (people - 1), BEGINNING)  # everybody's packets go to all others
        return loads.index(min(loads))

    def _home(self, endpoint: EndpointId) -> engine.Engine:
        return self.engines[self._homes[self.endpoints[endpoint].conference]]

    def _zone(self, name: str) -> int:
        number = self._zones.setdefault(name, len(self._zones))
        self._zone_names[number] = name
        return number

    def _key(self, address: Address) -> bytes:
        text, _, zone = address[0].partition("%")
        if ":" in text:
            packed = socket.inet_pton(socket.AF_INET6, text)
        else:
            packed = bytes(10) + b"\xff\xff" + socket.inet_pton(socket.AF_INET, text)
        return packed + struct.pack("!HH", address[1], self._zone(zone))

    def _address(self, key: bytes) -> Address:
        port, zone = struct.unpack("!HH", key[16:])
        mapped = key[:12] == bytes(10) + b"\xff\xff"
        text = socket.inet_ntop(socket.AF_INET, key[12:16]) if mapped else socket.inet_ntop(socket.AF_INET6, key[:16])
        name = self._zone_names.get(zone, "")
        return (f"{text}%{name}" if name else text, port)

    # Peers.

    def make_endpoint(self, endpoint: EndpointId, conference: ConferenceId, mesh: str | None) -> Endpoint:
        made = CompiledEndpoint(endpoint, conference, mesh)
        home, own = self.engines[self._homes[conference]], self.conferences[conference].video_ssrc
        made.loudest = self.conferences[conference].loudest
        made.peer = self._peers[endpoint] = PeerHandle(home, endpoint, made.delivery, made.pacer, made.loudest, own)
        if self.limits is not None and mesh is None:
            made.peer.set_limits(self.limits.packets, self.limits.octets)
        return made

    def remove_endpoint(self, endpoint: EndpointId) -> None:
        super().remove_endpoint(endpoint)
        self._peers.pop(endpoint).close()

    def set_media(self, endpoint: EndpointId, codecs: Sequence[Codec], extensions: Mapping[str, int]) -> None:
        held = self.endpoints[endpoint]
        held.set_media(codecs, extensions)
        kinds, codec_of, apt, rtx_of = bytearray(128), bytearray(128), bytearray(128), bytearray(128)
        for number, codec in held.codecs.items():
            known = RTX if codec.name == "rtx" else AUDIO if codec.media == "audio" else VIDEO
            kinds[number & 127], codec_of[number & 127] = known, KINDS.get(codec.name, 0)
            apt[number & 127] = (codec.apt or 0) & 127
        for number, rtx in held.rtx_of.items():
            rtx_of[number & 127] = rtx
        self._peers[endpoint].set_media(
            bytes(kinds), bytes(codec_of), bytes(apt), bytes(rtx_of), bytes(held.keep), held.transport_cc,
            held.audio_level, held.dependency, held.red, held.mid,
        )  # fmt: skip
        self._rewire(held)

    def set_keys(self, endpoint: EndpointId, keys: SrtpKeys) -> None:
        held, peer = self.endpoints[endpoint], self._peers[endpoint]
        gcm = keys.profile == "AEAD_AES_128_GCM"
        peer.set_keys(gcm, session_keys(keys.receive), session_keys(keys.send))
        held.sealer = peer
        waiting = list(held.before_keys)
        held.before_keys.clear()
        for data, at in waiting:
            peer.feed(data, at)

    def bind(self, address: Address, endpoint: EndpointId) -> None:
        super().bind(address, endpoint)
        key, home = self._key(address), self._home(endpoint)
        self._steered = False
        self._peers[endpoint].bind(key)
        for other in self.engines:
            if other is not home:
                other.refer(key, home)

    def unbind(self, address: Address) -> None:
        held = self.addresses.get(address)
        super().unbind(address)
        if held is not None:
            self._steered = False
            for each in self.engines:
                each.forget(self._key(address))

    def set_destination(self, endpoint: EndpointId, address: Address | None) -> None:
        super().set_destination(endpoint, address)
        peer = self._peers[endpoint]
        if address is None:
            peer.set_destination(NOWHERE, b"")
        elif self.way is None:
            peer.set_destination(CAPTURED, b"")
        else:
            peer.set_destination(self.way(address, self._homes[self.endpoints[endpoint].conference]), _name(address))

    def answer_checks(
        self, endpoint: EndpointId, address: Address | None, user: str, password: str, *, controlling: bool
    ) -> None:  # fmt: skip
        key = b"" if address is None else self._key(address)
        self._peers[endpoint].answer_checks(key, user.encode(), password.encode(), controlling)

    def last_check(self, endpoint: EndpointId) -> float:
        return self._peers[endpoint].last_check

    def set_force_mute(self, endpoint: EndpointId, audio: bool, video: bool) -> None:
        super().set_force_mute(endpoint, audio, video)
        self._peers[endpoint].set_mute(audio, video)

    # Sources and routes.

    def source_opened(self, owner: Endpoint, source: IncomingSource) -> None:
        number = next(self._ids)
        handle = SourceHandle(self._peers[owner.id], number, source.spec.media == "video")
        self._sources[number] = owner, source
        self._source_handles[id(source)] = number, handle
        for stream in owner.streams.values():
            if stream.source is source:
                identity = next(self._ids)
                held = StreamHandle(
                    handle, identity, stream.ssrc, stream.encoding, stream.rtx, stream.reception.clock_rate
                )
                self._streams[identity] = owner, stream
                self._meters[id(stream)] = held
                stream.reception = NativeReception(stream.ssrc, held, identity)
                stream.nacks = held

    def set_always(self, source: IncomingSource, always: bool) -> None:
        super().set_always(source, always)
        self._source_handles[id(source)][1].set_always(always)

    def source_closed(self, owner: Endpoint, source: IncomingSource) -> None:
        number, handle = self._source_handles.pop(id(source))
        for stream in owner.streams.values():
            if stream.source is source:
                assert isinstance(stream.reception, NativeReception)
                self._streams.pop(stream.reception.identity, None)
                self._meters.pop(id(stream)).close()
        del self._sources[number]
        handle.close()

    def route_opened(self, route: Route, totals: Totals) -> None:
        self._routes[id(route)] = handle = RouteHandle(
            self._source_handles[id(route.source)][1], self._peers[route.receiver.id], route.projection, route.voice,
            route.receiver.mesh is not None, route.encoding, route.ssrc, route.rtx_ssrc or 0, totals, route.mid,
        )  # fmt: skip
        route.sent = handle

    def route_changed(self, route: Route) -> None:
        self._routes[id(route)].set_open(route.open)

    def route_closed(self, route: Route) -> Totals:
        return Totals(*self._routes.pop(id(route)).close())

    def set_projection_target(self, route: Route, projection: Projection, layer: int) -> None:
        self._routes[id(route)].set_target(layer)

    # Packets.

    def receive(self, data: bytes, address: Address, at: float) -> None:
        self.now = max(self.now, at)
        self.engines[0].feed(self._key(address), data, at)
        for other in self.engines[1:]:
            other.work()
        self._collect()

    def _collect(self) -> None:
        for each in self.engines:
            self._collect_from(each)

    def _collect_from(self, source: engine.Engine) -> None:
        for kind, who, what, count, lost, at, rate, key, descriptor, data in source.take_events():
            self.now = max(self.now, at)
            held = self.endpoints.get(who)
            if kind == engine.DATAGRAM:
                address = self._address(key)
                if self.arrived_by is not None:
                    self.arrived_by(address, descriptor)
                self.events.append(Datagram(data, address, at))
            elif held is None:
                continue
            elif kind == engine.EARLY:
                if held.sealer is None:
                    held.before_keys.append((data, at))
                else:
                    self._peers[who].feed(data, at)
            elif kind == engine.LEVEL:
                if what in self._sources:
                    self.events.append(AudioLevel(who, self._sources[what][1].spec.name, count, at))
            elif kind == engine.FEEDBACK:
                peer = self._peers[who]
                self.events.append(feedback_of(peer.take_feedback(at), who, peer.rtt, at))
            elif kind == engine.REPORT:
                self.events.append(LossReport(who, lost / 256, rate, self._peers[who].rtt, at))
            elif kind == engine.LIMIT:
                self.events.append(ReceiverLimit(who, rate, at))
            elif kind == engine.FIRST:
                self.events.append(FirstMedia(who, at))
            elif kind == engine.KEYFRAME:
                if what in self._sources:
                    self.ask_keyframe(held, self._sources[what][1], count)
            elif kind == engine.MISSED and what in self._streams:
                self.send_nacks(*self._streams[what], at)

    def tick(self, now: float) -> None:
        self.now = max(self.now, now)
        self._collect()
        if now - self._requested_at >= REQUESTS_EVERY:
            self._requested_at = now
            for endpoint in self.endpoints.values():
                if not endpoint.streams:
                    continue
                for number, ssrc, at in self._peers[endpoint.id].take_arrivals():
                    endpoint.arrivals.received(number, ssrc, at)
            self._reports.requests(now)
            if self._steer is not None and not self._steered:
                self._steered = True
                self._steer({address[1]: self._homes[held.conference] for address, held in self.addresses.items()})
        if self.way is None:
            for each in self.engines:
                each.pace(now)
        if now - self._reported_at < STATISTICS_EVERY:
            return
        self._reported_at = now
        self._reports.statistics(now)
        self.measure_layers(now)

    def probe(self, receiver: EndpointId, probe: Probe) -> None:
        self._peers[receiver].probe(probe.cluster, probe.bitrate / 8, probe.packets, probe.octets)

    def before_measuring(self, source: IncomingSource) -> None:
        for stream in source.streams:
            source.meter.encodings[stream.encoding].add(*self._meters[id(stream)].take_meter())

    def take_events(self) -> list[Event]:
        self._collect()
        return super().take_events()

    def take_transmits(self) -> Transmits:
        made = super().take_transmits()
        if self.way is not None:
            return made
        for endpoint, data in [pair for each in self.engines for pair in each.take_captured()]:
            held = self.endpoints.get(endpoint)
            if held is not None and held.destination is not None:
                made.append((data, held.destination))
        return made

    def last_media(self, endpoint: EndpointId) -> float:
        return self._peers[endpoint].last_media

    def counters(self, endpoint: EndpointId) -> Counters:
        own = super().counters(endpoint)
        received, received_bytes, sent, sent_bytes, nacks, rtx, plis, last, dropped = self._peers[endpoint].counters()
        return replace(
            own, packets_received=received, bytes_received=received_bytes, packets_sent=sent, bytes_sent=sent_bytes,
            nacks_received=nacks, rtx_sent=rtx, plis_received=plis, last_media=last,
            dropped={**(own.dropped or {}), **dropped},
        )  # fmt: skip


class CompiledEndpoint(Endpoint):
    """An endpoint whose packets are counted elsewhere."""

    peer: PeerHandle

    def note_sender_report(self, ntp: int, now: float) -> None:
        self.peer.note_report(ntp >> 16 & 0xFFFFFFFF, now)


class NativeReception:
    """Receive statistics of one SSRC, as reports want them (``rtp.reception``)."""

    def __init__(self, ssrc: int, stream: StreamHandle, identity: int) -> None:
        self.ssrc: int = ssrc
        self.identity: int = identity
        self._stream: StreamHandle = stream
        self.clock_rate: int = stream.clock_rate
        self.reported_at: int = 0

    @property
    def received(self) -> int:
        """Packets."""
        return self._stream.received

    def report(self, now: float) -> ReportBlock:
        """A block on what came since the last one."""
        self.reported_at = self._stream.received
        return ReportBlock(self.ssrc, *self._stream.report(now))

    def sender_info(self) -> tuple[int, int, float] | None:
        """(NTP time, RTP time, arrival) of the last SR, or None."""
        return self._stream.sender_info()


def _name(address: Address) -> bytes:
    """A socket address as the kernel has it."""
    text = address[0].partition("%")[0]
    family: Literal[2, 10] = 10 if ":" in text else 2
    if family == 10:
        return struct.pack("=HHI16sI", family, socket.htons(address[1]), 0, socket.inet_pton(socket.AF_INET6, text), 0)
    return struct.pack("=HH4s8x", family, socket.htons(address[1]), socket.inet_pton(socket.AF_INET, text))
