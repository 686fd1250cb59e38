# C types of vp8.py.
cimport cython


@cython.final
cdef class Vp8Descriptor:
    cdef public int picture_id
    cdef public int picture_at
    cdef public bint long_id
    cdef public int tl0
    cdef public int tl0_at
    cdef public int temporal
    cdef public int height
    cdef public int size
    cdef public bint starts_frame
    cdef public bint keyframe

    @cython.locals(at=int, first=int, extension=int, width=int, height=int)
    cpdef bint parse(self, const unsigned char* data, int start, int end) noexcept nogil
    cpdef void write(self, unsigned char* data, int start, int picture_id, int tl0) noexcept nogil
