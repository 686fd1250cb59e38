# C types of keyframe.py.
cimport cython

cdef int ANY
cdef int VP8
cdef int VP9
cdef int H264
cdef int AV1
cdef int AGGREGATED

cpdef bint begins_keyframe(int kind, const unsigned char* data, int start, int end) noexcept nogil
@cython.locals(kind=int, at=int, _=int)
cdef bint _h264(const unsigned char* data, int start, int end) noexcept nogil
@cython.locals(first=int, at=int)
cdef bint _vp9(const unsigned char* data, int start, int end) noexcept nogil
