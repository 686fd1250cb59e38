# C types of red.py.
cimport cython

cdef int BLOCKS
cdef int DISTANCE


@cython.final
cdef class Red:
    cdef public int count
    cdef public int primary_type
    cdef public int primary_start
    cdef public int block_type[8]
    cdef public int block_offset[8]
    cdef public int block_start[8]
    cdef public int block_length[8]

    @cython.locals(distance=int)
    cpdef int back(self, int index) noexcept nogil
    @cython.locals(at=int, index=int)
    cpdef bint read(self, const unsigned char* data, int start, int end) noexcept nogil
