"""One thread's share of the plane, and the way of a packet through it: received, opened, projected, sealed, sent.

``PythonPlane`` is the oracle: the same tests run on both, and what both send is the same byte for byte. Everything here
runs without the GIL, under the shard's lock, which Python takes to change tables. A shard is made of layers, each a module:
``mailbox``, ``egress``, ``control``, ``pacing``, and on top what comes in and the thread.
"""

from libc.math cimport fabs
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport malloc
from libc.string cimport memcmp, memset

from pyjitsi.bridge.plane.frame cimport Frame
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.checks cimport ANSWER, checks_answer, checks_new_nothing
from pyjitsi.bridge.plane.native.cipher cimport unprotect
from pyjitsi.bridge.plane.native.egress cimport URGENT
from pyjitsi.bridge.plane.native.inlet cimport Handed, Inlet
from pyjitsi.bridge.plane.native.kept cimport keep, note_sent
from pyjitsi.bridge.plane.native.mailbox cimport (
    T_DATAGRAM, T_EARLY, T_FIRST, T_KEYFRAME, T_LEVEL, T_MISSING, Event,
)
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport guess, nack_received, table_find, word
from pyjitsi.bridge.plane.native.wire cimport (
    DATAGRAM, Inbox, inbox_close, inbox_open, inbox_read, monotonic, send_one,
)
from pyjitsi.bridge.plane.loudest cimport Loudest, Loudness
from pyjitsi.bridge.plane.projection cimport Projection
from pyjitsi.bridge.plane.red cimport Red
from pyjitsi.bridge.plane.voice cimport Gaps, Voice
from pyjitsi.rtp.dependency cimport Structure

cdef extern from "<unistd.h>" nogil:
    ssize_t read(int, void*, size_t)

cdef extern from *:
    """
    #include <errno.h>
    #include <stdint.h>
    #include <string.h>
    #include <sys/resource.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    /* sched_setattr(2), which libraries don't have: this thread's turns are short, and its niceness is what it was. */
    static void meet_short_turns(uint64_t nanoseconds) {
        struct {
            uint32_t size, policy;
            uint64_t flags;
            int32_t nice;
            uint32_t priority;
            uint64_t runtime, deadline, period;
        } wanted;
        memset(&wanted, 0, sizeof wanted);
        errno = 0;
        wanted.size = sizeof wanted;
        wanted.nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
        wanted.runtime = nanoseconds;
        if (errno == 0)
            syscall(SYS_sched_setattr, 0, &wanted, 0);
    }
    """
    void meet_short_turns(uint64_t) nogil

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

cdef double FOREVER = 1e6    # seconds; whatever is new wakes the thread
cdef double HOLD = 0.001     # how long a datagram may wait for more of its frame
cdef double PACE = 0.001     # probes wait so long at the least, so that their packets leave in trains
cdef double KEYFRAME_SPACING = 0.1
# Nanoseconds that the thread asks to run at a time. Who asks for short turns gets them soon: Linux from 6.12 on lets the
# thread, when a packet wakes it, go before whoever runs on its core, where it waited for 3 ms otherwise. It needs no right.
cdef uint64_t TURN = 100_000


