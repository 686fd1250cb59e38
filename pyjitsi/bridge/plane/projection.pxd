# C types of projection.py.
cimport cython

from pyjitsi.bridge.plane.frame cimport Frame

cdef int LAYERS
cdef int TARGETS
cdef int TELL
cdef int NOT_PRESENT
cdef int DISCARDABLE
cdef int SWITCH

cdef int OFF
cdef int SEQUENCE_MASK
cdef unsigned int TIMESTAMP_MASK
cdef int PICTURE_MASK
cdef int FRAMES
cdef int LEFT_OUT
cdef int ENCODINGS
cdef int LATEST
cdef int MIN_TICKS
cdef int DROPPED
cdef double NEVER
cdef double FLOWS
cdef double STALLED
cdef int MISSED
cdef int SPATIAL_LAYERS


@cython.final
cdef class Projection:
    cdef public int encoding
    cdef public int target
    cdef public bint wants_keyframe
    cdef public int last_sequence
    cdef public unsigned int last_timestamp
    cdef public int last_picture
    cdef public int last_tl0
    cdef public double last_at
    cdef public int out_sequence
    cdef public unsigned int out_timestamp
    cdef public int out_picture
    cdef public int out_tl0
    cdef int sequence_delta
    cdef unsigned int timestamp_delta
    cdef int picture_delta
    cdef int tl0_delta
    cdef long long highest
    cdef long long first
    cdef int newest
    cdef long long left_count
    cdef long long left_number[256]
    cdef int left_delta[256]
    cdef int frame_in[256]
    cdef int frame_out[256]
    cdef double flowing[8]
    cdef double layer_at[8]
    cdef public int scheme
    cdef public bint out_marker
    cdef public int spatial
    cdef public int temporal
    cdef int complete
    cdef int ceiling
    cdef int goal
    cdef int template_delta
    cdef public int next_template
    cdef int told
    cdef public bint stuck
    cdef int missed
    cdef unsigned int lowest_timestamp

    @cython.locals(index=int)
    cpdef void forget_frames(self) noexcept nogil
    cpdef void go_on(self, int tl0, int template, double at) noexcept nogil
    cpdef void set_target(self, int layer) noexcept nogil
    cpdef unsigned int current_timestamp(self, unsigned int timestamp) noexcept nogil
    cpdef void skip(self, int encoding, long long number) noexcept nogil
    @cython.locals(wanted=int)
    cpdef bint accept(self, Frame frame, int encoding, long long number, unsigned int timestamp,
                      double at) noexcept nogil
    @cython.locals(out=int)
    cpdef bint passes(self, Frame frame, double at) noexcept nogil
    cpdef bint may_switch(self, int encoding, int wanted, double at) noexcept nogil
    cpdef bint stalled(self, double at) noexcept nogil
    @cython.locals(step=int, each=int)
    cpdef bint nearer_flows(self, int wanted, double at) noexcept nogil
    @cython.locals(ticks=cython.longlong, passed=cython.longlong)
    cpdef void begin(self, long long number, unsigned int timestamp, double at) noexcept nogil
    @cython.locals(delta=int, index=cython.longlong, sequence=int, out=cython.uint)
    cpdef void pass_on(self, long long number, unsigned int timestamp, double at) noexcept nogil
    @cython.locals(slot=cython.longlong)
    cpdef void leave_out(self, long long number) noexcept nogil
    cpdef int limits(self) noexcept nogil
    @cython.locals(ahead=int)
    cpdef int extended(self, int picture, int mask) noexcept nogil
    @cython.locals(key=int, slot=int, ahead=bint, out=int)
    cpdef int frame(self, int picture, int temporal, int mask) noexcept nogil
    @cython.locals(picture=int, key=int, slot=int, out=int)
    cpdef int layer_frame(self, Frame frame, double at) noexcept nogil
    @cython.locals(wanted=int, limit=int, key=bint, passes=bint)
    cpdef bint layer_passes(self, Frame frame, bint another, double at) noexcept nogil
    @cython.locals(slot=int, out=int)
    cpdef int target_frame(self, Frame frame) noexcept nogil
    @cython.locals(limits=int, best=int, decodable=bint, indication=int)
    cpdef bint target_passes(self, Frame frame) noexcept nogil
    @cython.locals(index=int, needed=int)
    cpdef bint references_passed(self, Frame frame) noexcept nogil
    @cython.locals(layer=int)
    cpdef void dependency(self, Frame frame) noexcept nogil
