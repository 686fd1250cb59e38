"""From an accepted packet to a receiver's datagrams: header, SRTP, and trains of datagrams that leave together."""

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from pyjitsi.bridge.plane.delivery cimport Delivery
from pyjitsi.bridge.plane.frame cimport Frame
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.cipher cimport MAX_OVERHEAD, protect, tag_size
from pyjitsi.bridge.plane.native.kept cimport find_kept, find_sent, kept_at
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport guess
from pyjitsi.bridge.plane.native.wire cimport Run, send_runs
from pyjitsi.bridge.plane.projection cimport Projection
from pyjitsi.rtp.dependency cimport Structure

cdef enum:
    GROUP = 64      # datagrams after which no further train is sealed before these are sent: so they are in the cache still
    STORE = 131072  # bytes of payloads that may wait to be sent; more than any frame, and they wait no longer than for one

cdef class Egress(Mailbox):
    """A shard's way out."""

    def __cinit__(self):
        self.stored, self.stored_frame = Header(), Frame()
        self.gso = True

    def __dealloc__(self):
        free(self.waiting)
        free(self.captured)
        free(self.store)
        free(self.sealed)
        free(self.runs)

    cdef bint emit(self, Peer* peer, Route* route, unsigned char* data, void* header, void* frame, int payload_type,
                   int sequence, uint32_t timestamp, uint32_t ssrc, const unsigned char* body, int length, int picture,
                   int tl0, int original, int64_t* index, bint numbered, double at) noexcept nogil:
        """Add a datagram to the receiver's train. ``data`` is the packet that ``header`` was read from, ``body`` its
        payload in the store (``hold``), ``original`` what an RTX packet repeats, or -1. ``route`` is NULL for padding.

        Only what is the receiver's own is written now. Payload and seal follow when the train leaves, receiver by
        receiver: so its keys and its datagrams are in the cache once, and not anew for each packet.
        """
        cdef unsigned char* out
        cdef int head, size, lead = length if length < LEAD - 2 else LEAD - 2, number = (<Delivery>peer.delivery).next
        cdef int64_t place
        cdef Peer** grown
        cdef Train* train
        cdef Parcel* parcel
        if not peer.outbound.ready or peer.fd == -2 or body == NULL:
            return False
        if peer.train == NULL:
            peer.train = <Train*>malloc(sizeof(Train))
            if peer.train == NULL:
                return False
            peer.train.count = peer.train.used = 0
        train = peer.train
        if train.count == SEGMENTS:
            self.flush_peer(peer)
        if picture != NO_PICTURE:
            (<Frame>frame).prepare(<Header>header, data, picture, tl0)
        if route != NULL and route.mid_length and peer.mid:
            (<Header>header).set_stamp(peer.mid, route.mid, route.mid_length)
        else:
            (<Header>header).stamp_id = 0
        head = 0
        while head == 0:
            out = train.heads + train.used
            head = (<Header>header).write(data, out, HEADS - LEAD - train.used, peer.keep, payload_type,
                                          (<Header>header).marker, sequence, timestamp, ssrc,
                                          peer.transport_cc if numbered else 0, number)
            if head == 0 and train.count == 0:
                break
            if head == 0:  # no room behind the others' heads
                self.flush_peer(peer)
        size = head + length + (2 if original >= 0 else 0)
        if head == 0 or size > MAX_DATAGRAM:
            peer.dropped[D_OVERSIZE] += 1
            return False
        place = guess(index[0], sequence)
        if place < 0:
            return False
        if place > index[0]:
            index[0] = place
        if peer.padding:
            out[0] |= 0x20
        if train.count == 0:
            train.since = at
        parcel = &train.parcels[train.count]
        parcel.place, parcel.header, parcel.at = place, head, train.used
        if original >= 0:
            out[head] = original >> 8
            out[head + 1] = original & 0xFF
            head += 2
        memcpy(out + head, body, lead)
        if picture != NO_PICTURE:
            (<Frame>frame).write(out, head, picture, tl0)
        size += tag_size(&peer.outbound)
        parcel.body, parcel.head, parcel.size = body + lead, head + lead, size
        train.used += head + lead
        train.count += 1
        if numbered and peer.transport_cc:
            (<Delivery>peer.delivery).sent(size, peer.probe, at)
        peer.out_size = size
        peer.packets_sent += 1
        peer.bytes_sent += size
        if not peer.pending:
            if self.waiting_count == self.waiting_room:
                grown = <Peer**>realloc(self.waiting, (self.waiting_room * 2 + 64) * sizeof(Peer*))
                if grown == NULL:
                    self.flush_peer(peer)
                    return True
                self.waiting, self.waiting_room = grown, self.waiting_room * 2 + 64
            if self.waiting_count == 0:
                self.waiting_since = at
            self.waiting[self.waiting_count] = peer
            self.waiting_count += 1
            peer.pending = True
        if (<Header>header).marker or train.count == SEGMENTS:
            peer.urgent = True
        return True

    cdef const unsigned char* hold(self, const unsigned char* data, int size) noexcept nogil:
        """Keep a payload until the trains that it is part of have left; NULL where there is no memory."""
        cdef unsigned char* place
        if self.store == NULL:
            self.store = <unsigned char*>malloc(STORE)
            self.sealed = <unsigned char*>malloc((GROUP + SEGMENTS) * (MAX_DATAGRAM + MAX_OVERHEAD))
            self.runs = <Run*>malloc((GROUP + SEGMENTS) * sizeof(Run))
        if self.store == NULL or self.sealed == NULL or self.runs == NULL or size > STORE:
            return NULL
        if self.stored_size + size > STORE:
            self.flush(ALL, True)
        if self.waiting_count == 0:
            self.stored_size = 0
        place = self.store + self.stored_size
        memcpy(place, data, size)
        self.stored_size += size
        return place

    cdef bint resend(self, Route* route, int sequence, double at) noexcept nogil:
        """Answer a NACK by RTX (RFC 4588); False where the packet is gone, too fresh, or no RTX was negotiated."""
        cdef double rtt = route.receiver.rtt
        cdef double spacing = 0.9 * rtt if 0.9 * rtt < rtt - 0.005 else rtt - 0.005
        return self.repeat(route, sequence, spacing, at) > 0

    cdef bint gone(self, Route* route, int sequence) noexcept nogil:
        """Whether a packet was sent that can't be sent again: it is too old, or its place in the arena was needed."""
        cdef Sent* sent
        cdef Stream* stream
        cdef int behind
        if route.projection == NULL or route.sent == NULL:
            return False
        behind = ((<Projection>route.projection).last_sequence - sequence) & 0xFFFF
        if behind >= route.sent_count:
            return behind < 0x8000
        sent = find_sent(route, sequence)
        stream = NULL if sent == NULL else route.source.streams[sent.encoding]
        return stream != NULL and stream.slots != NULL and find_kept(stream, sent.number) == NULL

    cdef int repeat(self, Route* route, int sequence, double spacing, double at) noexcept nogil:
        """Send a packet again as RTX; returns the datagram's size, 0 where it can't be."""
        cdef Peer* peer = route.receiver
        cdef Sent* sent
        cdef Stream* stream
        cdef Slot* slot
        cdef unsigned char* data
        cdef int number, rtx
        sent = find_sent(route, sequence)
        if sent == NULL or route.rtx_ssrc == 0 or at - sent.at < spacing:
            return 0
        stream = route.source.streams[sent.encoding]
        slot = NULL if stream == NULL else find_kept(stream, sent.number)
        if slot == NULL:
            return 0
        rtx = peer.rtx_of[slot.payload_type]
        data = kept_at(stream, slot)
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
        if not self.emit(peer, route, data, <void*>self.stored, <void*>self.stored_frame, rtx, number, sent.timestamp, route.rtx_ssrc,
                         self.hold(data + slot.payload_start, slot.size - slot.payload_start),
                         slot.size - slot.payload_start, sent.picture, sent.tl0, sequence, &route.rtx_index, True, at):
            return 0
        peer.urgent = True
        peer.rtx_sent += 1
        return peer.out_size

    cdef unsigned char* seal(self, Peer* peer, unsigned char* out) noexcept nogil:
        """Put a train's datagrams together at ``out`` and encrypt them, as runs that go out by one GSO send each.
        Returns where they end. What can't be encrypted is not sent."""
        cdef Train* train = peer.train
        cdef Parcel* parcel
        cdef Run* run = NULL
        cdef int i, tag = tag_size(&peer.outbound)
        for i in range(train.count):
            parcel = &train.parcels[i]
            memcpy(out, train.heads + parcel.at, parcel.head)
            memcpy(out + parcel.head, parcel.body, parcel.size - tag - parcel.head)
            if protect(&peer.outbound, out, parcel.header, parcel.size - tag, parcel.place) != parcel.size:
                self.unsent += 1
                continue
            if run == NULL or parcel.size > run.segment or run.size < run.count * run.segment:
                run = &self.runs[self.run_count]
                self.run_count += 1
                run.fd, run.name, run.name_size = peer.fd, peer.destination, peer.destination_size
                run.data, run.segment, run.size, run.count = out, parcel.size, 0, 0
            run.size += parcel.size
            run.count += 1
            out += parcel.size
        train.count = train.used = 0
        peer.urgent = False
        return out

    cdef void flush_peer(self, Peer* peer) noexcept nogil:
        """Send one peer's train now."""
        if peer.train == NULL or peer.train.count == 0:
            return
        self.run_count = 0
        self.seal(peer, self.sealed)
        if peer.fd >= 0:
            self.unsent += send_runs(self.runs, self.run_count, &self.gso)
        else:
            self.capture(peer)

    cdef void flush(self, double before, bint locked) noexcept nogil:
        """Send urgent trains, and those that began at or before a time. Between groups the thread lets others have the
        lock, unless it is to stay ``locked``."""
        cdef Peer* out[GROUP]
        cdef Peer* peer
        cdef int count, parcels = GROUP, left, i
        while parcels >= GROUP:  # peers may go while a group is sent: the next one is looked for anew
            count = parcels = left = 0
            self.waiting_since = ALL
            for i in range(self.waiting_count):
                peer = self.waiting[i]
                if parcels >= GROUP or (peer.train.count and not peer.urgent and peer.train.since > before):
                    self.waiting[left] = peer
                    left += 1
                    self.waiting_since = min(self.waiting_since, peer.train.since)
                    continue
                peer.pending = False
                if peer.fd < 0:
                    self.flush_peer(peer)
                elif peer.train.count:
                    out[count] = peer
                    count += 1
                    parcels += peer.train.count
            self.waiting_count = left
            if count == 0:
                return
            if self.threaded and not locked:
                self.sending = True
                self.unlock()
                self.send_group(out, count)
                self.lock()
                self.sending = False
                self.breathe()
            else:
                self.send_group(out, count)

    cdef void send_group(self, Peer** peers, int count) noexcept nogil:
        """Seal and send trains. The thread does it without the lock: nobody else touches a train (``lock_idle``)."""
        cdef unsigned char* out = self.sealed
        cdef int i
        self.run_count = 0
        for i in range(count):
            out = self.seal(peers[i], out)
        self.unsent += send_runs(self.runs, self.run_count, &self.gso)

    cdef void capture(self, Peer* peer) noexcept nogil:
        """Where there is no socket: keep what was sealed for ``take_captured``."""
        cdef int at, size, i
        cdef Run* run
        for i in range(self.run_count):
            run = &self.runs[i]
            at = 0
            while at < run.size:
                size = run.segment if run.size - at > run.segment else run.size - at
                self.capture_datagram(peer.id, run.data + at, size)
                at += size

    cdef void capture_datagram(self, int who, const unsigned char* data, int size) noexcept nogil:
        """Peer id, size and bytes."""
        cdef int head[2]
        cdef unsigned char* grown
        if self.captured_size + size + 8 > self.captured_room:
            grown = <unsigned char*>realloc(self.captured, (self.captured_size + size + 8) * 2)
            if grown == NULL:
                return
            self.captured, self.captured_room = grown, (self.captured_size + size + 8) * 2
        head[0], head[1] = who, size
        memcpy(self.captured + self.captured_size, head, 8)
        memcpy(self.captured + self.captured_size + 8, data, size)
        self.captured_size += size + 8

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
