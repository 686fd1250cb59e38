"""One thread's share of the plane, and the way of a packet through it: received, opened, projected, sealed, sent.

``PythonPlane`` is the oracle: the same tests run on both, and what both send is the same byte for byte. Everything here
runs without the GIL, under the shard's lock, which Python takes to change tables.
"""

from libc.math cimport NAN, fabs
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

from pyjitsi.bridge.plane.feedback cimport FeedbackReader
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.keyframe cimport begins_keyframe
from pyjitsi.bridge.plane.native.cipher cimport protect, unprotect, unprotect_rtcp
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport bitrate_of, depart, guess, key_hash, nack_received, table_find, word
from pyjitsi.bridge.plane.native.wire cimport BATCH, DATAGRAM, Inbox, inbox_close, inbox_open, inbox_read, monotonic, send_trains
from pyjitsi.bridge.plane.projection cimport Projection
from pyjitsi.rtp.vp8 cimport Vp8Descriptor


cdef extern from "<pthread.h>" nogil:
    int pthread_mutex_init(pthread_mutex_t*, void*)
    int pthread_mutex_destroy(pthread_mutex_t*)
    int pthread_mutex_lock(pthread_mutex_t*)
    int pthread_mutex_unlock(pthread_mutex_t*)

cdef extern from "<unistd.h>" nogil:
    ssize_t read(int, void*, size_t)
    ssize_t write(int, const void*, size_t)

cdef extern from "<poll.h>" nogil:
    cdef struct pollfd:
        int fd
        short events
        short revents
    cdef struct timespec:
        long tv_sec
        long tv_nsec
    int ppoll(pollfd*, unsigned long, const timespec*, void*)
    short POLLIN

cdef enum:
    EVENTS = 16384           # that wait for Python at the most
    MAX_TRAIN = 60000
    VP8_KIND = 1
    NO_PICTURE = -2

cdef double HOLD = 0.001     # how long a datagram may wait for more of its frame
cdef double MIN_SPACING = 0.010
cdef double KEYFRAME_SPACING = 0.1


