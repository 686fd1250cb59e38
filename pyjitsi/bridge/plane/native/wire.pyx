"""recvmmsg with the kernel's receive times, sendmmsg of one UDP GSO message for each receiver (udp(7): UDP_SEGMENT)."""

from libc.errno cimport EINVAL, EIO, EOPNOTSUPP, errno
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef enum:
    ANY_PATH = 1232  # bytes of a datagram that every path takes whole: IPv6's least MTU (RFC 8200 section 5)


cdef extern from *:
    """
    #define _GNU_SOURCE
    #include <netinet/in.h>
    #include <netinet/udp.h>
    #include <sys/socket.h>
    #include <time.h>
    #ifndef UDP_SEGMENT
    #define UDP_SEGMENT 103
    #endif
    #ifndef SOL_UDP
    #define SOL_UDP 17
    #endif
    #define MEET_CONTROL 128

    typedef struct {
        struct mmsghdr head[64];
        struct iovec vector[64];
        struct sockaddr_storage name[64];
        char control[64][MEET_CONTROL];
    } meet_messages;

    static void meet_prepare(meet_messages *m, unsigned char *data, int size, int count) {
        for (int i = 0; i < count; i++) {
            m->vector[i].iov_base = data + i * size;
            m->vector[i].iov_len = size;
            struct msghdr *h = &m->head[i].msg_hdr;
            h->msg_name = &m->name[i];
            h->msg_namelen = sizeof m->name[i];
            h->msg_iov = &m->vector[i];
            h->msg_iovlen = 1;
            h->msg_control = m->control[i];
            h->msg_controllen = MEET_CONTROL;
            h->msg_flags = 0;
        }
    }

    /* Seconds on the real-time clock when the kernel got a datagram; 0 where it does not say. */
    static double meet_stamp(meet_messages *m, int i) {
        struct msghdr *h = &m->head[i].msg_hdr;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
                struct timespec t;
                memcpy(&t, CMSG_DATA(c), sizeof t);
                return t.tv_sec + t.tv_nsec * 1e-9;
            }
        return 0;
    }

    static void meet_key(meet_messages *m, int i, int zone, unsigned char *key) {
        static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
        if (m->name[i].ss_family == AF_INET) {
            struct sockaddr_in *from = (struct sockaddr_in *)&m->name[i];
            memcpy(key, mapped, 12);
            memcpy(key + 12, &from->sin_addr, 4);
            memcpy(key + 16, &from->sin_port, 2);
        } else {
            struct sockaddr_in6 *from = (struct sockaddr_in6 *)&m->name[i];
            memcpy(key, &from->sin6_addr, 16);
            memcpy(key + 16, &from->sin6_port, 2);
        }
        key[18] = zone >> 8;
        key[19] = zone & 255;
    }

    static void meet_train(meet_messages *m, int i, unsigned char *data, int size, int segment, int count,
                           unsigned char *name, int name_size) {
        m->vector[i].iov_base = data;
        m->vector[i].iov_len = size;
        struct msghdr *h = &m->head[i].msg_hdr;
        h->msg_name = name;
        h->msg_namelen = name_size;
        h->msg_iov = &m->vector[i];
        h->msg_iovlen = 1;
        h->msg_flags = 0;
        h->msg_control = 0;
        h->msg_controllen = 0;
        if (count > 1) {
            h->msg_control = m->control[i];
            h->msg_controllen = CMSG_SPACE(sizeof(uint16_t));
            struct cmsghdr *c = CMSG_FIRSTHDR(h);
            c->cmsg_level = SOL_UDP;
            c->cmsg_type = UDP_SEGMENT;
            c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
            uint16_t value = segment;
            memcpy(CMSG_DATA(c), &value, sizeof value);
        }
    }

    static meet_messages *meet_outbox(void) {
        static __thread meet_messages outbox;  /* one for each plane thread */
        return &outbox;
    }
    static int meet_receive(int fd, meet_messages *m, int count) {
        return recvmmsg(fd, m->head, count, MSG_DONTWAIT, 0);
    }
    static int meet_send(int fd, meet_messages *m, int from, int count) {
        return sendmmsg(fd, m->head + from, count, MSG_DONTWAIT);
    }
    static int meet_length(meet_messages *m, int i) {
        return m->head[i].msg_hdr.msg_flags & MSG_TRUNC ? 0 : (int)m->head[i].msg_len;
    }
    static double meet_clock(int which) {
        struct timespec t;
        clock_gettime(which ? CLOCK_REALTIME : CLOCK_MONOTONIC, &t);
        return t.tv_sec + t.tv_nsec * 1e-9;
    }
    static void meet_stamped(int fd) {
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    }
    """
    ctypedef struct meet_messages:
        pass
    void meet_prepare(meet_messages*, unsigned char*, int, int) nogil
    double meet_stamp(meet_messages*, int) nogil
    void meet_key(meet_messages*, int, int, unsigned char*) nogil
    void meet_train(meet_messages*, int, unsigned char*, int, int, int, unsigned char*, int) nogil
    int meet_receive(int, meet_messages*, int) nogil
    int meet_send(int, meet_messages*, int, int) nogil
    int meet_length(meet_messages*, int) nogil
    double meet_clock(int) nogil
    void meet_stamped(int) nogil
    meet_messages* meet_outbox() nogil


