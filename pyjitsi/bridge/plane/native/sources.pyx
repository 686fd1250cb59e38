"""What Python holds of sources and their streams; see ``peers``."""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from pyjitsi.bridge.plane.loudest cimport Loudness
from pyjitsi.bridge.plane.native.peers cimport PeerHandle
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport missing_due, table_drop, table_put
from pyjitsi.bridge.plane.voice cimport Gaps
from pyjitsi.rtp.dependency cimport Structure


@cython.no_gc
cdef class SourceHandle:
    """A source, and through ``open_stream`` its streams."""

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
