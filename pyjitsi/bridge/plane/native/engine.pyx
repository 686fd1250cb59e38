"""A plane thread as Python drives it: its sockets in, its events out."""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from pyjitsi.bridge.plane.native.egress cimport ALL
from pyjitsi.bridge.plane.native.mailbox cimport Event
from pyjitsi.bridge.plane.native.shard cimport Shard, pthread_t
from pyjitsi.bridge.plane.native.state cimport Key
from pyjitsi.bridge.plane.native.wire cimport stamp_socket

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    """

cdef extern from "<pthread.h>" nogil:
    int pthread_create(pthread_t*, void*, void* (*)(void*) noexcept nogil, void*)
    int pthread_join(pthread_t, void**)
    int pthread_setname_np(pthread_t, const char*)

cdef extern from "<unistd.h>" nogil:
    ssize_t write(int, const void*, size_t)

DATAGRAM, EARLY, LEVEL, FEEDBACK, FIRST, KEYFRAME, MISSED, REPORT, LIMIT = range(9)  # kinds of events, as mailbox.pxd numbers them
MAX_PORTS = 256


cdef void* run(void* shard) noexcept nogil:
    (<Shard>shard).loop()
    return NULL


cdef class Engine:
    """One plane thread and its tables; without ``start`` it is driven by ``feed``, as tests do."""

    def __init__(self):
        self.shard = Shard()

    def start(self, int wake_fd, int notify_fd):
        """Begin to read the ports. Both are event counters (eventfd): one wakes the thread, the other tells of events."""
        self.shard.wake_fd, self.shard.notify_fd = wake_fd, notify_fd
        self.shard.inlet.wake_fd = wake_fd
        self.shard.threaded = True
        self.shard.stopping = False
        if pthread_create(&self.shard.thread, NULL, run, <void*>self.shard) != 0:
            raise OSError("the plane's thread can't be started")
        pthread_setname_np(self.shard.thread, b"plane")
        self.shard.running = True

    def stop(self):
        """End the thread, and wait for that."""
        if not self.shard.running:
            return
        self.shard.stopping = True
        self._wake()
        with nogil:
            pthread_join(self.shard.thread, NULL)
        self.shard.running = self.shard.threaded = False
        self.shard.wake_fd = self.shard.inlet.wake_fd = -1

    def _wake(self):
        cdef uint64_t one = 1
        if self.shard.wake_fd >= 0:
            write(self.shard.wake_fd, &one, 8)

    def add_port(self, int fd, int zone):
        """Read this socket; its datagrams are of a zone."""
        if self.shard.port_count >= MAX_PORTS:
            raise OSError(f"{MAX_PORTS} sockets are the most that a plane reads")
        stamp_socket(fd)
        with nogil:
            self.shard.lock()
            self.shard.ports[self.shard.port_count].fd = fd
            self.shard.ports[self.shard.port_count].zone = zone
            self.shard.port_count += 1
            self.shard.unlock()
        self._wake()

    def remove_port(self, int fd):
        """Read this socket no more; after this it may be closed."""
        cdef int i
        with nogil:
            self.shard.lock()
            for i in range(self.shard.port_count):
                if self.shard.ports[i].fd == fd:
                    self.shard.port_count -= 1
                    self.shard.ports[i] = self.shard.ports[self.shard.port_count]
                    break
            self.shard.unlock()
        self._wake()

    def refer(self, bytes key, Engine owner):
        """What comes from an address belongs to another thread's peer; it must not go before this one."""
        cdef Key address
        memcpy(address.bytes, <const unsigned char*>key, 20)
        with nogil:
            self.shard.lock()
            self.shard.bind(&address, NULL, <void*>owner.shard.inlet)
            self.shard.unlock()

    def forget(self, bytes key):
        """What comes from an address belongs to nobody."""
        cdef Key address
        memcpy(address.bytes, <const unsigned char*>key, 20)
        with nogil:
            self.shard.lock()
            if self.shard.entry(&address) != NULL:
                self.shard.bind(&address, NULL, NULL)
            self.shard.unlock()

    def work(self):
        """Without a thread: see to what other engines read of ours."""
        with nogil:
            self.shard.lock()
            self.shard.work()
            self.shard.flush(ALL, False)
            self.shard.unlock()

    def feed(self, bytes key, bytes data, double at):
        """One datagram, as if it came from a socket; what it causes is captured."""
        cdef int size = min(len(data), 2048)
        cdef unsigned char* buffer = <unsigned char*>malloc(max(size, 1))  # nobody may read beyond it
        cdef Key from_
        if buffer == NULL:
            raise MemoryError
        memcpy(from_.bytes, <const unsigned char*>key, 20)
        memcpy(buffer, <const unsigned char*>data, size)
        with nogil:
            self.shard.lock()
            self.shard.datagram(&from_, -1, buffer, size, at)
            self.shard.flush(ALL, False)
            self.shard.unlock()
        free(buffer)

    def pace(self, double now):
        """Send probes that are due, where no thread does."""
        with nogil:
            self.shard.lock()
            self.shard.pace(now)
            self.shard.flush(ALL, False)
            self.shard.unlock()

    def take_captured(self):
        """What would have been sent: (peer, datagram), in order."""
        cdef list found = []
        cdef long at = 0
        cdef int head[2]
        self.shard.lock()
        while at < self.shard.captured_size:
            memcpy(head, self.shard.captured + at, 8)
            found.append((head[0], self.shard.captured[at + 8 : at + 8 + head[1]]))
            at += 8 + head[1]
        self.shard.captured_size = 0
        self.shard.unlock()
        return found

    def take_events(self):
        """(kind, who, what, count, lost, at, rate, key, fd, data) since the last call."""
        cdef Event* events
        cdef int count, i
        cdef list found = []
        with nogil:
            self.shard.lock()
            events, count = self.shard.events, self.shard.event_count
            self.shard.events, self.shard.event_count, self.shard.event_room = NULL, 0, 0
            self.shard.notified = False
            self.shard.unlock()
        for i in range(count):
            found.append((
                events[i].kind, events[i].who, events[i].what, events[i].count, events[i].lost, events[i].at,
                events[i].rate,
                events[i].key.bytes[:20], events[i].fd,
                events[i].data[: events[i].size] if events[i].data != NULL else b"",
            ))
            free(events[i].data)
        free(events)
        return found

    @property
    def handed(self):
        """Datagrams that another thread's socket got."""
        return self.shard.inlet.handed

    def take_waits(self):
        """How often somebody had to wait for the lock since the last call, and the longest wait in seconds."""
        found = self.shard.waits, self.shard.longest_wait
        self.shard.waits, self.shard.longest_wait = 0, 0.0
        return found

    @property
    def unsent(self):
        """Datagrams that the kernel would not take."""
        return self.shard.unsent

    @property
    def overflowed(self):
        """Datagrams for control that were lost, because control was too slow."""
        return self.shard.events_lost + self.shard.inlet.lost

    @property
    def gso(self):
        """Whether the kernel and the path take UDP GSO, as far as was seen."""
        return bool(self.shard.gso)
