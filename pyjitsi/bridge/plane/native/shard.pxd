# One thread's share of the plane: its peers, and the way of a packet through it.
from libc.stdint cimport int64_t, uint32_t

from pyjitsi.bridge.plane.feedback cimport FeedbackReader
from pyjitsi.bridge.plane.header cimport Header
from pyjitsi.bridge.plane.native.state cimport Key, KeyEntry, Peer, Route, Stream
from pyjitsi.rtp.vp8 cimport Vp8Descriptor

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef unsigned long pthread_t

cdef enum:
    T_DATAGRAM, T_EARLY, T_LEVEL, T_FEEDBACK, T_FIRST, T_KEYFRAME, T_MISSING

cdef struct Event:
    int kind
    int who
    int what
    int count
    int lost
    int fd
    int size
    double at
    double rate
    double gradient
    Key key
    unsigned char* data

cdef struct Port:
    int fd
    int zone


cdef class Shard:
    cdef pthread_mutex_t mutex
    cdef pthread_t thread
    cdef bint running
    cdef bint stopping
    cdef int wake_fd
    cdef int notify_fd
    cdef bint notified
    cdef Port ports[256]
    cdef int port_count
    cdef bint gso
    cdef long long unsent
    cdef Header header
    cdef Header stored
    cdef Vp8Descriptor vp8
    cdef Vp8Descriptor stored_vp8
    cdef FeedbackReader reader
    cdef KeyEntry* addresses
    cdef int address_mask
    cdef int address_used
    cdef Peer** waiting
    cdef int waiting_count
    cdef int waiting_room
    cdef double waiting_since
    cdef Event* events
    cdef int event_count
    cdef int event_room
    cdef long long events_lost
    cdef unsigned char* captured
    cdef long captured_size
    cdef long captured_room

    cdef void lock(self) noexcept nogil
    cdef void unlock(self) noexcept nogil
    cdef Peer* find(self, Key* key) noexcept nogil
    cdef bint bind(self, Key* key, Peer* peer) noexcept nogil
    cdef Event* tell(self, int kind, int who, int what, double at, bint urgent) noexcept nogil
    cdef void tell_datagram(self, int kind, int who, Key* key, int fd, unsigned char* data, int size,
                            double at) noexcept nogil
    cdef void datagram(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil
    cdef void receive(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil
    cdef void rtp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil
    cdef void audio(self, Peer* peer, Stream* stream, unsigned char* data, double at) noexcept nogil
    cdef void video(self, Peer* peer, Stream* stream, unsigned char* data, int payload_type, int64_t number, int start,
                    double at) noexcept nogil
    cdef void keep(self, Stream* stream, unsigned char* data, int payload_type, int64_t number, int start) noexcept nogil
    cdef bint enlarge(self, Stream* stream, int size) noexcept nogil
    cdef void forward(self, Peer* peer, Stream* stream, Route* route, unsigned char* data, int payload_type,
                      int64_t number, int start, bint keyframe, bint vp8, double at) noexcept nogil
    cdef bint emit(self, Peer* peer, unsigned char* data, void* header, void* vp8, int payload_type,
                   int sequence, uint32_t timestamp, uint32_t ssrc, int start, int end, int picture, int tl0,
                   int original, int64_t* index, bint numbered, double at) noexcept nogil
    cdef bint resend(self, Route* route, int sequence, double at) noexcept nogil
    cdef void rtcp(self, Peer* peer, unsigned char* data, int size, double at) noexcept nogil
    cdef void report_blocks(self, Peer* peer, unsigned char* data, int start, int end, int count,
                            double at) noexcept nogil
    cdef void transport_feedback(self, Peer* peer, unsigned char* data, int start, int end, double at) noexcept nogil
    cdef void keyframe_wanted(self, Peer* peer, uint32_t ssrc, double at) noexcept nogil
    cdef void flush_peer(self, Peer* peer) noexcept nogil
    cdef void flush(self, bint everything) noexcept nogil
    cdef void send_batch(self, Peer** peers, int count) noexcept nogil
    cdef void capture(self, Peer* peer) noexcept nogil
    cdef void forget(self, Peer* peer) noexcept nogil
    cdef bint has_port(self, int fd, int zone) noexcept nogil
    cdef void loop(self) noexcept nogil