cdef class Shard(Pacing):
    """Peers are added and removed by ``peers``, which owns the memory."""

    def __cinit__(self):
        self.header, self.frame, self.inlet = Header(), Frame(), Inlet()
        self.red = Red()
        self.wake_fd = -1

    # In.

    cdef void datagram(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil:
        cdef KeyEntry* found
        cdef Peer* peer
        if size == 0:
            return
        if data[0] <= 3 or 20 <= data[0] <= 63:
            self.control_datagram(key, fd, data, size, at)
            return
        found = self.entry(key)
        if found == NULL or not 128 <= data[0] <= 191:
            return
        if found.inlet != NULL:
            (<Inlet>found.inlet).put(key, fd, data, size, at)
            return
        peer = found.peer
        if peer == NULL:
            return
        if size > MAX_DATAGRAM:
            peer.dropped[D_OVERSIZE] += 1
        elif not peer.inbound.ready:
            self.tell_datagram(T_EARLY, peer.id, key, fd, data, size, at, True)
        else:
            self.receive(peer, data, size, at)

    cdef void control_datagram(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil:
        """STUN and DTLS are control's, but for checks that say nothing new."""
        cdef unsigned char answer[ANSWER]
        cdef KeyEntry* found = self.entry(key) if data[0] <= 3 else NULL
        cdef Peer* peer = NULL if found == NULL else found.peer
        cdef bint consents = peer != NULL and peer.checks.open and memcmp(peer.checks.key, key.bytes, 20) == 0
        if consents and fd == peer.fd and checks_new_nothing(&peer.checks, data, size):
            peer.checks.answered_at = at
            size = checks_answer(&peer.checks, data, answer)
            if fd < 0:
                self.capture_datagram(peer.id, answer, size)
            else:
                self.unsent += not send_one(fd, peer.destination, peer.destination_size, answer, size)
            return
        # What a connected peer answers to a check of ours can wait until control looks.
        self.tell_datagram(T_DATAGRAM, 0, key, fd, data, size, at, not (consents and data[0] == 1 and data[1] == 1))

    cdef void receive(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil:
        """One SRTP or SRTCP datagram from a bound address; it is opened in place."""
        if at - peer.second >= 1:
            peer.second = at
            peer.second_packets = peer.second_bytes = peer.second_nacked = 0
        peer.second_packets += 1
        peer.second_bytes += size
        if peer.packet_limit and (peer.second_packets > peer.packet_limit or peer.second_bytes > peer.byte_limit):
            peer.dropped[D_RATE] += 1
            return
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
        stream = <Stream*>table_find(&peer.streams, word(data + 8))
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
        if value and peer.arrived == NULL:
            peer.arrived = <Arrival*>malloc(ARRIVED * sizeof(Arrival))
            peer.arrived_count = 0
        if value and self.header.length == 2 and peer.arrived != NULL and peer.arrived_count < ARRIVED:
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
            self.audio(peer, stream, data, index, at)
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

    cdef void audio(self, Peer* peer, Stream* stream, unsigned char* data, int64_t number, double at) noexcept nogil:
        cdef Source* source = stream.source
        cdef int value, level, kind = self.header.payload_type
        cdef Event* event
        cdef bint first, redundant = peer.red != 0 and kind == peer.red
        cdef bint marker = self.header.marker
        cdef int64_t closed
        if stream.gaps == NULL:
            return
        first = (<Gaps>stream.gaps).arrive(number)
        if peer.mute_audio:
            peer.dropped[D_MUTED] += 1
            (<Gaps>stream.gaps).leave_out(number)
            return
        value = self.header.find(data, peer.audio_level)
        level = data[value] & 0x7F if value and self.header.length else -1  # a two-byte extension may be empty
        if self.header.payload_end <= self.header.payload_start or (<Gaps>stream.gaps).silence(level):
            (<Gaps>stream.gaps).leave_out(number)
            return
        if level >= 0 or (<Gaps>stream.gaps).untold(at):
            event = self.tell(T_LEVEL, peer.id, source.id, at, False)
            if event != NULL:
                event.count = level
        if level >= 0 and not (<Loudest>peer.loudest).passes(stream.ssrc, <Loudness>stream.loudness, level, at):
            if not source.always:
                peer.dropped[D_NOT_LOUDEST] += 1
                (<Gaps>stream.gaps).leave_out(number)
                return
        if redundant and not self.red.read(data, self.header.payload_start, self.header.payload_end):
            peer.dropped[D_MALFORMED] += 1
            (<Gaps>stream.gaps).leave_out(number)
            return
        closed = (<Gaps>stream.gaps).closed(number)
        if source.count == 0:
            return
        if self.say(peer, source, data, kind, redundant, self.header.payload_start, self.header.payload_end, closed,
                    self.header.timestamp, at):
            self.plain(peer, stream, data, number, closed, first, at)
            self.header.marker = marker

    cdef bint say(self, Peer* peer, Source* source, unsigned char* data, int kind, bint known, int start, int end,
                  int64_t number, uint32_t timestamp, double at) noexcept nogil:
        """Send a packet of sound, from ``start`` to ``end`` of ``data``; ``number`` has no gaps. With ``known`` to those
        who know RED alone; returns whether there are others. Where ``kind`` is not RED, though the packet is, to these."""
        cdef const unsigned char* body = NULL
        cdef Route* route
        cdef bint others = False, knows
        cdef bint stripped = not known and self.header.payload_type == peer.red and peer.red != 0
        cdef int i
        for i in range(source.count):
            route = source.routes[i]
            knows = route.receiver.red == self.header.payload_type
            if known and not knows:
                others = True
                continue
            if stripped and knows:
                continue
            if route.voice == NULL or not (<Voice>route.voice).accept(number, timestamp, at):
                continue
            if body == NULL:
                body = self.hold(data + start, end - start)
            if self.emit(route.receiver, route, data, <void*>self.header, <void*>self.frame, kind,
                         (<Voice>route.voice).out_sequence, (<Voice>route.voice).out_timestamp, route.ssrc, body,
                         end - start, NO_PICTURE, -1, -1, &route.index, False, at):
                route.packets += 1
                route.octets += end - start
                route.receiver.urgent = True
        return others

    cdef void plain(self, Peer* peer, Stream* stream, unsigned char* data, int64_t number, int64_t closed, bint first,
                    double at) noexcept nogil:
        """Send what a packet with redundancy holds to those who do not know RED: what was lost before it, and itself."""
        cdef bint marker = self.header.marker
        cdef int i, back
        self.header.marker = False
        for i in range(self.red.count):
            back = self.red.back(i)
            if back == 0 or not (<Gaps>stream.gaps).missing(number - back):
                continue
            if peer.kind[self.red.block_type[i]] != K_AUDIO or self.red.block_type[i] == peer.red:
                continue
            (<Gaps>stream.gaps).arrive(number - back)
            self.say(peer, stream.source, data, self.red.block_type[i], False, self.red.block_start[i],
                     self.red.block_start[i] + self.red.block_length[i], (<Gaps>stream.gaps).closed(number - back),
                     self.header.timestamp - <uint32_t>self.red.block_offset[i], at)
        self.header.marker = marker
        if first and peer.kind[self.red.primary_type] == K_AUDIO and self.red.primary_type != peer.red:
            self.say(peer, stream.source, data, self.red.primary_type, False, self.red.primary_start,
                     self.header.payload_end, closed, self.header.timestamp, at)

    cdef void video(self, Peer* peer, Stream* stream, unsigned char* data, int payload_type, int64_t number, int start,
                    double at) noexcept nogil:
        cdef Source* source = stream.source
        cdef int slot = number & (SEEN - 1), codec, end = self.header.payload_end, i, layer
        cdef bint marker = self.header.marker, wanted = False
        cdef const unsigned char* body = NULL
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
            if not self.frame.read(codec, self.header, data, peer.dependency, <Structure>stream.structure, number, start,
                                   end):
                peer.dropped[D_MALFORMED] += 1
                return
            layer = (self.frame.spatial & 3) * 4 + (self.frame.temporal & 3)
            stream.meter_bytes[layer] += end - start
            stream.meter_frames[layer] += self.frame.ends
            if self.frame.stacked >= 0:
                stream.stacked = self.frame.stacked
            for i in range(4):
                if self.frame.heights[i]:
                    stream.heights[i] = self.frame.heights[i]
        stream.seen_at = at
        if source.count and end > start:
            body = self.hold(data + start, end - start)
        for i in range(source.count):
            wanted |= self.forward(peer, stream, source.routes[i], data, body, payload_type, number, start, at)
            self.header.marker = marker
        if wanted:  # by anybody: what nobody was sent, nobody will ask for again
            keep(stream, data, self.header.payload_start, data + start, end - start, payload_type, marker, number)

    cdef bint forward(self, Peer* peer, Stream* stream, Route* route, unsigned char* data, const unsigned char* body,
                      int payload_type, int64_t number, int start, double at) noexcept nogil:
        cdef int end = self.header.payload_end, sequence, picture = NO_PICTURE, tl0 = -1
        cdef uint32_t timestamp
        cdef Sent* sent
        cdef Event* event
        cdef bint taken
        if route.relay:
            if route.encoding != stream.encoding or not route.open:
                return False
            sequence, timestamp, self.header.swap_id = number & 0xFFFF, self.header.timestamp, 0
        else:
            if (<Projection>route.projection).target < 0:
                return False
            if end <= start:
                (<Projection>route.projection).skip(stream.encoding, number)
                return False
            taken = (<Projection>route.projection).accept(
                self.frame, stream.encoding, number, self.header.timestamp, at)
            if (<Projection>route.projection).wants_keyframe and at - route.source.keyframe_at > KEYFRAME_SPACING:
                route.source.keyframe_at = at
                event = self.tell(T_KEYFRAME, peer.id, route.source.id, at, True)
                if event != NULL:
                    event.count = route.receiver.id
            if not taken:
                return False
            sequence = (<Projection>route.projection).out_sequence
            timestamp = (<Projection>route.projection).out_timestamp
            picture = (<Projection>route.projection).out_picture
            tl0 = (<Projection>route.projection).out_tl0
            self.header.marker = (<Projection>route.projection).out_marker
        sent = note_sent(route, sequence, at)
        if sent != NULL:
            sent.encoding, sent.number, sent.marker = stream.encoding, number, self.header.marker
            sent.timestamp, sent.picture, sent.tl0 = timestamp, picture, tl0
        if self.emit(route.receiver, route, data, <void*>self.header, <void*>self.frame, payload_type, sequence, timestamp,
                     route.ssrc, body, end - start, picture, tl0, -1, &route.index, True, at):
            route.packets += 1
            route.octets += end - start
        return True

    # The thread.

    cdef void work(self) noexcept nogil:
        """See to what other threads read of ours."""
        cdef int i, count = self.inlet.take()
        cdef Handed* each
        for i in range(count):
            each = &self.inlet.taken[i]
            self.datagram(&each.key, each.fd, each.data, each.size, each.at)
            self.breathe()
        if count:
            self.flush(URGENT, False)

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
        cdef double left, due
        cdef uint64_t drained
        cdef Inbox inbox
        memset(&inbox, 0, sizeof(Inbox))
        if not inbox_open(&inbox):
            return
        meet_short_turns(TURN)
        while not self.stopping:
            self.lock()
            count = self.port_count
            for i in range(count):
                polled[i].fd, polled[i].events, zones[i] = self.ports[i].fd, POLLIN, self.ports[i].zone
            left = FOREVER
            if self.waiting_count:
                left = self.waiting_since + HOLD - monotonic()
            if self.paced_count:
                due = self.next_paced() - monotonic()
                left = min(left, max(due, PACE))
            left = max(left, 0)
            self.unlock()
            polled[count].fd, polled[count].events = self.wake_fd, POLLIN
            wait.tv_sec = <long>left
            wait.tv_nsec = <long>((left - wait.tv_sec) * 1e9)
            ppoll(polled, count + 1, NULL if left == FOREVER else &wait, NULL)  # no timer where none is due: it costs
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
                        self.breathe()
                    self.flush(URGENT, False)
                self.unlock()
            self.lock()
            self.work()
            if self.paced_count:
                self.pace(monotonic())
                self.flush(URGENT, False)
            if self.waiting_count:
                self.flush(monotonic() - HOLD, False)
            self.unlock()
        inbox_close(&inbox)
