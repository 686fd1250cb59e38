# C types of vp9.py.
cimport cython

cdef int SPATIAL_LAYERS


@cython.final
cdef class Vp9Descriptor:
    cdef public int picture_id
    cdef public int picture_at
    cdef public bint long_id
    cdef public int tl0
    cdef public int tl0_at
    cdef public int temporal
    cdef public int spatial
    cdef public bint switching_up
    cdef public bint predicted
    cdef public bint dependent
    cdef public bint unreferenced
    cdef public bint starts_frame
    cdef public bint ends_frame
    cdef public int layers
    cdef public int size
    cdef public int heights[8]

    @cython.locals(at=int, first=int, count=int, more=bint)
    cpdef bint parse(self, const unsigned char* data, int start, int end) noexcept nogil
    @cython.locals(first=int, index=int, width=int, height=int, pictures=int)
    cpdef int structure(self, const unsigned char* data, int at, int end) noexcept nogil
    cpdef bint key_picture(self) noexcept nogil
    cpdef void write(self, unsigned char* data, int start, int picture_id, int tl0) noexcept nogil
