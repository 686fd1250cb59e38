# Sockets: batches in with the kernel's time stamps, trains out by GSO.
from pyjitsi.bridge.plane.native.state cimport Key

cdef enum:
    BATCH = 64
    DATAGRAM = 2048

cdef struct Received:
    int size
    double at
    Key key

cdef struct Inbox:
    void* messages          # of recvmmsg, made by inbox_open
    unsigned char* data     # BATCH datagrams of DATAGRAM bytes
    Received received[BATCH]

cdef struct Run:            # datagrams of one size, but for the last, to one address
    int fd
    unsigned char* name     # a socket address, as the kernel has it
    int name_size
    unsigned char* data
    int size
    int segment
    int count

cdef bint inbox_open(Inbox* inbox) noexcept nogil
cdef void inbox_close(Inbox* inbox) noexcept nogil
cdef int inbox_read(Inbox* inbox, int fd, int zone) noexcept nogil
cdef int send_runs(Run* runs, int count, bint* gso) noexcept nogil
cdef bint send_one(int fd, unsigned char* name, int name_size, unsigned char* data, int size) noexcept nogil
cdef double monotonic() noexcept nogil
cdef void stamp_socket(int fd) noexcept nogil
