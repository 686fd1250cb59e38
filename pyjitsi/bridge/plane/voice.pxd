# C types of voice.py.
cimport cython

cdef int SEQUENCE_MASK
cdef unsigned int TIMESTAMP_MASK
cdef int LEFT_OUT
cdef int MIN_TICKS
cdef double RATE
cdef int SILENCE
cdef int SILENT
cdef int NOTHING
cdef double NEVER
cdef int ARRIVED
cdef unsigned long long ARRIVED_MASK
cdef unsigned long long ONE


@cython.final
cdef class Gaps:
    cdef long long highest
    cdef long long delta
    cdef long long left_count
    cdef public int silent
    cdef double told_at
    cdef long long oldest
    cdef long long newest
    cdef unsigned long long arrived
    cdef long long left_number[32]
    cdef long long left_delta[32]

    @cython.locals(behind=cython.longlong)
    cpdef bint arrive(self, long long number) noexcept nogil
    @cython.locals(behind=cython.longlong)
    cpdef bint missing(self, long long number) noexcept nogil
    cpdef bint untold(self, double at) noexcept nogil
    cpdef bint silence(self, int level) noexcept nogil
    @cython.locals(slot=int)
    cpdef void leave_out(self, long long number) noexcept nogil
    @cython.locals(delta=cython.longlong, index=cython.longlong)
    cpdef long long closed(self, long long number) noexcept nogil


@cython.final
cdef class Voice:
    cdef public bint begun
    cdef long long first
    cdef int sequence_delta
    cdef unsigned int timestamp_delta
    cdef public int last_sequence
    cdef public unsigned int last_timestamp
    cdef public double last_at
    cdef public int out_sequence
    cdef public unsigned int out_timestamp

    cpdef void go_on(self, int sequence, unsigned int timestamp, double at) noexcept nogil
    cpdef unsigned int current_timestamp(self, unsigned int timestamp) noexcept nogil
    @cython.locals(ticks=cython.longlong)
    cpdef bint accept(self, long long number, unsigned int timestamp, double at) noexcept nogil
