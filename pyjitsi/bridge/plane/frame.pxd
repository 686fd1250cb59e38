# C types of frame.py.
cimport cython

from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.keyframe cimport begins_keyframe
from pyjitsi.rtp.dependency cimport Dependency, Structure
from pyjitsi.rtp.vp8 cimport Vp8Descriptor
from pyjitsi.rtp.vp9 cimport Vp9Descriptor

cdef int VP8
cdef int VP9
cdef int NONE
cdef int PICTURES
cdef int LAYERS
cdef int TARGETS
cdef int SPATIAL_LAYERS
cdef int UNKNOWN
cdef int TELL


@cython.final
cdef class Frame:
    cdef public Vp8Descriptor vp8
    cdef public Vp9Descriptor vp9
    cdef public Dependency dependency
    cdef public Structure late
    cdef public int scheme
    cdef public bint readable
    cdef public bint keyframe
    cdef public bint marker
    cdef public bint ends
    cdef public int picture
    cdef public int mask
    cdef public int tl0
    cdef public int spatial
    cdef public int temporal
    cdef public int stacked
    cdef public int dependency_at
    cdef public int dependency_length
    cdef public int dependency_id
    cdef public int heights[4]

    cpdef bint read(self, int kind, Header header, const unsigned char* data, int dependency_id, Structure structure,
                    long long number, int start, int end) noexcept nogil
    cpdef bint read_vp8(self, const unsigned char* data, int start, int end) noexcept nogil
    @cython.locals(index=int)
    cpdef bint read_vp9(self, const unsigned char* data, int start, int end) noexcept nogil
    @cython.locals(index=int)
    cpdef void read_dependency(self, const unsigned char* data, Structure structure, long long number) noexcept nogil
    @cython.locals(length=int)
    cpdef void prepare(self, Header header, const unsigned char* data, int picture, int tl0) noexcept nogil
    cpdef void write(self, unsigned char* data, int start, int picture, int tl0) noexcept nogil
