"""What is sent beyond what is forwarded: probes, packet by packet at their time."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc

from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.pacer cimport Pacer
from pyjitsi.bridge.plane.projection cimport Projection

cdef enum:
    REPEATED = 32  # packets of late that probes repeat in turn
    BLANK_SIZE = 255

cdef unsigned char BLANK[BLANK_SIZE]  # a payload of nothing but padding (RFC 3550 section 5.1)
BLANK[BLANK_SIZE - 1] = BLANK_SIZE


cdef class Pacing(Control):
    """A shard's peers that are probed now."""

    def __dealloc__(self):
        free(self.paced)

    cdef bint begin_pacing(self, Peer* peer) noexcept nogil:
        """See to a peer until its pacer has nothing left."""
        cdef Peer** grown
        if peer.paced:
            return True
        if self.paced_count == self.paced_room:
            grown = <Peer**>realloc(self.paced, (self.paced_room * 2 + 16) * sizeof(Peer*))
            if grown == NULL:
                return False
            self.paced, self.paced_room = grown, self.paced_room * 2 + 16
        self.paced[self.paced_count] = peer
        self.paced_count += 1
        peer.paced = True
        return True

    cdef double next_paced(self) noexcept nogil:
        """When the first of them is due; negative for never."""
        cdef double found = -1, due
        cdef int i
        for i in range(self.paced_count):
            due = (<Pacer>self.paced[i].pacer).due()
            if due >= 0 and (found < 0 or due < found):
                found = due
        return found

    cdef void pace(self, double now) noexcept nogil:
        """Send what is due."""
        cdef Peer* peer
        cdef Route* route
        cdef int i, probe, left = 0
        for i in range(self.paced_count):
            peer = self.paced[i]
            probe = (<Pacer>peer.pacer).next(now)
            route = self.liveliest(peer) if probe >= 0 else NULL
            while probe >= 0:
                (<Pacer>peer.pacer).sent(self.pad(peer, route, probe, now))
                probe = (<Pacer>peer.pacer).next(now)
            if (<Pacer>peer.pacer).due() < 0:
                peer.paced = False
                continue
            self.paced[left] = peer
            left += 1
        self.paced_count = left

    cdef int pad(self, Peer* peer, Route* route, int probe, double now) noexcept nogil:
        """Send again what was sent of late, or else nothing but padding; returns the datagram's size."""
        cdef int i, newest, size = 0, payload_type = 0
        peer.probe, peer.out_size = probe, 0
        if route != NULL:
            newest = (<Projection>route.projection).last_sequence
            for i in range(REPEATED):
                route.again = (route.again + 1) & 0xFFFF
                if ((newest - route.again) & 0xFFFF) >= REPEATED:
                    route.again = (newest - REPEATED + 1) & 0xFFFF
                size = self.repeat(route, route.again, 0.0, now)
                if size:
                    break
        if size == 0 and peer.transport_cc:
            while payload_type < 128 and peer.rtx_of[payload_type] == 0:
                payload_type += 1
            if 0 < payload_type < 128:
                peer.blank_sequence = (peer.blank_sequence + 1) & 0xFFFF
                peer.blank_timestamp += 3000
                self.stored.profile, self.stored.marker = 0, False
                peer.padding = True
                if self.emit(peer, NULL, BLANK, <void*>self.stored, <void*>self.stored_frame, payload_type, peer.blank_sequence,
                             peer.blank_timestamp, peer.blank_ssrc, self.hold(BLANK, BLANK_SIZE), BLANK_SIZE, NO_PICTURE, -1, -1,
                             &peer.blank_index, True, now):
                    size = peer.out_size
                peer.padding = False
        peer.probe = 0
        peer.urgent = True
        return size

    cdef Route* liveliest(self, Peer* peer) noexcept nogil:
        """The route of the picture that was sent last; of two the one with the lower SSRC."""
        cdef Route* found = NULL
        cdef Route* route
        cdef double last, best = -1
        cdef int i
        if peer.routes.entries == NULL:
            return NULL
        for i in range(peer.routes.mask + 1):
            route = <Route*>peer.routes.entries[i].item
            if route == NULL or route.projection == NULL or route.sent == NULL or route.rtx_ssrc == 0:
                continue
            last = (<Projection>route.projection).last_at
            if last > best or (last == best and route.ssrc < found.ssrc):
                best, found = last, route
        return found

    cdef void forget(self, Peer* peer) noexcept nogil:
        cdef int i, left = 0
        for i in range(self.paced_count):
            if self.paced[i] != peer:
                self.paced[left] = self.paced[i]
                left += 1
        self.paced_count = left
        Control.forget(self, peer)