cdef class Shard:
    """Peers are added and removed by ``handles``, which owns the memory."""

    def __cinit__(self):
        pthread_mutex_init(&self.mutex, NULL)
        self.header, self.stored = Header(), Header()
        self.vp8, self.stored_vp8 = Vp8Descriptor(), Vp8Descriptor()
        self.reader = FeedbackReader()
        self.gso = True
        self.wake_fd = self.notify_fd = -1

    def __dealloc__(self):
        cdef int i
        for i in range(self.event_count):
            free(self.events[i].data)
        free(self.events)
        free(self.addresses)
        free(self.waiting)
        free(self.captured)
        pthread_mutex_destroy(&self.mutex)

    cdef void lock(self) noexcept nogil:
        pthread_mutex_lock(&self.mutex)

    cdef void unlock(self) noexcept nogil:
        pthread_mutex_unlock(&self.mutex)

    # Addresses.

    cdef Peer* find(self, Key* key) noexcept nogil:
        cdef int at
        if self.addresses == NULL:
            return NULL
        at = key_hash(key) & self.address_mask
        while self.addresses[at].used:
            if memcmp(&self.addresses[at].key, key, sizeof(Key)) == 0:
                return self.addresses[at].peer
            at = (at + 1) & self.address_mask
        return NULL

    cdef bint bind(self, Key* key, Peer* peer) noexcept nogil:
        """Set what an address belongs to; NULL for nobody."""
        cdef KeyEntry* before = self.addresses
        cdef int i, at, size = self.address_mask + 1
        if before == NULL or self.address_used * 2 >= size:
            # Entries of nobody go when the table is made anew.
            size = 64 if before == NULL else size * 2
            self.addresses = <KeyEntry*>calloc(size, sizeof(KeyEntry))
            if self.addresses == NULL:
                self.addresses = before
                return False
            i = self.address_mask
            self.address_mask, self.address_used = size - 1, 0
            if before != NULL:
                for at in range(i + 1):
                    if before[at].used and before[at].peer != NULL:
                        self.bind(&before[at].key, before[at].peer)
                free(before)
        at = key_hash(key) & self.address_mask
        while self.addresses[at].used and memcmp(&self.addresses[at].key, key, sizeof(Key)) != 0:
            at = (at + 1) & self.address_mask
        if not self.addresses[at].used:
            self.addresses[at].used = True
            self.addresses[at].key = key[0]
            self.address_used += 1
        self.addresses[at].peer = peer
        return True

    # What Python is told.

    cdef Event* tell(self, int kind, int who, int what, double at, bint urgent) noexcept nogil:
        cdef Event* event
        cdef Event* grown
        cdef uint64_t one = 1
        if self.event_count == self.event_room:
            if self.event_room >= EVENTS:
                self.events_lost += 1
                return NULL
            grown = <Event*>realloc(self.events, (self.event_room * 2 + 64) * sizeof(Event))
            if grown == NULL:
                return NULL
            self.events = grown
            self.event_room = self.event_room * 2 + 64
        event = &self.events[self.event_count]
        self.event_count += 1
        memset(event, 0, sizeof(Event))
        event.kind, event.who, event.what, event.at = kind, who, what, at
        if urgent and not self.notified and self.notify_fd >= 0:
            self.notified = True
            write(self.notify_fd, &one, 8)
        return event

    cdef void tell_datagram(self, int kind, int who, Key* key, int fd, unsigned char* data, int size,
                            double at) noexcept nogil:
        cdef unsigned char* copy
        cdef Event* event
        if self.event_count >= EVENTS // 2:  # a flood of what nobody asked for must not crowd out the rest
            self.events_lost += 1
            return
        copy = <unsigned char*>malloc(size)
        if copy == NULL:
            return
        event = self.tell(kind, who, 0, at, True)
        if event == NULL:
            free(copy)
            return
        memcpy(copy, data, size)
        event.data, event.size, event.key, event.fd = copy, size, key[0], fd

    # In.

    cdef void datagram(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil:
        cdef Peer* peer
        if size == 0:
            return
        if data[0] <= 3 or 20 <= data[0] <= 63:
            self.tell_datagram(T_DATAGRAM, 0, key, fd, data, size, at)
            return
        peer = self.find(key)
        if peer == NULL or not 128 <= data[0] <= 191:
            return
        if size > MAX_DATAGRAM:
            peer.dropped[D_OVERSIZE] += 1
        elif not peer.inbound.ready:
            self.tell_datagram(T_EARLY, peer.id, key, fd, data, size, at)
        else:
            self.receive(peer, data, size, at)

    cdef void receive(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil:
        """One SRTP or SRTCP datagram from a bound address; it is opened in place."""
        peer.packets_received += 1
        peer.bytes_received += size
        if size > 1 and 192 <= data[1] <= 223:
            self.rtcp(peer, data, size, at)
        else:
            self.rtp(peer, data, size, at)

    cdef void rtp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil:
        cdef Stream* stream
        cdef Stream* primary
        cdef int64_t index, number
        cdef int kind, value, slot
        cdef double transit, difference
        if size < 12:
            peer.dropped[D_SHORT] += 1
            return
        kind = peer.kind[data[1] & 0x7F]
        if kind == K_UNKNOWN:
            peer.dropped[D_UNKNOWN_PT] += 1
            return
        stream = <Stream*>table_find(&peer.streams, <uint32_t>data[8] << 24 | data[9] << 16 | data[10] << 8 | data[11])
        if stream == NULL:
            peer.dropped[D_UNKNOWN_SSRC] += 1
            return
        # An honest packet's header is well formed before it is opened too; only its padding is not readable yet.
        if not self.header.parse_front(data, size):
            peer.dropped[D_MALFORMED if data[0] >> 6 != 2 else D_AUTH] += 1
            return
        index = guess(stream.highest, self.header.sequence)
        slot = index & (WINDOW - 1)
        if index < 0 or (stream.highest >= 0 and index + WINDOW <= stream.highest) or (
            stream.window[slot] == <uint32_t>(index + 1) and stream.highest >= 0
        ):
            peer.dropped[D_REPLAY] += 1
            return
        size = unprotect(&peer.inbound, data, self.header.payload_start, size, index)
        if size < 0:
            peer.dropped[D_AUTH] += 1
            return
        stream.window[slot] = <uint32_t>(index + 1)
        if not self.header.parse(data, size):
            peer.dropped[D_MALFORMED] += 1
            return
        peer.last_media = at
        if not peer.media_seen:
            peer.media_seen = True
            self.tell(T_FIRST, peer.id, 0, at, True)
        value = self.header.find(data, peer.transport_cc)
        if value and self.header.length == 2 and peer.arrived_count < ARRIVED:
            peer.arrived[peer.arrived_count].number = data[value] << 8 | data[value + 1]
            peer.arrived[peer.arrived_count].ssrc = self.header.ssrc
            peer.arrived[peer.arrived_count].at = at
            peer.arrived_count += 1
        # Reception (RFC 3550 A.3, A.8).
        if stream.base < 0:
            stream.base = index
        if index > stream.highest:
            stream.highest = index
        transit = at * stream.clock_rate - self.header.timestamp
        if stream.received:
            difference = fabs(transit - stream.transit)
            if difference < stream.clock_rate * 10:
                stream.jitter += (difference - stream.jitter) / 16
        stream.transit = transit
        stream.received += 1
        if not stream.source.video:
            self.audio(peer, stream, data, at)
        elif kind == K_RTX or stream.rtx:
            if self.header.payload_end - self.header.payload_start < 2:
                return  # padding for probing
            primary = stream.source.streams[stream.encoding]
            if kind != K_RTX or primary == NULL or primary.highest < 0:
                peer.dropped[D_UNKNOWN_RTX] += 1
                return
            value = self.header.payload_start
            number = guess(primary.highest, data[value] << 8 | data[value + 1])
            if number >= 0:
                self.video(peer, primary, data, peer.apt[self.header.payload_type], number, value + 2, at)
        else:
            self.video(peer, stream, data, self.header.payload_type, index, self.header.payload_start, at)

    cdef void audio(self, Peer* peer, Stream* stream, unsigned char* data, double at) noexcept nogil:
        cdef Source* source = stream.source
        cdef Route* route
        cdef int i, value
        cdef Event* event
        if peer.mute_audio:
            peer.dropped[D_MUTED] += 1
            return
        value = self.header.find(data, peer.audio_level)
        if value:
            event = self.tell(T_LEVEL, peer.id, source.id, at, False)
            if event != NULL:
                event.count = data[value] & 0x7F
        if self.header.payload_end <= self.header.payload_start:
            return
        for i in range(source.count):
            route = source.routes[i]
            if self.emit(route.receiver, data, <void*>self.header, <void*>self.vp8, self.header.payload_type, self.header.sequence,
                         self.header.timestamp, route.ssrc, self.header.payload_start, self.header.payload_end, NO_PICTURE, -1, -1,
                         &route.index, False, at):
                route.packets += 1
                route.octets += self.header.payload_end - self.header.payload_start
                route.receiver.urgent = True

    cdef void video(self, Peer* peer, Stream* stream, unsigned char* data, int payload_type, int64_t number, int start,
                    double at) noexcept nogil:
        cdef Source* source = stream.source
        cdef int slot = number & (SEEN - 1), codec, end = self.header.payload_end, i, temporal = 0
        cdef bint keyframe = False, vp8 = False
        if stream.seen[slot] == <uint32_t>(number + 1):
            return
        stream.seen[slot] = <uint32_t>(number + 1)
        if nack_received(stream, number, at):
            self.tell(T_MISSING, peer.id, stream.id, at, True)
        if peer.mute_video:
            peer.dropped[D_MUTED] += 1
            return
        codec = peer.codec[payload_type & 0x7F]
        if end > start:
            if codec == VP8_KIND:
                if not self.vp8.parse(data, start, end):
                    peer.dropped[D_MALFORMED] += 1
                    return
                vp8 = True
                keyframe = self.vp8.keyframe
                temporal = self.vp8.temporal
                if self.vp8.height:
                    stream.height = self.vp8.height
            else:
                keyframe = begins_keyframe(codec, data, start, end)
        stream.meter_bytes[temporal & 3] += end - start
        stream.meter_frames[temporal & 3] += self.header.marker
        stream.seen_at = at
        if source.count and end > start:
            self.keep(stream, data, payload_type, number, start)
        for i in range(source.count):
            self.forward(peer, stream, source.routes[i], data, payload_type, number, start, keyframe, vp8, at)

    cdef void keep(self, Stream* stream, unsigned char* data, int payload_type, int64_t number, int start) noexcept nogil:
        """Keep a packet once for all receivers, in the clear, for retransmission."""
        cdef int front = self.header.payload_start, body = self.header.payload_end - start
        cdef int size = front + body
        cdef Slot* slot
        cdef uint64_t at
        if stream.slots == NULL and not self.enlarge(stream, FIRST_ARENA):
            return
        at = stream.written
        if at % stream.arena_size + size > stream.arena_size:
            if stream.arena_size < ARENA and stream.seen_at - stream.arena_since < 1.0:
                if not self.enlarge(stream, stream.arena_size * 2):
                    return
                at = 0
            else:
                at += stream.arena_size - at % stream.arena_size
            stream.arena_since = stream.seen_at
        slot = &stream.slots[number & (SLOTS - 1)]
        slot.number, slot.position, slot.size, slot.payload_start = number, at, size, front
        slot.payload_type, slot.marker = payload_type, self.header.marker
        memcpy(stream.arena + at % stream.arena_size, data, front)
        memcpy(stream.arena + at % stream.arena_size + front, data + start, body)
        stream.written = at + size

    cdef bint enlarge(self, Stream* stream, int size) noexcept nogil:
        """Give a stream another arena; what it kept is forgotten, which costs a second's retransmissions at most."""
        if stream.slots == NULL:
            stream.slots = <Slot*>malloc(SLOTS * sizeof(Slot))
        free(stream.arena)
        stream.arena = <unsigned char*>malloc(size)
        if stream.slots == NULL or stream.arena == NULL:
            free(stream.slots)
            free(stream.arena)
            stream.slots, stream.arena = NULL, NULL
            return False
        memset(stream.slots, 0, SLOTS * sizeof(Slot))
        stream.arena_size, stream.written, stream.arena_since = size, 0, stream.seen_at
        return True

    cdef void forward(self, Peer* peer, Stream* stream, Route* route, unsigned char* data, int payload_type,
                      int64_t number, int start, bint keyframe, bint vp8, double at) noexcept nogil:
        cdef int end = self.header.payload_end, sequence, picture = NO_PICTURE, tl0 = -1
        cdef uint32_t timestamp
        cdef Sent* sent
        cdef Event* event
        cdef bint taken
        if route.relay:
            if route.encoding != stream.encoding or not route.open:
                return
            sequence, timestamp = number & 0xFFFF, self.header.timestamp
        else:
            if (<Projection>route.projection).target < 0:
                return
            if end <= start:
                (<Projection>route.projection).skip(stream.encoding, number)
                return
            if vp8:
                taken = (<Projection>route.projection).accept(
                    stream.encoding, number, self.header.timestamp, keyframe, self.vp8.picture_id, self.vp8.tl0,
                    self.vp8.temporal, self.vp8.long_id, at)
            else:
                taken = (<Projection>route.projection).accept(
                    stream.encoding, number, self.header.timestamp, keyframe, -1, -1, 0, False, at)
            if (<Projection>route.projection).wants_keyframe and at - route.source.keyframe_at > KEYFRAME_SPACING:
                route.source.keyframe_at = at
                self.tell(T_KEYFRAME, peer.id, route.source.id, at, True)
                if self.event_count:
                    self.events[self.event_count - 1].count = route.receiver.id
            if not taken:
                return
            sequence = (<Projection>route.projection).out_sequence
            timestamp = (<Projection>route.projection).out_timestamp
            if vp8:
                picture = (<Projection>route.projection).out_picture
                tl0 = (<Projection>route.projection).out_tl0
        if route.sent == NULL:
            route.sent = <Sent*>calloc(SENT, sizeof(Sent))
        if route.sent != NULL:
            sent = &route.sent[sequence & (SENT - 1)]
            sent.sequence, sent.encoding, sent.number = sequence, stream.encoding, number
            sent.timestamp, sent.picture, sent.tl0, sent.at = timestamp, picture, tl0, at
        if self.emit(route.receiver, data, <void*>self.header, <void*>self.vp8, payload_type, sequence, timestamp, route.ssrc, start,
                     end, picture, tl0, -1, &route.index, True, at):
            route.packets += 1
            route.octets += end - start

    # Out.

    cdef bint emit(self, Peer* peer, unsigned char* data, void* header, void* vp8, int payload_type,
                   int sequence, uint32_t timestamp, uint32_t ssrc, int start, int end, int picture, int tl0,
                   int original, int64_t* index, bint numbered, double at) noexcept nogil:
        """Make a datagram at the end of the receiver's train. ``original`` is what an RTX packet repeats, or -1."""
        cdef unsigned char* out
        cdef int size, body = end - start, head, number = 0
        cdef int64_t place
        cdef Peer** grown
        if not peer.outbound.ready or peer.fd == -2:
            return False
        if peer.train == NULL:
            peer.train = <unsigned char*>malloc((SEGMENTS + 1) * ROOM)
            if peer.train == NULL:
                return False
        number = depart(peer, body + (2 if original >= 0 else 0), at) if numbered and peer.transport_cc else 0
        out = peer.train + peer.train_size
        head = (<Header>header).write(data, out, ROOM - 64, peer.keep, payload_type, (<Header>header).marker, sequence, timestamp, ssrc,
                            peer.transport_cc if numbered else 0, number)
        size = head + body + (2 if original >= 0 else 0)
        if head == 0 or size > MAX_DATAGRAM:
            peer.dropped[D_OVERSIZE] += 1
            return False
        if original >= 0:
            out[head] = original >> 8
            out[head + 1] = original & 0xFF
        memcpy(out + size - body, data + start, body)
        if picture != NO_PICTURE:
            (<Vp8Descriptor>vp8).write(out, size - body, picture, tl0)
        place = guess(index[0], sequence)
        if place < 0:
            return False
        if place > index[0]:
            index[0] = place
        size = protect(&peer.outbound, out, head, size, place)
        if size < 0:
            return False
        peer.packets_sent += 1
        peer.bytes_sent += size
        if peer.train_count and (peer.train_closed or size > peer.segment):
            memmove(peer.train + (SEGMENTS * ROOM), out, size)
            self.flush_peer(peer)
            memcpy(peer.train, peer.train + (SEGMENTS * ROOM), size)
        if peer.train_count == 0:
            peer.segment = size
            peer.train_closed = False
            if not peer.pending:
                if self.waiting_count == self.waiting_room:
                    grown = <Peer**>realloc(self.waiting, (self.waiting_room * 2 + 64) * sizeof(Peer*))
                    if grown == NULL:
                        return False
                    self.waiting, self.waiting_room = grown, self.waiting_room * 2 + 64
                if self.waiting_count == 0:
                    self.waiting_since = at
                self.waiting[self.waiting_count] = peer
                self.waiting_count += 1
                peer.pending = True
        elif size < peer.segment:
            peer.train_closed = True
        peer.train_size += size
        peer.train_count += 1
        if (<Header>header).marker or peer.train_count == SEGMENTS:
            peer.urgent = True
            peer.train_closed = peer.train_closed or peer.train_count == SEGMENTS
        return True

    cdef bint resend(self, Route* route, int sequence, double at) noexcept nogil:
        """Answer a NACK by RTX (RFC 4588); False where the packet is gone, too fresh, or no RTX was negotiated."""
        cdef Peer* peer = route.receiver
        cdef Sent* sent
        cdef Stream* stream
        cdef Slot* slot
        cdef unsigned char* data
        cdef int number, rtx
        cdef double spacing = 0.9 * peer.rtt if 0.9 * peer.rtt < peer.rtt - 0.005 else peer.rtt - 0.005
        if route.sent == NULL or route.rtx_ssrc == 0:
            return False
        if spacing < MIN_SPACING:
            spacing = MIN_SPACING
        sent = &route.sent[sequence & (SENT - 1)]
        stream = route.source.streams[sent.encoding]
        if sent.at == 0 or sent.sequence != sequence or at - sent.at < spacing or stream == NULL or stream.slots == NULL:
            return False
        slot = &stream.slots[sent.number & (SLOTS - 1)]
        if slot.size == 0 or slot.number != sent.number or slot.position + stream.arena_size < stream.written:
            return False
        rtx = peer.rtx_of[slot.payload_type]
        data = stream.arena + slot.position % stream.arena_size
        if rtx == 0 or not self.stored.parse_front(data, slot.size):
            return False
        self.stored.marker = slot.marker
        if sent.picture != NO_PICTURE and not self.stored_vp8.parse(data, slot.payload_start, slot.size):
            return False
        sent.at = at
        number = route.rtx_sequence
        route.rtx_sequence = (number + 1) & 0xFFFF
        if not self.emit(peer, data, <void*>self.stored, <void*>self.stored_vp8, rtx, number, sent.timestamp, route.rtx_ssrc,
                         slot.payload_start, slot.size, sent.picture, sent.tl0, sequence, &route.rtx_index, True, at):
            return False
        peer.urgent = True
        peer.rtx_sent += 1
        return True

    cdef void flush_peer(self, Peer* peer) noexcept nogil:
        """Send one peer's train now."""
        if peer.train_count == 0:
            return
        if peer.fd >= 0:
            self.unsent += send_trains(&peer, 1, &self.gso)
        else:
            self.capture(peer)
        peer.train_size = peer.train_count = 0
        peer.train_closed = peer.urgent = False

    cdef void flush(self, bint everything) noexcept nogil:
        """Send what is due: urgent trains, or all."""
        cdef Peer* out[BATCH]
        cdef Peer* peer
        cdef int count = 0, left = 0, i
        for i in range(self.waiting_count):
            peer = self.waiting[i]
            if not everything and not peer.urgent and peer.train_count:
                self.waiting[left] = peer
                left += 1
                continue
            peer.pending = False
            if peer.train_count == 0:
                continue
            if peer.fd < 0:
                self.flush_peer(peer)
                continue
            out[count] = peer
            count += 1
            if count == BATCH:
                self.send_batch(out, count)
                count = 0
        if count:
            self.send_batch(out, count)
        self.waiting_count = left

    cdef void send_batch(self, Peer** peers, int count) noexcept nogil:
        cdef int i
        self.unsent += send_trains(peers, count, &self.gso)
        for i in range(count):
            peers[i].train_size = peers[i].train_count = 0
            peers[i].train_closed = peers[i].urgent = False

    cdef void capture(self, Peer* peer) noexcept nogil:
        """Where there is no socket: keep each datagram for ``take_captured``, as peer id, size and bytes."""
        cdef int head[2]
        cdef int at = 0, size
        cdef unsigned char* grown
        while at < peer.train_size:
            size = peer.segment if peer.train_size - at > peer.segment else peer.train_size - at
            if self.captured_size + size + 8 > self.captured_room:
                grown = <unsigned char*>realloc(self.captured, (self.captured_size + size + 8) * 2)
                if grown == NULL:
                    return
                self.captured, self.captured_room = grown, (self.captured_size + size + 8) * 2
            head[0], head[1] = peer.id, size
            memcpy(self.captured + self.captured_size, head, 8)
            memcpy(self.captured + self.captured_size + 8, peer.train + at, size)
            self.captured_size += size + 8
            at += size

    cdef void forget(self, Peer* peer) noexcept nogil:
        """A peer is about to go: nothing may point to it."""
        cdef int i, left = 0
        for i in range(self.waiting_count):
            if self.waiting[i] != peer:
                self.waiting[left] = self.waiting[i]
                left += 1
        self.waiting_count = left
        if self.addresses != NULL:
            for i in range(self.address_mask + 1):
                if self.addresses[i].peer == peer:
                    self.addresses[i].peer = NULL

    # RTCP.

    cdef void rtcp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil:
        cdef int start = 0, end, kind, count, i
        cdef uint32_t index = 0, ssrc
        cdef ControlSsrc* control = NULL
        cdef Stream* stream
        cdef Route* route
        cdef int bits
        if size < 8:
            peer.dropped[D_SHORT] += 1
            return
        size = unprotect_rtcp(&peer.inbound, data, size, &index)
        if size < 0:
            peer.dropped[D_AUTH] += 1
            return
        ssrc = word(data + 4)
        for i in range(peer.control_count):
            if peer.control[i].ssrc == ssrc:
                control = &peer.control[i]
        if control == NULL:
            i = peer.control_count if peer.control_count < CONTROL_SSRCS else index % CONTROL_SSRCS
            peer.control_count += peer.control_count < CONTROL_SSRCS
            control = &peer.control[i]
            control.ssrc, control.highest, control.bitmap = ssrc, -1, 0
        if control.highest >= 0 and index <= control.highest:
            if control.highest - index >= 64 or control.bitmap >> (control.highest - index) & 1:
                peer.dropped[D_REPLAY] += 1
                return
            control.bitmap |= <uint64_t>1 << (control.highest - index)
        else:
            bits = 64 if control.highest < 0 or index - control.highest >= 64 else <int>(index - control.highest)
            control.bitmap = (control.bitmap << bits if bits < 64 else 0) | 1
            control.highest = index
        while start < size:
            if start + 4 > size or data[start] >> 6 != 2:
                peer.dropped[D_MALFORMED] += 1
                return
            end = start + 4 + (data[start + 2] << 8 | data[start + 3]) * 4
            if end > size:
                peer.dropped[D_MALFORMED] += 1
                return
            kind, count = data[start + 1], data[start] & 31
            if kind == 200 and end - start >= 28:
                stream = <Stream*>table_find(&peer.streams, word(data + start + 4))
                if stream != NULL:
                    stream.report_ntp = <uint64_t>word(data + start + 8) << 32 | word(data + start + 12)
                    stream.report_rtp, stream.report_at, stream.has_report = word(data + start + 16), at, True
                self.report_blocks(peer, data, start + 28, end, count, at)
            elif kind == 201 and end - start >= 8:
                self.report_blocks(peer, data, start + 8, end, count, at)
            elif kind == 205 and count == 1 and end - start >= 12:
                peer.nacks_received += 1
                route = <Route*>table_find(&peer.routes, word(data + start + 8))
                start += 12
                while route != NULL and start + 4 <= end:
                    bits = data[start + 2] << 8 | data[start + 3]
                    count = data[start] << 8 | data[start + 1]
                    self.resend(route, count, at)
                    for i in range(16):
                        if bits >> i & 1:
                            self.resend(route, (count + i + 1) & 0xFFFF, at)
                    start += 4
            elif kind == 205 and count == 15:
                self.transport_feedback(peer, data, start + 4, end, at)
            elif kind == 206 and count == 1 and end - start >= 12:
                self.keyframe_wanted(peer, word(data + start + 8), at)
            elif kind == 206 and count == 4:
                start += 12
                while start + 8 <= end:
                    self.keyframe_wanted(peer, word(data + start), at)
                    start += 8
            start = end

    cdef void report_blocks(self, Peer* peer, unsigned char* data, int start, int end, int count,
                            double at) noexcept nogil:
        cdef int i
        cdef uint32_t middle
        cdef double rtt
        cdef Event* event
        while count and start + 24 <= end:
            middle = word(data + start + 16)
            for i in range(REPORTS):
                if middle and peer.reports[i].middle == middle:
                    rtt = at - peer.reports[i].at - word(data + start + 20) / 65536.0
                    if 0 < rtt < 7:
                        peer.rtt = rtt
            if not peer.transport_cc and table_find(&peer.routes, word(data + start)) != NULL:
                event = self.tell(T_FEEDBACK, peer.id, 0, at, False)
                if event != NULL:
                    event.lost, event.count = data[start + 4], 256 - data[start + 4]
                    event.rate, event.gradient = bitrate_of(peer, at), NAN
            start += 24
            count -= 1

    cdef void transport_feedback(self, Peer* peer, unsigned char* data, int start, int end, double at) noexcept nogil:
        cdef int status, number, delivered = 0, lost = 0
        cdef double sent, first_sent = 0, last_sent = 0, first_arrival = 0, last_arrival = 0
        cdef Event* event
        if not self.reader.open(data, start, end):
            peer.dropped[D_MALFORMED] += 1
            return
        number = self.reader.base
        while True:
            status = self.reader.next(data)
            if status == -1:
                break
            if status < 0:
                peer.dropped[D_MALFORMED] += 1
                return
            sent = 0
            if ((peer.next_number - number) & 0xFFFF) <= DEPARTED and number != peer.next_number:
                sent = peer.departed[number % DEPARTED].at
                peer.departed[number % DEPARTED].at = 0
            number = (number + 1) & 0xFFFF
            if sent == 0:
                continue
            if status == 0:
                lost += 1
                continue
            if delivered == 0:
                first_sent, first_arrival = sent, self.reader.ticks * 250e-6
            delivered += 1
            last_sent, last_arrival = sent, self.reader.ticks * 250e-6
        if delivered or lost:
            event = self.tell(T_FEEDBACK, peer.id, 0, at, False)
            if event != NULL:
                event.count, event.lost, event.rate, event.gradient = delivered, lost, bitrate_of(peer, at), NAN
                if last_sent - first_sent >= 0.01:
                    event.gradient = ((last_arrival - first_arrival) - (last_sent - first_sent)) * 1000 / (
                        last_sent - first_sent)

    cdef void keyframe_wanted(self, Peer* peer, uint32_t ssrc, double at) noexcept nogil:
        cdef Route* route = <Route*>table_find(&peer.routes, ssrc)
        cdef Event* event
        peer.plis_received += 1
        if route != NULL:
            event = self.tell(T_KEYFRAME, route.source.owner.id, route.source.id, at, True)
            if event != NULL:
                event.count = peer.id

    # The thread.

    cdef bint has_port(self, int fd, int zone) noexcept nogil:
        cdef int i
        for i in range(self.port_count):
            if self.ports[i].fd == fd and self.ports[i].zone == zone:
                return True
        return False

    cdef void loop(self) noexcept nogil:
        cdef pollfd polled[257]
        cdef int zones[257]
        cdef int count, i, got, k
        cdef timespec wait
        cdef double left
        cdef uint64_t drained
        cdef Inbox inbox
        memset(&inbox, 0, sizeof(Inbox))
        if not inbox_open(&inbox):
            return
        while not self.stopping:
            self.lock()
            count = self.port_count
            for i in range(count):
                polled[i].fd, polled[i].events, zones[i] = self.ports[i].fd, POLLIN, self.ports[i].zone
            left = 0.25
            if self.waiting_count:
                left = self.waiting_since + HOLD - monotonic()
                if left < 0:
                    left = 0
            self.unlock()
            polled[count].fd, polled[count].events = self.wake_fd, POLLIN
            wait.tv_sec, wait.tv_nsec = 0, <long>(left * 1e9)
            ppoll(polled, count + 1, &wait, NULL)
            if polled[count].revents:
                read(self.wake_fd, &drained, 8)
            for i in range(count):
                if not polled[i].revents:
                    continue
                self.lock()
                if self.has_port(polled[i].fd, zones[i]):  # it may have been closed meanwhile, and its number be another's
                    got = inbox_read(&inbox, polled[i].fd, zones[i])
                    for k in range(got):
                        self.datagram(&inbox.received[k].key, polled[i].fd, inbox.data + k * DATAGRAM,
                                      inbox.received[k].size, inbox.received[k].at)
                    self.flush(False)
                self.unlock()
            self.lock()
            if self.waiting_count and monotonic() - self.waiting_since >= HOLD:
                self.flush(True)
            self.unlock()
        inbox_close(&inbox)
