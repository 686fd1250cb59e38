"""The lock of a plane thread, the addresses of its peers, and the events that wait for Python."""

from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from pyjitsi.bridge.plane.native.state cimport Key, KeyEntry, Peer
from pyjitsi.bridge.plane.native.tables cimport key_hash

cdef extern from "<pthread.h>" nogil:
    int pthread_mutex_init(pthread_mutex_t*, void*)
    int pthread_mutex_destroy(pthread_mutex_t*)
    int pthread_mutex_lock(pthread_mutex_t*)
    int pthread_mutex_trylock(pthread_mutex_t*)
    int pthread_mutex_unlock(pthread_mutex_t*)

cdef extern from *:
    """
    #include <time.h>
    #define meet_more(counter) __atomic_add_fetch(&(counter), 1, __ATOMIC_SEQ_CST)
    #define meet_fewer(counter) __atomic_sub_fetch(&(counter), 1, __ATOMIC_SEQ_CST)
    #define meet_now(counter) __atomic_load_n(&(counter), __ATOMIC_RELAXED)
    #if defined(__x86_64__) || defined(__i386__)
    #define meet_pause() __builtin_ia32_pause()
    #elif defined(__aarch64__)
    #define meet_pause() __asm__ volatile("yield")
    #else
    #define meet_pause() ((void)0)
    #endif
    static double meet_seconds(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec + t.tv_nsec * 1e-9;
    }
    """
    int meet_more(int) nogil
    int meet_fewer(int) nogil
    int meet_now(int) nogil
    void meet_pause() nogil
    double meet_seconds() nogil

cdef extern from "<sched.h>" nogil:
    int sched_yield()

cdef extern from "<unistd.h>" nogil:
    ssize_t write(int, const void*, size_t)

cdef enum:
    EVENTS = 16384           # that wait for Python at the most
    SPINS = 1000             # some tens of microseconds


cdef class Mailbox:
    """The lowest layer of a shard."""

    def __cinit__(self):
        pthread_mutex_init(&self.mutex, NULL)
        self.notify_fd = -1

    def __dealloc__(self):
        cdef int i
        for i in range(self.event_count):
            free(self.events[i].data)
        free(self.events)
        free(self.addresses)
        pthread_mutex_destroy(&self.mutex)

    # The lock. It is never held for long: the thread gives way between datagrams, and sends without it. So who waits
    # spins for a while before it sleeps, since to be woken takes longer than the wait.

    cdef void lock(self) noexcept nogil:
        cdef double began, passed
        cdef int i
        if pthread_mutex_trylock(&self.mutex) == 0:
            return
        began = meet_seconds()
        meet_more(self.waiters)
        for i in range(SPINS):
            if pthread_mutex_trylock(&self.mutex) == 0:
                break
            meet_pause()
        else:
            pthread_mutex_lock(&self.mutex)
        meet_fewer(self.waiters)
        passed = meet_seconds() - began
        self.waits += 1
        if passed > self.longest_wait:
            self.longest_wait = passed

    cdef void unlock(self) noexcept nogil:
        pthread_mutex_unlock(&self.mutex)

    cdef void lock_idle(self) noexcept nogil:
        """Lock while no train is being sent: before trains or where they go to are touched."""
        self.lock()
        while self.sending:
            self.unlock()
            sched_yield()
            self.lock()

    cdef void breathe(self) noexcept nogil:
        """Let those go first who wait for the lock; it is held before and after."""
        cdef int i = 0
        if meet_now(self.waiters) == 0:
            return
        self.unlock()
        while meet_now(self.waiters) and i < SPINS:
            meet_pause()
            i += 1
        self.lock()

    # Addresses.

    cdef Peer* find(self, Key* key) noexcept nogil:
        cdef KeyEntry* found = self.entry(key)
        return NULL if found == NULL else found.peer

    cdef KeyEntry* entry(self, Key* key) noexcept nogil:
        cdef int at
        if self.addresses == NULL:
            return NULL
        at = key_hash(key) & self.address_mask
        while self.addresses[at].used:
            if memcmp(&self.addresses[at].key, key, sizeof(Key)) == 0:
                return &self.addresses[at]
            at = (at + 1) & self.address_mask
        return NULL

    cdef bint bind(self, Key* key, Peer* peer, void* inlet) noexcept nogil:
        """Set what an address belongs to: a peer, or another thread's inlet; NULL for nobody."""
        cdef KeyEntry* before = self.addresses
        cdef int i, at, size = self.address_mask + 1, live = 0
        if before == NULL or self.address_used * 2 >= size:
            # Entries of nobody go when the table is made anew: it is as large as the others ask for.
            if before != NULL:
                for at in range(size):
                    live += before[at].peer != NULL or before[at].inlet != NULL
            size = 64
            while live * 4 >= size:
                size *= 2
            self.addresses = <KeyEntry*>calloc(size, sizeof(KeyEntry))
            if self.addresses == NULL:
                self.addresses = before
                return False
            i = self.address_mask
            self.address_mask, self.address_used = size - 1, 0
            if before != NULL:
                for at in range(i + 1):
                    if before[at].used and (before[at].peer != NULL or before[at].inlet != NULL):
                        self.bind(&before[at].key, before[at].peer, before[at].inlet)
                free(before)
        at = key_hash(key) & self.address_mask
        while self.addresses[at].used and memcmp(&self.addresses[at].key, key, sizeof(Key)) != 0:
            at = (at + 1) & self.address_mask
        if not self.addresses[at].used:
            self.addresses[at].used = True
            self.addresses[at].key = key[0]
            self.address_used += 1
        self.addresses[at].peer, self.addresses[at].inlet = peer, inlet
        return True

    # What Python is told.

    cdef Event* tell(self, int kind, int who, int what, double at, bint urgent) noexcept nogil:
        cdef Event* event
        cdef Event* grown
        cdef uint64_t one = 1
        if self.event_count == self.event_room:
            if self.event_room >= EVENTS:
                self.events_lost += 1
                return NULL
            grown = <Event*>realloc(self.events, (self.event_room * 2 + 64) * sizeof(Event))
            if grown == NULL:
                return NULL
            self.events = grown
            self.event_room = self.event_room * 2 + 64
        event = &self.events[self.event_count]
        self.event_count += 1
        memset(event, 0, sizeof(Event))
        event.kind, event.who, event.what, event.at = kind, who, what, at
        if urgent and not self.notified and self.notify_fd >= 0:
            self.notified = True
            write(self.notify_fd, &one, 8)
        return event

    cdef void tell_datagram(self, int kind, int who, Key* key, int fd, unsigned char* data, int size,
                            double at, bint urgent) noexcept nogil:
        cdef unsigned char* copy
        cdef Event* event
        if self.event_count >= EVENTS // 2:  # a flood of what nobody asked for must not crowd out the rest
            self.events_lost += 1
            return
        copy = <unsigned char*>malloc(size)
        if copy == NULL:
            return
        event = self.tell(kind, who, 0, at, urgent)
        if event == NULL:
            free(copy)
            return
        memcpy(copy, data, size)
        event.data, event.size, event.key, event.fd = copy, size, key[0], fd
