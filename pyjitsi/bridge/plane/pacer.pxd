# C types of pacer.py.
cimport cython

cdef int PROBES
cdef int NOTHING


@cython.final
cdef class Pacer:
    cdef int first
    cdef int waiting
    cdef double begun
    cdef int sent_packets
    cdef int sent_octets
    cdef int clusters[8]
    cdef double rates[8]
    cdef int packets[8]
    cdef int octets[8]

    @cython.locals(slot=int)
    cpdef bint probe(self, int cluster, double rate, int packets, int octets) noexcept nogil
    cpdef double due(self) noexcept nogil
    @cython.locals(slot=int)
    cpdef int next(self, double now) noexcept nogil
    cpdef void sent(self, int size) noexcept nogil
    cpdef void end_probe(self) noexcept nogil
