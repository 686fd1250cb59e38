# C types of delivery.py.
cimport cython

cdef int DEPARTURES
cdef int BUCKETS
cdef double GROUP
cdef double BURST
cdef int TREND
cdef double SMOOTHING
cdef double GAIN
cdef int MOST_GROUPS
cdef double START_THRESHOLD, LEAST_THRESHOLD, MOST_THRESHOLD
cdef double THRESHOLD_RISE, THRESHOLD_FALL, THRESHOLD_LEAP
cdef double OVERUSE_TIME
cdef double STALE
cdef double ABSURD
cdef int THROUGHPUT
cdef int ENOUGH, LEAST
cdef double WINDOW, LONGEST, RECENT
cdef int NORMAL, OVERUSE, UNDERUSE
cdef double NONE
cdef double NEVER


@cython.final
cdef class Delivery:
    cdef public int next
    cdef double departed_at[1024]
    cdef unsigned short departed_size[1024]
    cdef unsigned short departed_probe[1024]
    cdef long long bucket_of[20]
    cdef long long bucket_bytes[20]
    cdef double trend_at[20]
    cdef double trend_delay[20]
    cdef double got_sent[512]
    cdef double got_at[512]
    cdef unsigned short got_size[512]
    cdef public int delivered
    cdef public int lost
    cdef public long long delivered_bytes
    cdef public long long lost_bytes
    cdef public bint overused
    cdef public bint recovered
    cdef public int usage
    cdef double arrival
    cdef public double threshold
    cdef double group_first_sent
    cdef double group_sent
    cdef double group_first_at
    cdef double group_at
    cdef double before_sent
    cdef double before_at
    cdef public int groups
    cdef double delay
    cdef double smoothed
    cdef public double trend
    cdef double over_for
    cdef int over_count
    cdef double moved_at
    cdef double first_at
    cdef int backwards
    cdef long long got
    cdef long long got_from
    cdef public int probe
    cdef public int probe_packets
    cdef public long long probe_bytes
    cdef public double probe_first_sent
    cdef public double probe_last_sent
    cdef public double probe_first_at
    cdef public double probe_last_at
    cdef public int probe_first_size
    cdef public int probe_last_size

    cpdef void reset(self) noexcept nogil
    @cython.locals(slot=int, current=cython.longlong)
    cpdef void sent(self, int size, int probe, double now) noexcept nogil
    @cython.locals(current=cython.longlong, total=cython.longlong, index=int)
    cpdef double bitrate(self, double now) noexcept nogil
    @cython.locals(slot=int)
    cpdef int departure(self, int number) noexcept nogil
    @cython.locals(slot=int)
    cpdef bint missing(self, int number) noexcept nogil
    @cython.locals(slot=int, size=int, sent=double)
    cpdef bint arrived(self, int number, double at) noexcept nogil
    cpdef void probed(self, int probe, double sent, double at, int size) noexcept nogil
    @cython.locals(late=double, together=bint)
    cpdef void group(self, double sent, double at) noexcept nogil
    cpdef void begin_group(self, double sent, double at) noexcept nogil
    cpdef void forget_queue(self) noexcept nogil
    @cython.locals(growth=double, slot=int, slope=double)
    cpdef void compare(self, double sent, double arrived, double at) noexcept nogil
    @cython.locals(middle_at=double, middle_delay=double, above=double, below=double, apart=double, index=int)
    cpdef double slope(self, double otherwise) noexcept nogil
    @cython.locals(before=int, grown=double, size=double, passed=double, pace=double)
    cpdef void detect(self, double slope, double sent, double at) noexcept nogil
    @cython.locals(newest=double, index=cython.longlong, span=double, count=cython.longlong)
    cpdef void through(self, double sent, double at, int size) noexcept nogil
    @cython.locals(start=cython.longlong, newest=double, gap=double, second=double, first=int, last=int, first_sent=double,
                   last_sent=double, last_size=int, total=cython.longlong, slot=int, pause=double, took=double,
                   arriving=double, sending=double, index=cython.longlong)
    cpdef double over(self, double span) noexcept nogil
    cpdef double throughput(self) noexcept nogil
    cpdef double recent(self) noexcept nogil
