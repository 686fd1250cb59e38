"""SRTP and SRTCP on OpenSSL: AES-128-GCM (RFC 7714) and AES-128-CM with HMAC-SHA1-80 (RFC 3711).

Lengths are checked by the callers where a comment says so; each function returns the new length, or -1 where the packet
is not authentic. Keys are session keys: ``pyjitsi.bridge.plane.keys`` derives them.
"""

from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcmp, memcpy, memset


cdef extern from "openssl/evp.h" nogil:
    ctypedef struct EVP_CIPHER:
        pass
    EVP_CIPHER_CTX* EVP_CIPHER_CTX_new()
    void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX*)
    const EVP_CIPHER* EVP_aes_128_gcm()
    const EVP_CIPHER* EVP_aes_128_ctr()
    int EVP_CipherInit_ex2(EVP_CIPHER_CTX*, const EVP_CIPHER*, const unsigned char*, const unsigned char*, int, const OSSL_PARAM*)
    int EVP_CipherUpdate(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int)
    int EVP_CipherFinal_ex(EVP_CIPHER_CTX*, unsigned char*, int*)
    int EVP_CIPHER_CTX_get_params(EVP_CIPHER_CTX*, OSSL_PARAM*)

cdef extern from "openssl/params.h" nogil:
    OSSL_PARAM OSSL_PARAM_construct_octet_string(const char*, void*, size_t)
    OSSL_PARAM OSSL_PARAM_construct_end()

cdef extern from "openssl/core_names.h" nogil:
    const char* OSSL_CIPHER_PARAM_AEAD_TAG

cdef extern from "openssl/sha.h" nogil:
    int SHA1_Init(SHA_CTX*)
    int SHA1_Update(SHA_CTX*, const void*, size_t)
    int SHA1_Final(unsigned char*, SHA_CTX*)

cdef extern from "openssl/crypto.h" nogil:
    int CRYPTO_memcmp(const void*, const void*, size_t)


cdef bint half_open(Half* half, bint gcm, bint encrypt, const unsigned char* key, const unsigned char* auth,
                    const unsigned char* salt) noexcept nogil:
    cdef unsigned char pad[64]
    cdef int i
    half.context = EVP_CIPHER_CTX_new()
    if half.context == NULL:
        return False
    memset(half.salt, 0, 16)
    memcpy(half.salt, salt, 12 if gcm else 14)
    # CTR mode is the same both ways.
    if EVP_CipherInit_ex2(half.context, EVP_aes_128_gcm() if gcm else EVP_aes_128_ctr(), key, NULL, encrypt, NULL) != 1:
        return False
    half.encrypts = encrypt
    half.tag[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 16)
    half.tag[1] = OSSL_PARAM_construct_end()
    if not gcm:
        for i in range(64):
            pad[i] = 0x36 ^ (auth[i] if i < 20 else 0)
        SHA1_Init(&half.inner)
        SHA1_Update(&half.inner, pad, 64)
        for i in range(64):
            pad[i] = 0x5C ^ (auth[i] if i < 20 else 0)
        SHA1_Init(&half.outer)
        SHA1_Update(&half.outer, pad, 64)
    return True


cdef bint cipher_open(Cipher* cipher, bint gcm, bint encrypt, const unsigned char* keys) noexcept nogil:
    """``keys``: for RTP, then RTCP: key (16), authentication key (20), salt (14), whatever the profile uses of them."""
    cipher_close(cipher)
    cipher.gcm = gcm
    cipher.ready = half_open(&cipher.rtp, gcm, encrypt, keys, keys + 16, keys + 36) and half_open(
        &cipher.rtcp, gcm, encrypt, keys + 50, keys + 66, keys + 86)
    return cipher.ready


cdef void cipher_close(Cipher* cipher) noexcept nogil:
    if cipher.rtp.context != NULL:
        EVP_CIPHER_CTX_free(cipher.rtp.context)
    if cipher.rtcp.context != NULL:
        EVP_CIPHER_CTX_free(cipher.rtcp.context)
    memset(cipher, 0, sizeof(Cipher))


cdef inline void gcm_iv(Half* half, const unsigned char* ssrc, int64_t index, unsigned char* iv) noexcept nogil:
    """RFC 7714 section 8.1: 00 00 SSRC index(6), under the salt. For SRTCP the index has 31 bits (section 9.1)."""
    cdef int i
    iv[0] = iv[1] = 0
    memcpy(iv + 2, ssrc, 4)
    for i in range(6):
        iv[6 + i] = <unsigned char>(index >> (8 * (5 - i)))
    for i in range(12):
        iv[i] ^= half.salt[i]


cdef inline void counter_iv(Half* half, const unsigned char* ssrc, int64_t index, unsigned char* iv) noexcept nogil:
    """RFC 3711 section 4.1.1."""
    cdef int i
    memcpy(iv, half.salt, 16)
    iv[14] = iv[15] = 0
    for i in range(4):
        iv[4 + i] ^= ssrc[i]
    for i in range(6):
        iv[8 + i] ^= <unsigned char>(index >> (8 * (5 - i)))


cdef inline void authenticate(Half* half, const unsigned char* data, int size, const unsigned char* more,
                              unsigned char* digest) noexcept nogil:
    """HMAC-SHA1 over data and four bytes more, from the states that the key left."""
    cdef SHA_CTX state = half.inner
    SHA1_Update(&state, data, size)
    SHA1_Update(&state, more, 4)
    SHA1_Final(digest, &state)
    state = half.outer
    SHA1_Update(&state, digest, 20)
    SHA1_Final(digest, &state)


