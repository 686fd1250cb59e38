# C types of header.py.
cimport cython

cdef int MINIMUM
cdef int ONE_BYTE
cdef int TWO_BYTE
cdef int TWO_BYTE_MASK
cdef int SWAP_ROOM
cdef int STAMP_ROOM


@cython.final
cdef class Header:
    cdef public int payload_type
    cdef public bint marker
    cdef public int sequence
    cdef public unsigned int timestamp
    cdef public unsigned int ssrc
    cdef public int profile
    cdef public int elements_start
    cdef public int elements_end
    cdef public int payload_start
    cdef public int payload_end
    cdef public int length
    cdef public int swap_id
    cdef public int swap_length
    cdef public unsigned char swap[272]
    cdef public int stamp_id
    cdef public int stamp_length
    cdef public unsigned char stamp[16]

    @cython.locals(padding=int, end=int)
    cpdef bint parse(self, const unsigned char* data, int size) noexcept nogil
    @cython.locals(start=int, end=int, profile=int)
    cpdef bint parse_front(self, const unsigned char* data, int size) noexcept nogil
    @cython.locals(end=int)
    cpdef int next_element(self, const unsigned char* data, int at) noexcept nogil
    cpdef int element_id(self, const unsigned char* data, int value) noexcept nogil
    @cython.locals(index=int)
    cpdef void set_swap(self, int identity, const unsigned char* value, int length) noexcept nogil
    @cython.locals(index=int)
    cpdef void set_stamp(self, int identity, const unsigned char* value, int length) noexcept nogil
    @cython.locals(value=int)
    cpdef int find(self, const unsigned char* data, int identity) noexcept nogil
    @cython.locals(short=bint, body=int, count=int, value=int, identity=int, head=int, words=int, size=int, profile=int,
                   at=int, index=int, length=int)
    cpdef int write(self, const unsigned char* data, unsigned char* out, int room, const unsigned char* keep,
                    int payload_type, bint marker, int sequence, unsigned int timestamp, unsigned int ssrc,
                    int number_id, int number) noexcept nogil


cdef int _head(unsigned char* out, int at, int identity, int length, bint short) noexcept nogil
