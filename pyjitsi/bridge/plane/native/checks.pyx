"""The checks by which a connected peer asks for consent every few seconds (RFC 7675), answered without control.

Only what is exactly as expected is answered here: a binding request from the address in use, of the one user, proven by
MESSAGE-INTEGRITY, that nominates nothing and claims no other role. Control answers everything else, and refuses what is
to be refused; ``transport.stun`` makes the same answers, byte for byte.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memcmp, memcpy, memset

cdef extern from "openssl/sha.h" nogil:
    int SHA1_Init(SHA_CTX*)
    int SHA1_Update(SHA_CTX*, const void*, size_t)
    int SHA1_Final(unsigned char*, SHA_CTX*)

cdef extern from "openssl/crypto.h" nogil:
    int CRYPTO_memcmp(const void*, const void*, size_t)

cdef enum:
    HEADER = 20
    INTEGRITY = 24
    FINGERPRINT = 8
    A_USERNAME = 0x0006
    A_INTEGRITY = 0x0008
    A_XOR_MAPPED_ADDRESS = 0x0020
    A_PRIORITY = 0x0024
    A_USE_CANDIDATE = 0x0025
    A_OPTIONAL = 0x8000      # attributes from here on may be left unread (RFC 8489 section 14)
    A_FINGERPRINT = 0x8028
    A_CONTROLLED = 0x8029
    A_CONTROLLING = 0x802A

cdef uint32_t COOKIE = 0x2112A442
cdef uint32_t FINGERPRINT_XOR = 0x5354554E
cdef uint32_t CRC[256]


cdef inline uint32_t word(const unsigned char* data) noexcept nogil:  # as in ``tables``, which knows of peers and so of us
    return <uint32_t>data[0] << 24 | <uint32_t>data[1] << 16 | <uint32_t>data[2] << 8 | data[3]


def _make_table():
    cdef uint32_t value
    cdef int i, k
    for i in range(256):
        value = i
        for k in range(8):
            value = value >> 1 ^ (0xEDB88320u if value & 1 else 0)
        CRC[i] = value


_make_table()


cdef uint32_t fingerprint(const unsigned char* data, int size) noexcept nogil:
    """RFC 8489 section 14.7."""
    cdef uint32_t found = 0xFFFFFFFFu
    cdef int i
    for i in range(size):
        found = found >> 8 ^ CRC[(found ^ data[i]) & 255]
    return found ^ 0xFFFFFFFFu ^ FINGERPRINT_XOR


cdef void integrity(Checks* checks, const unsigned char* data, int size, unsigned char* digest) noexcept nogil:
    """RFC 8489 section 14.5: over all before it, with a length in the header as if the message ended with it."""
    cdef SHA_CTX state = checks.inner
    cdef unsigned char length[2]
    length[0], length[1] = (size - HEADER + INTEGRITY) >> 8, (size - HEADER + INTEGRITY) & 255
    SHA1_Update(&state, data, 2)
    SHA1_Update(&state, length, 2)
    SHA1_Update(&state, data + 4, size - 4)
    SHA1_Final(digest, &state)
    state = checks.outer
    SHA1_Update(&state, digest, 20)
    SHA1_Final(digest, &state)


cdef void checks_open(Checks* checks, const unsigned char* key, const unsigned char* user, int user_size,
                      const unsigned char* password, int password_size, bint controlling) noexcept nogil:
    """Answer from now on; a user or password that is too long is left to control."""
    cdef unsigned char pad[64]
    cdef int i
    checks.open = 0 < user_size <= LONGEST_USER and 0 < password_size <= 64
    if not checks.open:
        return
    checks.controlling, checks.user_size = controlling, user_size
    memcpy(checks.user, user, user_size)
    memcpy(checks.key, key, 20)
    for i in range(64):
        pad[i] = 0x36 ^ (password[i] if i < password_size else 0)
    SHA1_Init(&checks.inner)
    SHA1_Update(&checks.inner, pad, 64)
    for i in range(64):
        pad[i] ^= 0x36 ^ 0x5C
    SHA1_Init(&checks.outer)
    SHA1_Update(&checks.outer, pad, 64)
    memset(pad, 0, 64)


cdef bint checks_new_nothing(Checks* checks, const unsigned char* data, int size) noexcept nogil:
    """Whether a datagram is a check that can be answered here."""
    cdef unsigned char digest[20]
    cdef int at = HEADER, kind, length
    cdef bint named = False, proven = False, ended = False
    cdef const unsigned char* value
    if not checks.open or not HEADER + INTEGRITY <= size <= LONGEST_CHECK or data[0] != 0 or data[1] != 1:
        return False
    if word(data + 4) != COOKIE or (data[2] << 8 | data[3]) != size - HEADER:
        return False
    while at + 4 <= size:
        kind, length, value = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3], data + at + 4
        if ended or at + 4 + length > size or (proven and kind != A_FINGERPRINT):
            return False
        if kind == A_USERNAME:
            if named or length != checks.user_size or memcmp(value, checks.user, length) != 0:
                return False
            named = True
        elif kind == A_INTEGRITY:
            if length != 20:
                return False
            integrity(checks, data, at, digest)
            if CRYPTO_memcmp(digest, value, 20) != 0:
                return False
            proven = True
        elif kind == A_FINGERPRINT:
            if length != 4 or word(value) != fingerprint(data, at):
                return False
            ended = True
        elif kind == A_PRIORITY:
            if length != 4:
                return False
        elif kind == A_USE_CANDIDATE:
            if not checks.controlling:
                return False
        elif kind == A_CONTROLLED or kind == A_CONTROLLING:
            if length != 8 or (kind == A_CONTROLLING) == checks.controlling:
                return False
        elif kind < A_OPTIONAL:
            return False
        at += 4 + length + (-length & 3)
    return named and proven and at == size


cdef int checks_answer(Checks* checks, const unsigned char* data, unsigned char* out) noexcept nogil:
    """Write the answer to a check, ANSWER bytes at the most; returns its length."""
    cdef bint mapped = True
    cdef int i, count, size
    for i in range(12):
        mapped = mapped and checks.key[i] == (0 if i < 10 else 255)
    count = 4 if mapped else 16
    memcpy(out + 4, data + 4, 16)  # cookie and transaction
    out[0], out[1] = 1, 1
    out[20], out[21], out[22], out[23] = 0, A_XOR_MAPPED_ADDRESS, 0, 4 + count
    out[24], out[25] = 0, 1 if mapped else 2
    out[26], out[27] = checks.key[16] ^ out[4], checks.key[17] ^ out[5]
    for i in range(count):
        out[28 + i] = checks.key[16 - count + i] ^ out[4 + i]
    size = 28 + count
    integrity(checks, out, size, out + size + 4)
    out[size], out[size + 1], out[size + 2], out[size + 3] = 0, A_INTEGRITY, 0, 20
    size += INTEGRITY
    out[2], out[3] = 0, size - HEADER + FINGERPRINT
    count = size
    out[size], out[size + 1], out[size + 2], out[size + 3] = A_FINGERPRINT >> 8, A_FINGERPRINT & 255, 0, 4
    for i in range(4):
        out[size + 4 + i] = fingerprint(out, count) >> (24 - 8 * i) & 255
    return size + FINGERPRINT
