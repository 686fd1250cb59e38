# From an accepted packet to a receiver's datagrams.
from libc.stdint cimport int64_t, uint32_t

from pyjitsi.bridge.plane.frame cimport Frame
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.mailbox cimport Mailbox
from pyjitsi.bridge.plane.native.state cimport Peer, Route


cdef class Egress(Mailbox):
    cdef Header stored
    cdef Frame stored_frame
    cdef bint gso
    cdef bint threaded       # whether a thread of its own works on it
    cdef long long unsent
    cdef Peer** waiting
    cdef int waiting_count
    cdef int waiting_room
    cdef double waiting_since
    cdef unsigned char* captured
    cdef long captured_size
    cdef long captured_room

    cdef bint emit(self, Peer* peer, unsigned char* data, void* header, void* frame, int payload_type,
                   int sequence, uint32_t timestamp, uint32_t ssrc, int start, int end, int picture, int tl0,
                   int original, int64_t* index, bint numbered, double at) noexcept nogil
    cdef bint resend(self, Route* route, int sequence, double at) noexcept nogil
    cdef int repeat(self, Route* route, int sequence, double spacing, double at) noexcept nogil
    cdef void seal(self, Peer* peer) noexcept nogil
    cdef void flush_peer(self, Peer* peer) noexcept nogil
    cdef void flush(self, bint everything) noexcept nogil
    cdef void send_group(self, Peer** peers, int count) noexcept nogil
    cdef void capture(self, Peer* peer) noexcept nogil
    cdef void forget(self, Peer* peer) noexcept nogil
