# What another plane thread read of ours.
from pyjitsi.bridge.plane.native.state cimport MAX_DATAGRAM, Key

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass

cdef enum:
    HANDED = 256             # datagrams that may wait at once

cdef struct Handed:
    Key key
    int fd
    int size                 # what is longer than MAX_DATAGRAM is only counted
    double at
    unsigned char data[MAX_DATAGRAM]


cdef class Inlet:
    cdef pthread_mutex_t door
    cdef Handed* filling
    cdef Handed* taken
    cdef int count
    cdef int wake_fd
    cdef long long handed
    cdef long long lost

    cdef void put(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil
    cdef int take(self) noexcept nogil
