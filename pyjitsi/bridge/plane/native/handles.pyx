"""What Python holds of the compiled plane: handles that own the memory of peers, sources, streams and routes.

A handle that was closed does nothing any more. Every method takes the shard's lock for as long as it copies. Routes and
streams hold their source, sources their peer, so that memory goes in the right order; the garbage collector, which knows
of no order, is kept out.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memmove, memset

from pyjitsi.bridge.plane.native.checks cimport checks_open
from pyjitsi.bridge.plane.native.cipher cimport cipher_close, cipher_open
from pyjitsi.bridge.plane.delivery cimport Delivery
from pyjitsi.bridge.plane.loudest cimport Loudest, Loudness
from pyjitsi.bridge.plane.native.egress cimport ALL
from pyjitsi.bridge.plane.native.engine cimport Engine
from pyjitsi.bridge.plane.native.shard cimport Shard
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport missing_due, table_drop, table_put
from pyjitsi.bridge.plane.pacer cimport Pacer
from pyjitsi.bridge.plane.projection cimport Projection
from pyjitsi.bridge.plane.voice cimport Gaps, Voice
from pyjitsi.rtp.dependency cimport Structure

cdef extern from "<unistd.h>" nogil:
    ssize_t write(int, const void*, size_t)

DROP_NAMES = (
    "auth", "replay", "short", "unknown-pt", "unknown-ssrc", "malformed", "muted", "unknown-rtx", "oversize",
    "not-loudest", "rate", "nack-rate",
)

@cython.no_gc
cdef class PeerHandle:
    """An endpoint or relay."""

    cdef Shard shard
    cdef Peer* peer
    cdef Delivery delivery
    cdef Pacer pacer
    cdef Loudest loudest

    def __init__(self, Engine engine, int id, Delivery delivery, Pacer pacer, Loudest loudest, unsigned int blank_ssrc):
        self.shard = engine.shard
        self.peer = <Peer*>calloc(1, sizeof(Peer))
        if self.peer == NULL:
            raise MemoryError
        self.peer.id = id
        self.peer.fd = -2
        self.delivery, self.pacer, self.loudest = delivery, pacer, loudest
        self.peer.loudest = <void*>loudest
        self.peer.delivery, self.peer.pacer = <void*>delivery, <void*>pacer
        self.peer.blank_ssrc, self.peer.blank_index = blank_ssrc, -1

    def __dealloc__(self):
        self.close()

    def close(self):
        """Forget the peer; its sources and routes were closed before."""
        cdef Peer* peer = self.peer
        if peer == NULL:
            return
        self.peer = NULL
        with nogil:
            self.shard.lock_idle()
            self.shard.forget(peer)
            self.shard.unlock()
        cipher_close(&peer.inbound)
        cipher_close(&peer.outbound)
        free(peer.streams.entries)
        free(peer.routes.entries)
        free(peer.train)
        free(peer.arrived)
        free(peer)

    def set_media(self, bytes kinds, bytes codecs, bytes apt, bytes rtx_of, bytes keep, int transport_cc, int audio_level,
                  int dependency, int red):
        """Tables by payload type (128 bytes each), and the extensions' ids; ``keep`` has 256 bytes."""
        if self.peer == NULL:
            return
        with nogil:
            self.shard.lock()
        memcpy(self.peer.kind, <const unsigned char*>kinds, 128)
        memcpy(self.peer.codec, <const unsigned char*>codecs, 128)
        memcpy(self.peer.apt, <const unsigned char*>apt, 128)
        memcpy(self.peer.rtx_of, <const unsigned char*>rtx_of, 128)
        memcpy(self.peer.keep, <const unsigned char*>keep, 256)
        self.peer.transport_cc, self.peer.audio_level, self.peer.dependency = transport_cc, audio_level, dependency
        self.peer.red = red
        self.shard.unlock()

    def set_limits(self, unsigned long packets, unsigned long octets):
        """What is received in a second; 0 for no limit."""
        if self.peer != NULL:
            with nogil:
                self.shard.lock()
                self.peer.packet_limit, self.peer.byte_limit = packets, octets
                self.shard.unlock()

    def set_keys(self, bint gcm, bytes inbound, bytes outbound):
        """Session keys, as ``keys.session_keys`` makes them."""
        cdef bint good
        if self.peer == NULL:
            return
        with nogil:
            self.shard.lock_idle()
        good = cipher_open(&self.peer.inbound, gcm, False, inbound) and cipher_open(
            &self.peer.outbound, gcm, True, outbound)
        self.shard.unlock()
        if not good:
            raise OSError("OpenSSL has no such cipher")

    def bind(self, bytes key):
        """Take media from an address."""
        cdef Key address
        memcpy(address.bytes, <const unsigned char*>key, 20)
        with nogil:
            self.shard.lock()
            self.shard.bind(&address, self.peer, NULL)
            self.shard.unlock()

    def set_destination(self, int fd, bytes name):
        """Send to a socket address from a socket; fd -1 captures, -2 sends nothing."""
        cdef int size = min(len(name), 28)
        cdef const unsigned char* address = name
        if self.peer == NULL:
            return
        with nogil:
            self.shard.lock_idle()
            self.shard.flush_peer(self.peer)
            self.peer.fd, self.peer.destination_size = fd, size
            memcpy(self.peer.destination, address, size)
            self.shard.unlock()

    def answer_checks(self, bytes key, bytes user, bytes password, bint controlling):
        """Answer checks that say nothing new, from this address; an empty key ends it."""
        cdef const unsigned char* address = key
        cdef const unsigned char* name = user
        cdef const unsigned char* secret = password
        cdef int name_size = len(user), secret_size = len(password)
        cdef bint answers = len(key) == 20
        if self.peer == NULL:
            return
        with nogil:
            self.shard.lock()
            if answers:
                checks_open(&self.peer.checks, address, name, name_size, secret, secret_size, controlling)
            else:
                self.peer.checks.open = False
            self.shard.unlock()

    def set_mute(self, bint audio, bint video):
        """Drop what a moderator muted."""
        if self.peer != NULL:
            with nogil:
                self.shard.lock()
                self.peer.mute_audio, self.peer.mute_video = audio, video
                self.shard.unlock()

    def feed(self, bytes data, double at):
        """A datagram that came before the keys."""
        cdef uint64_t one = 1
        cdef unsigned char buffer[2048]
        cdef int size = len(data)
        if self.peer == NULL or size == 0 or size > 2048:
            return
        memcpy(buffer, <const unsigned char*>data, size)
        with nogil:
            self.shard.lock_idle()
            self.shard.receive(self.peer, buffer, size, at)
            if self.shard.threaded:
                write(self.shard.wake_fd, &one, 8)  # the thread sends
            else:
                self.shard.flush(ALL, False)
            self.shard.unlock()

    def note_report(self, unsigned int middle, double at):
        """Remember when an SR was sent, for the round trip that its report block tells."""
        if self.peer != NULL:
            self.peer.reports[self.peer.reports_next].middle = middle
            self.peer.reports[self.peer.reports_next].at = at
            self.peer.reports_next = (self.peer.reports_next + 1) % REPORTS

    def take_arrivals(self):
        """(transport-wide number, SSRC, seconds) of what arrived since the last call."""
        cdef Arrival* taken
        cdef int i, count
        if self.peer == NULL or self.peer.arrived_count == 0:
            return []
        with nogil:
            self.shard.lock()
            count, taken = self.peer.arrived_count, self.peer.arrived
            self.peer.arrived_count, self.peer.arrived = 0, NULL
            self.shard.unlock()
        found = [(taken[i].number, taken[i].ssrc, taken[i].at) for i in range(count)]
        free(taken)
        return found

    def take_feedback(self, double now):
        """What feedback told since the last call, as ``downlinks.Numbers``."""
        cdef Delivery held = self.delivery
        cdef int delivered, lost, usage, probe, packets, first_size, last_size
        cdef long long arrived, gone, octets
        cdef bint over, recovered
        cdef double rate, through, recent, first_sent, last_sent, first_at, last_at
        with nogil:
            self.shard.lock()
            arrived, gone, usage = held.delivered_bytes, held.lost_bytes, held.usage
            over, recovered = held.overused, held.recovered
            rate, through, recent = held.bitrate(now), held.throughput(), held.recent()
            probe, packets, octets = held.probe, held.probe_packets, held.probe_bytes
            first_sent, last_sent = held.probe_first_sent, held.probe_last_sent
            first_at, last_at = held.probe_first_at, held.probe_last_at
            first_size, last_size = held.probe_first_size, held.probe_last_size
            held.reset()
            if self.peer != NULL:
                self.peer.told = False
            self.shard.unlock()
        return (
            arrived, gone, rate, through, recent, usage, bool(over), bool(recovered),
            (probe, packets, octets, first_sent, last_sent, first_at, last_at, first_size, last_size),
        )

    def bitrate(self, double now):
        """Bits per second that were sent under transport-wide numbers over the last second."""
        return self.delivery.bitrate(now)

    def probe(self, int cluster, double rate, int packets, int octets):
        """Send a probe, in bytes a second."""
        cdef uint64_t one = 1
        if self.peer == NULL:
            return
        with nogil:
            self.shard.lock()
            self.pacer.probe(cluster, rate, packets, octets)
            self.shard.begin_pacing(self.peer)
            self.shard.unlock()
            if self.shard.wake_fd >= 0:
                write(self.shard.wake_fd, &one, 8)

    def counters(self):
        """Packets and bytes received and sent; NACKs, RTX, PLIs; last media; drops by name."""
        cdef Peer* peer = self.peer
        if peer == NULL:
            return (0, 0, 0, 0, 0, 0, 0, 0.0, {})
        return (
            peer.packets_received, peer.bytes_received, peer.packets_sent, peer.bytes_sent, peer.nacks_received,
            peer.rtx_sent, peer.plis_received, peer.last_media,
            {name: peer.dropped[i] for i, name in enumerate(DROP_NAMES) if peer.dropped[i]},
        )

    @property
    def last_media(self):
        """Seconds; 0 before the first."""
        return self.peer.last_media if self.peer != NULL else 0.0

    @property
    def last_check(self):
        """Seconds; 0 before the first."""
        return self.peer.checks.answered_at if self.peer != NULL else 0.0

    @property
    def rtt(self):
        """Seconds; 0 while it is not known."""
        return self.peer.rtt if self.peer != NULL else 0.0


