# From an accepted packet to a receiver's datagrams.
from libc.stdint cimport int64_t, uint32_t

from pyjitsi.bridge.plane.frame cimport Frame
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.mailbox cimport Mailbox
from pyjitsi.bridge.plane.native.state cimport Peer, Route
from pyjitsi.bridge.plane.native.wire cimport Run


cdef enum:
    ALL = 0x7FFFFFFF            # for ``flush``: a time that no train began after
    URGENT = -1                 # and one that none began before


cdef class Egress(Mailbox):
    cdef Header stored
    cdef Frame stored_frame
    cdef bint gso
    cdef bint threaded       # whether a thread of its own works on it
    cdef long long unsent
    cdef Peer** waiting
    cdef int waiting_count
    cdef int waiting_room
    cdef double waiting_since  # the oldest of them
    cdef unsigned char* store   # payloads of datagrams that wait, in the clear
    cdef int stored_size
    cdef unsigned char* sealed  # datagrams of a group, about to be sent
    cdef Run* runs
    cdef int run_count
    cdef unsigned char* captured
    cdef long captured_size
    cdef long captured_room

    cdef bint emit(self, Peer* peer, Route* route, unsigned char* data, void* header, void* frame, int payload_type,
                   int sequence, uint32_t timestamp, uint32_t ssrc, const unsigned char* body, int length, int picture,
                   int tl0, int original, int64_t* index, bint numbered, double at) noexcept nogil
    cdef const unsigned char* hold(self, const unsigned char* data, int size) noexcept nogil
    cdef bint resend(self, Route* route, int sequence, double at) noexcept nogil
    cdef bint gone(self, Route* route, int sequence) noexcept nogil
    cdef int repeat(self, Route* route, int sequence, double spacing, double at) noexcept nogil
    cdef unsigned char* seal(self, Peer* peer, unsigned char* out) noexcept nogil
    cdef void flush_peer(self, Peer* peer) noexcept nogil
    cdef void flush(self, double before, bint locked) noexcept nogil
    cdef void send_group(self, Peer** peers, int count) noexcept nogil
    cdef void capture(self, Peer* peer) noexcept nogil
    cdef void capture_datagram(self, int who, const unsigned char* data, int size) noexcept nogil
    cdef void forget(self, Peer* peer) noexcept nogil
