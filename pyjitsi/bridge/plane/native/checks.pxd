# Connectivity checks that say nothing new.
from libc.stdint cimport uint32_t

from pyjitsi.bridge.plane.native.cipher cimport SHA_CTX

cdef enum:
    LONGEST_USER = 80        # of a peer with a longer name, control answers
    LONGEST_CHECK = 256
    ANSWER = 76              # the longest: to an IPv6 address

cdef struct Checks:
    bint open
    bint controlling
    int user_size
    unsigned char user[LONGEST_USER]
    unsigned char key[20]    # the address, port and zone that they come from (state.Key)
    SHA_CTX inner            # of HMAC, keyed by the password
    SHA_CTX outer
    double answered_at       # 0 before the first

cdef void checks_open(Checks* checks, const unsigned char* key, const unsigned char* user, int user_size,
                      const unsigned char* password, int password_size, bint controlling) noexcept nogil
cdef bint checks_new_nothing(Checks* checks, const unsigned char* data, int size) noexcept nogil
cdef int checks_answer(Checks* checks, const unsigned char* data, unsigned char* out) noexcept nogil