@cython.no_gc
cdef class SourceHandle:
    """A source, and through ``open_stream`` its streams."""

    cdef PeerHandle owner
    cdef Source* source

    def __init__(self, PeerHandle owner, int id, bint video):
        self.owner = owner
        self.source = <Source*>calloc(1, sizeof(Source))
        if self.source == NULL:
            raise MemoryError
        self.source.id, self.source.video, self.source.owner = id, video, owner.peer
        self.source.keyframe_at = -1e9

    def __dealloc__(self):
        self.close()

    def set_always(self, bint always):
        """Whether it is forwarded whatever its level."""
        if self.source != NULL:
            with nogil:
                self.owner.shard.lock()
                self.source.always = always
                self.owner.shard.unlock()

    def close(self):
        """Free it; streams and routes were closed before."""
        if self.source != NULL:
            free(self.source.routes)
            free(self.source)
            self.source = NULL


@cython.no_gc
cdef class StreamHandle:
    """One SSRC that is received: what reports and NACKs are made of."""

    cdef Shard shard
    cdef SourceHandle source
    cdef Structure structure  # kept alive, for the packet path has no reference of its own
    cdef Gaps gaps
    cdef Loudness loudness
    cdef Stream* stream
    cdef int64_t expected_before
    cdef int64_t received_before
    cdef public object reported_at
    cdef readonly object clock_rate

    def __init__(self, SourceHandle source, int id, unsigned int ssrc, int encoding, bint rtx, int clock_rate):
        cdef Stream* stream = <Stream*>calloc(1, sizeof(Stream))
        cdef Peer* peer = source.owner.peer
        if stream == NULL:
            raise MemoryError
        self.source, self.shard, self.stream = source, source.owner.shard, stream
        self.reported_at, self.clock_rate = 0, clock_rate
        stream.id, stream.ssrc, stream.source, stream.owner = id, ssrc, source.source, peer
        stream.encoding, stream.rtx, stream.clock_rate = encoding, rtx, clock_rate
        stream.highest = stream.base = stream.nack_highest = -1
        stream.stacked = -1
        if source.source.video and not rtx:
            self.structure = Structure()
            stream.structure = <void*>self.structure
        if not source.source.video:
            self.gaps = Gaps()
            self.loudness = Loudness()
            stream.gaps, stream.loudness = <void*>self.gaps, <void*>self.loudness
        with nogil:
            self.shard.lock()
            table_put(&peer.streams, ssrc, stream)
            if not rtx and 0 <= encoding < ENCODINGS:
                source.source.streams[encoding] = stream
            self.shard.unlock()

    def __dealloc__(self):
        self.close()

    def close(self):
        """Receive it no more."""
        cdef Stream* stream = self.stream
        if stream == NULL:
            return
        self.stream = NULL
        with nogil:
            self.shard.lock()
            table_drop(&stream.owner.streams, stream.ssrc, stream)
            if stream.source.streams[stream.encoding] == stream:
                stream.source.streams[stream.encoding] = NULL
            self.shard.unlock()
        free(stream.slots)
        free(stream.arena)
        free(stream)

    @property
    def received(self):
        """Packets."""
        return self.stream.received if self.stream != NULL else 0

    @property
    def missing(self):
        """How many are asked for."""
        return self.stream.missing_count if self.stream != NULL else 0

    def due(self, double now):
        """Sequence numbers to ask for now."""
        cdef int64_t found[MISSING]
        cdef int count, i
        if self.stream == NULL or self.stream.missing_count == 0:
            return []
        with nogil:
            self.shard.lock()
            count = missing_due(self.stream, now, found)
            self.shard.unlock()
        return [found[i] for i in range(count)]

    def sender_info(self):
        """(NTP time, RTP time, arrival) of the last SR, or None."""
        if self.stream == NULL or not self.stream.has_report:
            return None
        return self.stream.report_ntp, self.stream.report_rtp, self.stream.report_at

    def report(self, double now):
        """(fraction, lost, highest, jitter, last SR, delay since) of what came since the last report."""
        cdef int64_t expected, expected_now, received_now, lost_now
        cdef int fraction = 0
        cdef Stream* stream = self.stream
        expected = stream.highest - stream.base + 1
        expected_now = expected - self.expected_before
        received_now = stream.received - self.received_before
        self.expected_before, self.received_before = expected, stream.received
        self.reported_at = stream.received
        lost_now = expected_now - received_now
        if expected_now > 0 and lost_now > 0:
            fraction = min(255, lost_now * 256 // expected_now)
        last = stream.report_ntp >> 16 & 0xFFFFFFFF if stream.has_report else 0
        delay = int((now - stream.report_at) * 65536) if last else 0
        return fraction, expected - <int64_t>stream.received, stream.highest, int(stream.jitter), last, delay

    def take_meter(self):
        """(bytes by layer, frames by layer, heights, whether layers are stacked, last seen) since the last call."""
        cdef uint64_t octets[16]
        cdef uint32_t frames[16]
        cdef int heights[4]
        cdef int i, stacked
        cdef double at
        cdef Stream* stream = self.stream
        if stream == NULL:
            return (0,) * 16, (0,) * 16, (0,) * 4, -1, 0.0
        with nogil:
            self.shard.lock()
            memcpy(octets, stream.meter_bytes, sizeof(octets))
            memcpy(frames, stream.meter_frames, sizeof(frames))
            memcpy(heights, stream.heights, sizeof(heights))
            memset(stream.meter_bytes, 0, sizeof(octets))
            memset(stream.meter_frames, 0, sizeof(frames))
            stacked, at = stream.stacked, stream.seen_at
            self.shard.unlock()
        return (
            tuple([octets[i] for i in range(16)]), tuple([frames[i] for i in range(16)]),
            tuple([heights[i] for i in range(4)]), stacked, at,
        )


@cython.no_gc
cdef class RouteHandle:
    """A source on its way to one receiver."""

    cdef Shard shard
    cdef SourceHandle source
    cdef PeerHandle receiver
    cdef object projection   # kept alive, for the packet path has no reference of its own
    cdef Voice voice
    cdef Route* route

    def __init__(self, SourceHandle source, PeerHandle receiver, projection, Voice voice, bint relay, int encoding,
                 unsigned int ssrc, unsigned int rtx_ssrc, totals):
        """``totals`` are what it counts on from: RTX number, packets, octets, SRTP's index and RTX's."""
        cdef Route* route = <Route*>calloc(1, sizeof(Route))
        cdef Route** grown
        cdef Source* held = source.source
        if route == NULL:
            raise MemoryError
        if projection is not None and not isinstance(projection, Projection):
            free(route)
            raise TypeError("a projection that was not compiled")
        self.shard, self.source, self.receiver = source.owner.shard, source, receiver
        self.projection, self.voice, self.route = projection, voice, route
        route.receiver, route.source, route.relay, route.open = receiver.peer, held, relay, not relay
        route.projection = <void*>projection if projection is not None else NULL
        route.voice = <void*>voice if voice is not None else NULL
        route.encoding, route.ssrc, route.rtx_ssrc = encoding, ssrc, rtx_ssrc
        route.rtx_sequence, route.packets, route.octets, route.index, route.rtx_index = totals
        self.shard.lock()
        if held.count == held.room:
            grown = <Route**>realloc(held.routes, (held.room * 2 + 4) * sizeof(Route*))
            if grown == NULL:
                self.shard.unlock()
                raise MemoryError
            held.routes, held.room = grown, held.room * 2 + 4
        held.routes[held.count] = route
        held.count += 1
        table_put(&receiver.peer.routes, ssrc, route)
        self.shard.unlock()

    def __dealloc__(self):
        self.close()

    def close(self):
        """Send it no more; returns what it counted, as ``__init__`` takes it."""
        cdef Route* route = self.route
        cdef Source* held
        cdef int i
        if route == NULL:
            return (0, 0, 0, -1, -1)
        self.route = NULL
        held = route.source
        with nogil:
            self.shard.lock()
            for i in range(held.count):
                if held.routes[i] == route:
                    held.count -= 1
                    memmove(held.routes + i, held.routes + i + 1, (held.count - i) * sizeof(Route*))
                    break
            table_drop(&route.receiver.routes, route.ssrc, route)
            self.shard.unlock()
        totals = (route.rtx_sequence, route.packets, route.octets, route.index, route.rtx_index)
        free(route.sent)
        free(route)
        return totals

    def set_open(self, bint open):
        """Whether a relay is sent this encoding."""
        if self.route != NULL:
            with nogil:
                self.shard.lock()
                self.route.open = open
                self.shard.unlock()

    def set_target(self, int layer):
        """What the projection aims at."""
        if self.route != NULL and self.projection is not None:
            with nogil:
                self.shard.lock()
                (<Projection>self.route.projection).set_target(layer)
                self.shard.unlock()

    @property
    def packets(self):
        """Sent."""
        return self.route.packets if self.route != NULL else 0

    @property
    def octets(self):
        """Of payload, sent."""
        return self.route.octets if self.route != NULL else 0
