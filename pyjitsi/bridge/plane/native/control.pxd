# RTCP of peers.
from libc.stdint cimport uint32_t

from pyjitsi.bridge.plane.feedback cimport FeedbackReader
from pyjitsi.bridge.plane.native.egress cimport Egress
from pyjitsi.bridge.plane.native.state cimport Peer, Route


cdef class Control(Egress):
    cdef FeedbackReader reader

    cdef void rtcp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil
    cdef void report_blocks(self, Peer* peer, unsigned char* data, int start, int end, int count,
                            double at) noexcept nogil
    cdef void transport_feedback(self, Peer* peer, unsigned char* data, int start, int end, double at) noexcept nogil
    cdef void nacked(self, Route* route, int sequence, double at) noexcept nogil
    cdef void ask_keyframe(self, Route* route, double at) noexcept nogil
    cdef void keyframe_wanted(self, Peer* peer, uint32_t ssrc, double at) noexcept nogil
