# C types of loudest.py.
cimport cython

cdef double EXPIRE
cdef int ALPHA
cdef int SUBUNIT
cdef int FLOOR_WINDOW
cdef int MOST


@cython.final
cdef class Loudness:
    cdef int energy
    cdef double floor
    cdef int lowest
    cdef int collected

    cpdef int heard(self, int level) noexcept nogil


@cython.final
cdef class Loudest:
    cdef public int count
    cdef int ranked
    cdef unsigned int ids[16]
    cdef int energies[16]
    cdef double times[16]

    @cython.locals(energy=int, kept=int, index=int, place=int)
    cpdef bint passes(self, unsigned int stream, Loudness loudness, int level, double at) noexcept nogil
    cpdef void move(self, int source, int to) noexcept nogil