cdef inline void roll_over(int64_t index, unsigned char* out) noexcept nogil:
    cdef int i
    for i in range(4):
        out[i] = <unsigned char>(index >> (8 * (5 - i)))


cdef inline bint run_gcm(Half* half, const unsigned char* iv, const unsigned char* head, int head_size,
                         const unsigned char* more, int more_size, unsigned char* body, int size,
                         unsigned char* tag) noexcept nogil:
    """Encrypt or decrypt ``body`` in place, with what is authenticated before it; ``tag`` is written, or checked.

    The tag is named by a parameter made once: asked for by its number, as EVP_CIPHER_CTX_ctrl does, it is made anew for
    each packet.
    """
    cdef int length = 0
    half.tag[0].data = tag
    if EVP_CipherInit_ex2(half.context, NULL, NULL, iv, half.encrypts, NULL if half.encrypts else half.tag) != 1:
        return False
    EVP_CipherUpdate(half.context, NULL, &length, head, head_size)
    if more_size:
        EVP_CipherUpdate(half.context, NULL, &length, more, more_size)
    if size and EVP_CipherUpdate(half.context, body, &length, body, size) != 1:
        return False
    if EVP_CipherFinal_ex(half.context, body + size, &length) != 1:
        return False
    return not half.encrypts or EVP_CIPHER_CTX_get_params(half.context, half.tag) == 1


cdef inline bint run_counter(Half* half, const unsigned char* iv, unsigned char* body, int size) noexcept nogil:
    """Encrypt or decrypt ``body`` in place: both are the same."""
    cdef int length = 0
    if EVP_CipherInit_ex2(half.context, NULL, NULL, iv, half.encrypts, NULL) != 1:
        return False
    return size == 0 or EVP_CipherUpdate(half.context, body, &length, body, size) == 1


cdef int protect(Cipher* cipher, unsigned char* data, int head, int size, int64_t index) noexcept nogil:
    """Encrypt in place; there must be MAX_OVERHEAD bytes behind ``size``. ``head`` is the header's length."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    if cipher.gcm:
        gcm_iv(&cipher.rtp, data + 8, index, iv)
        return size + 16 if run_gcm(&cipher.rtp, iv, data, head, NULL, 0, data + head, size - head, data + size) else -1
    counter_iv(&cipher.rtp, data + 8, index, iv)
    if not run_counter(&cipher.rtp, iv, data + head, size - head):
        return -1
    roll_over(index, iv)
    authenticate(&cipher.rtp, data, size, iv, digest)
    memcpy(data + size, digest, 10)
    return size + 10


cdef int unprotect(Cipher* cipher, unsigned char* data, int head, int size, int64_t index) noexcept nogil:
    """Decrypt in place. The caller has checked that a header of ``head`` bytes fits into ``size``."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    size -= tag_size(cipher)
    if size < head:
        return -1
    if cipher.gcm:
        gcm_iv(&cipher.rtp, data + 8, index, iv)
        return size if run_gcm(&cipher.rtp, iv, data, head, NULL, 0, data + head, size - head, data + size) else -1
    roll_over(index, iv)
    authenticate(&cipher.rtp, data, size, iv, digest)
    if CRYPTO_memcmp(digest, data + size, 10) != 0:
        return -1
    counter_iv(&cipher.rtp, data + 8, index, iv)
    return size if run_counter(&cipher.rtp, iv, data + head, size - head) else -1


cdef int protect_rtcp(Cipher* cipher, unsigned char* data, int size, uint32_t index) noexcept nogil:
    """Encrypt RTCP of 8 bytes or more in place, as number ``index``; RTCP_OVERHEAD bytes must be there behind it."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    cdef unsigned char* word = data + size + 16 if cipher.gcm else data + size
    word[0], word[1], word[2], word[3] = 0x80 | index >> 24, index >> 16 & 0xFF, index >> 8 & 0xFF, index & 0xFF
    if cipher.gcm:
        gcm_iv(&cipher.rtcp, data + 4, index, iv)
        return size + 20 if run_gcm(&cipher.rtcp, iv, data, 8, word, 4, data + 8, size - 8, data + size) else -1
    counter_iv(&cipher.rtcp, data + 4, index, iv)
    if not run_counter(&cipher.rtcp, iv, data + 8, size - 8):
        return -1
    authenticate(&cipher.rtcp, data, size, word, digest)
    memcpy(word + 4, digest, 10)
    return size + 14


cdef int unprotect_rtcp(Cipher* cipher, unsigned char* data, int size, uint32_t* index) noexcept nogil:
    """Decrypt SRTCP in place; ``index`` gets its number. What is not encrypted (E = 0) is not taken."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    cdef unsigned char* word
    cdef int tag = tag_size(cipher)
    if size < 8 + 4 + tag:
        return -1
    word = data + size - 4 if cipher.gcm else data + size - 14
    if not word[0] & 0x80:
        return -1
    index[0] = (<uint32_t>(word[0] & 0x7F) << 24) | (<uint32_t>word[1] << 16) | (<uint32_t>word[2] << 8) | word[3]
    size -= 4 + tag
    if cipher.gcm:  # RFC 7714 section 9.2: header, ciphertext, tag, word
        gcm_iv(&cipher.rtcp, data + 4, index[0], iv)
        return size if run_gcm(&cipher.rtcp, iv, data, 8, word, 4, data + 8, size - 8, data + size) else -1
    authenticate(&cipher.rtcp, data, size, word, digest)
    if CRYPTO_memcmp(digest, data + size + 4, 10) != 0:
        return -1
    counter_iv(&cipher.rtcp, data + 4, index[0], iv)
    return size if run_counter(&cipher.rtcp, iv, data + 8, size - 8) else -1
