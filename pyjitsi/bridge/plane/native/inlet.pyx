"""How a datagram gets to the thread that its peer belongs to, where another thread's socket got it.

It has a lock of its own, held for one copy: nobody waits here for packets to be worked on. A flood fills it and is
dropped; nothing grows.
"""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from pyjitsi.bridge.plane.native.state cimport MAX_DATAGRAM, Key

cdef extern from "<pthread.h>" nogil:
    int pthread_mutex_init(pthread_mutex_t*, void*)
    int pthread_mutex_destroy(pthread_mutex_t*)
    int pthread_mutex_lock(pthread_mutex_t*)
    int pthread_mutex_unlock(pthread_mutex_t*)

cdef extern from "<unistd.h>" nogil:
    ssize_t write(int, const void*, size_t)


cdef class Inlet:
    """Of one thread."""

    def __cinit__(self):
        pthread_mutex_init(&self.door, NULL)
        self.wake_fd = -1

    def __dealloc__(self):
        free(self.filling)
        free(self.taken)
        pthread_mutex_destroy(&self.door)

    cdef void put(self, Key* key, int fd, unsigned char* data, int size, double at) noexcept nogil:
        """Leave a datagram for the thread, and wake it."""
        cdef uint64_t one = 1
        cdef Handed* place
        cdef bint wake = False
        pthread_mutex_lock(&self.door)
        if self.filling == NULL:
            self.filling = <Handed*>malloc(HANDED * sizeof(Handed))
        if self.filling == NULL or self.count == HANDED:
            self.lost += 1
        else:
            place = &self.filling[self.count]
            place.key, place.fd, place.size, place.at = key[0], fd, size, at
            memcpy(place.data, data, size if size < MAX_DATAGRAM else MAX_DATAGRAM)
            wake = self.count == 0
            self.count += 1
            self.handed += 1
        pthread_mutex_unlock(&self.door)
        if wake and self.wake_fd >= 0:
            write(self.wake_fd, &one, 8)

    cdef int take(self) noexcept nogil:
        """Put what was left into ``taken``; returns how many that are. For the thread itself."""
        cdef Handed* swapped
        cdef int count
        pthread_mutex_lock(&self.door)
        count = self.count
        if count:
            swapped, self.filling = self.filling, self.taken
            self.taken, self.count = swapped, 0
        pthread_mutex_unlock(&self.door)
        return count