cdef double monotonic() noexcept nogil:
    return meet_clock(0)


cdef void stamp_socket(int fd) noexcept nogil:
    meet_stamped(fd)


cdef bint inbox_open(Inbox* inbox) noexcept nogil:
    inbox.messages = calloc(1, sizeof(meet_messages))
    inbox.data = <unsigned char*>calloc(BATCH, DATAGRAM)
    return inbox.messages != NULL and inbox.data != NULL


cdef void inbox_close(Inbox* inbox) noexcept nogil:
    free(inbox.messages)
    free(inbox.data)
    memset(inbox, 0, sizeof(Inbox))


cdef int inbox_read(Inbox* inbox, int fd, int zone) noexcept nogil:
    """Read what waits at a socket, at most BATCH; 0 where there is nothing."""
    cdef meet_messages* messages = <meet_messages*>inbox.messages
    cdef int i, count
    cdef double stamp, offset, now
    meet_prepare(messages, inbox.data, DATAGRAM, BATCH)
    count = meet_receive(fd, messages, BATCH)
    if count <= 0:
        return 0
    now = meet_clock(0)
    offset = now - meet_clock(1)  # each time anew: the wall clock may be set
    for i in range(count):
        inbox.received[i].size = meet_length(messages, i)
        stamp = meet_stamp(messages, i)
        inbox.received[i].at = now
        if stamp > 0 and now - 1 < stamp + offset < now:
            inbox.received[i].at = stamp + offset
        meet_key(messages, i, zone, inbox.received[i].key.bytes)
    return count


cdef int send_each(meet_messages* messages, Run* run) noexcept nogil:
    """One datagram after the other, for a kernel or a path that takes no GSO."""
    cdef int at = 0, size, lost = 0
    while at < run.size:
        size = run.segment if run.size - at > run.segment else run.size - at
        meet_train(messages, 0, run.data + at, size, 0, 1, run.name, run.name_size)
        if meet_send(run.fd, messages, 0, 1) != 1:
            lost += 1
        at += size
    return lost


cdef int send_runs(Run* runs, int count, bint* gso) noexcept nogil:
    """Send them all; returns how many datagrams the kernel would not take. ``gso`` is cleared where it fails."""
    cdef meet_messages* messages = meet_outbox()
    cdef int start = 0, end, sent, lost = 0
    cdef Run* run
    while start < count:
        end = start
        while end < count and end - start < BATCH and runs[end].fd == runs[start].fd:
            run = &runs[end]
            meet_train(messages, end - start, run.data, run.size, run.segment, run.count if gso[0] else 1, run.name,
                       run.name_size)
            end += 1
        if not gso[0]:
            while start < end:
                lost += send_each(messages, &runs[start])
                start += 1
            continue
        sent = meet_send(runs[start].fd, messages, 0, end - start)
        if sent > 0:
            start += sent
            continue
        # The first of them failed. Where GSO is to blame, it is not tried again; not so where datagrams are longer than
        # the path takes in one piece: the kernel cuts those when they are sent by themselves, and only those.
        run = &runs[start]
        if run.count > 1 and errno in (EIO, EINVAL, EOPNOTSUPP):
            if errno == EINVAL and run.segment > ANY_PATH:
                lost += send_each(messages, run)
                start += 1
            else:
                gso[0] = False
            continue
        lost += run.count
        start += 1
    return lost


cdef bint send_one(int fd, unsigned char* name, int name_size, unsigned char* data, int size) noexcept nogil:
    """Send a datagram at once; whether the kernel took it."""
    cdef meet_messages* messages = meet_outbox()
    meet_train(messages, 0, data, size, 0, 1, name, name_size)
    return meet_send(fd, messages, 0, 1) == 1
