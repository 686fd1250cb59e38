"""From an accepted packet to a receiver's datagrams: header, SRTP, and trains of datagrams that leave together."""

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove

from pyjitsi.bridge.plane.delivery cimport Delivery
from pyjitsi.bridge.plane.frame cimport Frame
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.cipher cimport protect, tag_size
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport guess
from pyjitsi.bridge.plane.native.wire cimport send_trains
from pyjitsi.rtp.dependency cimport Structure

cdef enum:
    GROUP = 8                # trains that are sealed and sent at once: the others' keys stay out of the cache meanwhile



cdef class Egress(Mailbox):
    """A shard's way out."""

    def __cinit__(self):
        self.stored, self.stored_frame = Header(), Frame()
        self.gso = True

    def __dealloc__(self):
        free(self.waiting)
        free(self.captured)

    cdef bint emit(self, Peer* peer, unsigned char* data, void* header, void* frame, int payload_type,
                   int sequence, uint32_t timestamp, uint32_t ssrc, int start, int end, int picture, int tl0,
                   int original, int64_t* index, bint numbered, double at) noexcept nogil:
        """Make a datagram at the end of the receiver's train. ``original`` is what an RTX packet repeats, or -1.

        It is sealed when the train leaves: a receiver's keys are out of the cache after each of the other receivers.
        """
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
        number = (<Delivery>peer.delivery).next
        out = peer.train + peer.train_size
        if picture != NO_PICTURE:
            (<Frame>frame).prepare(<Header>header, data, picture, tl0)
        head = (<Header>header).write(data, out, ROOM - 64, peer.keep, payload_type, (<Header>header).marker, sequence, timestamp, ssrc,
                            peer.transport_cc if numbered else 0, number)
        size = head + body + (2 if original >= 0 else 0)
        if peer.padding:
            out[0] |= 0x20
        if head == 0 or size > MAX_DATAGRAM:
            peer.dropped[D_OVERSIZE] += 1
            return False
        if original >= 0:
            out[head] = original >> 8
            out[head + 1] = original & 0xFF
        memcpy(out + size - body, data + start, body)
        if picture != NO_PICTURE:
            (<Frame>frame).write(out, size - body, picture, tl0)
        place = guess(index[0], sequence)
        if place < 0:
            return False
        if place > index[0]:
            index[0] = place
        size += tag_size(&peer.outbound)
        if numbered and peer.transport_cc:
            (<Delivery>peer.delivery).sent(size, peer.probe, at)
        peer.out_size = size
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
        peer.places[peer.train_count], peer.heads[peer.train_count] = place, head
        peer.train_size += size
        peer.train_count += 1
        if (<Header>header).marker or peer.train_count == SEGMENTS:
            peer.urgent = True
            peer.train_closed = peer.train_closed or peer.train_count == SEGMENTS
        return True

    cdef bint resend(self, Route* route, int sequence, double at) noexcept nogil:
        """Answer a NACK by RTX (RFC 4588); False where the packet is gone, too fresh, or no RTX was negotiated."""
        cdef double rtt = route.receiver.rtt
        cdef double spacing = 0.9 * rtt if 0.9 * rtt < rtt - 0.005 else rtt - 0.005
        return self.repeat(route, sequence, spacing, at) > 0

    cdef int repeat(self, Route* route, int sequence, double spacing, double at) noexcept nogil:
        """Send a packet again as RTX; returns the datagram's size, 0 where it can't be."""
        cdef Peer* peer = route.receiver
        cdef Sent* sent
        cdef Stream* stream
        cdef Slot* slot
        cdef unsigned char* data
        cdef int number, rtx
        if route.sent == NULL or route.rtx_ssrc == 0:
            return 0
        sent = &route.sent[sequence & (SENT - 1)]
        stream = route.source.streams[sent.encoding]
        if sent.at == 0 or sent.sequence != sequence or at - sent.at < spacing or stream == NULL or stream.slots == NULL:
            return 0
        slot = &stream.slots[sent.number & (SLOTS - 1)]
        if slot.size == 0 or slot.number != sent.number or slot.position + stream.arena_size < stream.written:
            return 0
        rtx = peer.rtx_of[slot.payload_type]
        data = stream.arena + slot.position % stream.arena_size
        if rtx == 0 or not self.stored.parse_front(data, slot.size):
            return 0
        self.stored.marker = sent.marker
        if sent.picture != NO_PICTURE and not self.stored_frame.read(
            peer.codec[slot.payload_type], self.stored, data, peer.dependency, <Structure>stream.structure, sent.number,
            slot.payload_start, slot.size,
        ):
            return 0
        sent.at = at
        number = route.rtx_sequence
        route.rtx_sequence = (number + 1) & 0xFFFF
        if not self.emit(peer, data, <void*>self.stored, <void*>self.stored_frame, rtx, number, sent.timestamp, route.rtx_ssrc,
                         slot.payload_start, slot.size, sent.picture, sent.tl0, sequence, &route.rtx_index, True, at):
            return 0
        peer.urgent = True
        peer.rtx_sent += 1
        return peer.out_size

    cdef void seal(self, Peer* peer) noexcept nogil:
        """Encrypt a train; what can't be encrypted is not sent."""
        cdef int i, at = 0, size, tag = tag_size(&peer.outbound)
        for i in range(peer.train_count):
            size = peer.segment if i + 1 < peer.train_count else peer.train_size - at
            if protect(&peer.outbound, peer.train + at, peer.heads[i], size - tag, peer.places[i]) != size:
                self.unsent += peer.train_count
                peer.train_size = peer.train_count = 0
                return
            at += size

    cdef void flush_peer(self, Peer* peer) noexcept nogil:
        """Send one peer's train now."""
        self.seal(peer)
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
        cdef Peer* out[GROUP]
        cdef Peer* peer
        cdef int count = GROUP, left, i
        while count == GROUP:  # peers may go while a group is sent: the next one is looked for anew
            count = left = 0
            for i in range(self.waiting_count):
                peer = self.waiting[i]
                if count == GROUP or (not everything and not peer.urgent and peer.train_count):
                    self.waiting[left] = peer
                    left += 1
                    continue
                peer.pending = False
                if peer.fd < 0:
                    self.flush_peer(peer)
                    continue
                self.seal(peer)
                if peer.train_count:
                    out[count] = peer
                    count += 1
            self.waiting_count = left
            if count:
                self.send_group(out, count)

    cdef void send_group(self, Peer** peers, int count) noexcept nogil:
        """Send sealed trains. The thread does it without the lock: nobody else touches a train (``lock_idle``)."""
        cdef int i
        if self.threaded:
            self.sending = True
            self.unlock()
        self.unsent += send_trains(peers, count, &self.gso)
        if self.threaded:
            self.lock()
            self.sending = False
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
