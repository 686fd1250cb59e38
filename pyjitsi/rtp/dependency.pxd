# C types of dependency.py.
cimport cython

cdef int NOT_PRESENT
cdef int DISCARDABLE
cdef int SWITCH
cdef int REQUIRED
cdef int TARGETS
cdef int TEMPLATES
cdef int REFERENCES
cdef int SPATIAL_LAYERS
cdef int TEMPORAL_LAYERS
cdef int ROOM
cdef int MANDATORY
cdef int FLAGS
cdef unsigned int ALL
cdef unsigned int HIGHEST


@cython.final
cdef class Structure:
    cdef public long long number
    cdef public long long active_number
    cdef public int offset
    cdef public int count
    cdef public int targets
    cdef public int chains
    cdef public int layers
    cdef public unsigned int active
    cdef public unsigned char spatial[64]
    cdef public unsigned char temporal[64]
    cdef public unsigned char indications[64 * 32]
    cdef public unsigned char reference_count[64]
    cdef public unsigned char references[64 * 8]
    cdef public unsigned char target_spatial[32]
    cdef public unsigned char target_temporal[32]
    cdef public int heights[4]

    @cython.locals(best=int, index=int)
    cpdef bint stacked(self) noexcept nogil


@cython.final
cdef class Dependency:
    cdef public bint starts_frame
    cdef public bint ends_frame
    cdef public int template
    cdef public int number
    cdef public bint has_structure
    cdef public int spatial
    cdef public int temporal
    cdef public int reference_count
    cdef public int mask_at
    cdef public int structure_end
    cdef public int targets
    cdef int at
    cdef int end
    cdef public int written
    cdef public unsigned int active
    cdef public int offset
    cdef public int templates
    cdef public unsigned char target_spatial[32]
    cdef public unsigned char target_temporal[32]
    cdef public unsigned char indications[32]
    cdef public int references[8]
    cdef public unsigned char out[272]

    @cython.locals(value=cython.uint)
    cpdef unsigned int bits(self, const unsigned char* data, int count) noexcept nogil
    @cython.locals(width=int, rest=int, short=int, value=int)
    cpdef int non_symmetric(self, const unsigned char* data, int count) noexcept nogil
    @cython.locals(index=int, each=int, size=int, active=cython.uint, _=int)
    cpdef bint definition(self, const unsigned char* data, int start, int flags, Structure known,
                          long long number) noexcept nogil
    @cython.locals(flags=int)
    cpdef bint read(self, const unsigned char* data, int start, int length, Structure structure, Structure late,
                    long long number) noexcept nogil
    @cython.locals(spatial=int, temporal=int, count=int, more=int, index=int, each=int, resolutions=int, width=int,
                   height=int, _=int)
    cpdef bint read_structure(self, const unsigned char* data, Structure into) noexcept nogil
    @cython.locals(best=int, index=int)
    cpdef int target(self, int spatial, int temporal) noexcept nogil
    @cython.locals(found=cython.uint, index=int)
    cpdef unsigned int limit(self, int spatial, int temporal) noexcept nogil
    cpdef void put(self, int at, int count, unsigned int value) noexcept nogil
    @cython.locals(index=int)
    cpdef int write(self, const unsigned char* data, int start, int length, int number, int template_delta,
                    unsigned int mask, bint tell) noexcept nogil
    @cython.locals(place=int, index=int, end=int)
    cpdef int insert(self, const unsigned char* data, int start, int length, unsigned int mask) noexcept nogil
