# C types of feedback.py.
cimport cython

cdef int MAX_STATUSES
cdef double TICK
cdef int REFERENCE_TICKS
cdef int LOST
cdef int END
cdef int MALFORMED


@cython.final
cdef class FeedbackReader:
    cdef public int base
    cdef public int count
    cdef public long long ticks
    cdef int chunk_at
    cdef int delta_at
    cdef int end
    cdef int told
    cdef int chunk
    cdef int left

    @cython.locals(reference=int, at=int, seen=int, size=int)
    cpdef bint open(self, const unsigned char* data, int start, int end) noexcept nogil
    cpdef int statuses(self, int chunk) noexcept nogil
    @cython.locals(symbol=int, width=int, delta=int)
    cpdef int next(self, const unsigned char* data) noexcept nogil
