# SRTP and SRTCP of one direction (RFC 3711, RFC 7714) on OpenSSL's primitives, one context reused for all packets.
from libc.stdint cimport int64_t, uint32_t

cdef extern from *:
    """
    #ifndef OPENSSL_SUPPRESS_DEPRECATED  /* SHA_CTX is copied for each packet, which EVP does by allocation */
    #define OPENSSL_SUPPRESS_DEPRECATED
    #endif
    """

cdef extern from "openssl/evp.h" nogil:
    ctypedef struct EVP_CIPHER_CTX:
        pass

cdef extern from "openssl/core.h" nogil:
    ctypedef struct OSSL_PARAM:
        void* data

cdef extern from "openssl/sha.h" nogil:
    ctypedef struct SHA_CTX:
        pass

cdef struct Half:
    EVP_CIPHER_CTX* context
    bint encrypts
    OSSL_PARAM tag[2]        # GCM's, and the end of the list
    unsigned char salt[16]
    SHA_CTX inner
    SHA_CTX outer

cdef struct Cipher:
    bint ready
    bint gcm
    Half rtp
    Half rtcp

cdef enum:
    MAX_OVERHEAD = 16        # bytes that SRTP adds at the most,
    RTCP_OVERHEAD = 20       # and SRTCP

cdef inline int tag_size(Cipher* cipher) noexcept nogil:
    """Bytes by which ``protect`` makes a packet longer."""
    return 16 if cipher.gcm else 10

cdef bint cipher_open(Cipher* cipher, bint gcm, bint encrypt, const unsigned char* keys) noexcept nogil
cdef void cipher_close(Cipher* cipher) noexcept nogil
cdef int protect(Cipher* cipher, unsigned char* data, int head, int size, int64_t index) noexcept nogil
cdef int unprotect(Cipher* cipher, unsigned char* data, int head, int size, int64_t index) noexcept nogil
cdef int protect_rtcp(Cipher* cipher, unsigned char* data, int size, uint32_t index) noexcept nogil
cdef int unprotect_rtcp(Cipher* cipher, unsigned char* data, int size, uint32_t* index) noexcept nogil
