# Probes of a shard's peers.
from pyjitsi.bridge.plane.native.control cimport Control
from pyjitsi.bridge.plane.native.state cimport Peer, Route


cdef class Pacing(Control):
    cdef Peer** paced
    cdef int paced_count
    cdef int paced_room

    cdef bint begin_pacing(self, Peer* peer) noexcept nogil
    cdef double next_paced(self) noexcept nogil
    cdef void pace(self, double now) noexcept nogil
    cdef int pad(self, Peer* peer, Route* route, int probe, double now) noexcept nogil
    cdef Route* liveliest(self, Peer* peer) noexcept nogil
