# One thread's share of the plane: its peers, and the way of a packet through it.
from libc.stdint cimport int64_t, uint32_t

from pyjitsi.bridge.plane.frame cimport Frame
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.pacing cimport Pacing
from pyjitsi.bridge.plane.native.inlet cimport Inlet
from pyjitsi.bridge.plane.native.state cimport Key, Peer, Route, Source, Stream
from pyjitsi.bridge.plane.red cimport Red

cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t

cdef struct Port:
    int fd
    int zone


cdef class Shard(Pacing):
    cdef pthread_t thread
    cdef bint running
    cdef bint stopping
    cdef int wake_fd
    cdef Inlet inlet
    cdef Port ports[256]
    cdef int port_count
    cdef Header header
    cdef Frame frame
    cdef Red red

    cdef void datagram(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil
    cdef void control_datagram(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil
    cdef void receive(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil
    cdef void rtp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil
    cdef void audio(self, Peer* peer, Stream* stream, unsigned char* data, int64_t number, double at) noexcept nogil
    cdef bint say(self, Peer* peer, Source* source, unsigned char* data, int kind, bint known, int start, int end,
                  int64_t number, uint32_t timestamp, double at) noexcept nogil
    cdef void plain(self, Peer* peer, Stream* stream, unsigned char* data, int64_t number, int64_t closed, bint first,
                    double at) noexcept nogil
    cdef void video(self, Peer* peer, Stream* stream, unsigned char* data, int payload_type, int64_t number, int start,
                    double at) noexcept nogil
    cdef bint forward(self, Peer* peer, Stream* stream, Route* route, unsigned char* data, const unsigned char* body,
                      int payload_type, int64_t number, int start, double at) noexcept nogil
    cdef void work(self) noexcept nogil
    cdef bint has_port(self, int fd, int zone) noexcept nogil
    cdef void loop(self) noexcept nogil
