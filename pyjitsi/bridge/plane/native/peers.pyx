"""What Python holds of an endpoint or relay: a handle that owns its memory.

A handle that was closed does nothing any more. Every method takes the shard's lock for as long as it copies. Routes and
streams hold their source, sources their peer, so that memory goes in the right order; the garbage collector, which knows
of no order, is kept out.
"""

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from pyjitsi.bridge.plane.delivery cimport Delivery
from pyjitsi.bridge.plane.loudest cimport Loudest
from pyjitsi.bridge.plane.native.checks cimport checks_open
from pyjitsi.bridge.plane.native.cipher cimport RTCP_OVERHEAD, cipher_close, cipher_open, protect_rtcp
from pyjitsi.bridge.plane.native.egress cimport ALL
from pyjitsi.bridge.plane.native.engine cimport Engine
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.pacer cimport Pacer

cdef extern from "<unistd.h>" nogil:
    ssize_t write(int, const void*, size_t)

DROP_NAMES = (
    "auth", "replay", "short", "unknown-pt", "unknown-ssrc", "malformed", "muted", "unknown-rtx", "oversize",
    "not-loudest", "rate", "nack-rate",
)
cdef uint32_t LAST_CONTROL = 0x7FFFFFFF  # SRTCP's index has 31 bits

@cython.no_gc
cdef class PeerHandle:
    """An endpoint or relay."""

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
                  int dependency, int red, int mid):
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
        self.peer.mid = mid
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
        self.peer.control_index = 0
        good = cipher_open(&self.peer.inbound, gcm, False, inbound) and cipher_open(
            &self.peer.outbound, gcm, True, outbound)
        self.shard.unlock()
        if not good:
            raise OSError("OpenSSL has no such cipher")

    def protect_rtcp(self, bytes compound):
        """The SRTCP packet; None where there are no keys, the compound is no RTCP, or too long."""
        cdef unsigned char room[MAX_DATAGRAM]
        cdef int size = len(compound)
        # The lock is not needed: nobody but Python has to do with this half of the keys.
        if self.peer == NULL or not self.peer.outbound.ready or self.peer.control_index == LAST_CONTROL:
            return None
        if size < 8 or size > MAX_DATAGRAM - RTCP_OVERHEAD:
            return None
        memcpy(room, <const unsigned char*>compound, size)
        self.peer.control_index += 1
        size = protect_rtcp(&self.peer.outbound, room, size, self.peer.control_index)
        return room[:size] if size > 0 else None

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
