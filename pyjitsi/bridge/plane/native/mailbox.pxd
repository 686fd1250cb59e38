# What a plane thread is told of addresses, and what it tells Python.
from pyjitsi.bridge.plane.native.state cimport Key, KeyEntry, Peer

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass

cdef enum:
    T_DATAGRAM, T_EARLY, T_LEVEL, T_FEEDBACK, T_FIRST, T_KEYFRAME, T_MISSING, T_REPORT, T_LIMIT

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
    Key key
    unsigned char* data


cdef class Mailbox:
    cdef pthread_mutex_t mutex
    cdef int waiters         # who wants the lock and does not have it
    cdef long long waits
    cdef double longest_wait
    cdef bint sending        # the thread sends trains, without the lock
    cdef int notify_fd
    cdef bint notified
    cdef KeyEntry* addresses
    cdef int address_mask
    cdef int address_used
    cdef Event* events
    cdef int event_count
    cdef int event_room
    cdef long long events_lost

    cdef void lock(self) noexcept nogil
    cdef void unlock(self) noexcept nogil
    cdef void lock_idle(self) noexcept nogil
    cdef void breathe(self) noexcept nogil
    cdef KeyEntry* entry(self, Key* key) noexcept nogil
    cdef Peer* find(self, Key* key) noexcept nogil
    cdef bint bind(self, Key* key, Peer* peer, void* inlet) noexcept nogil
    cdef Event* tell(self, int kind, int who, int what, double at, bint urgent) noexcept nogil
    cdef void tell_datagram(self, int kind, int who, Key* key, int fd, unsigned char* data, int size,
                            double at, bint urgent) noexcept nogil
