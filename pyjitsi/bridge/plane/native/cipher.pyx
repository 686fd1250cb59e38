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
    int EVP_CipherInit_ex(EVP_CIPHER_CTX*, const EVP_CIPHER*, void*, const unsigned char*, const unsigned char*, int)
    int EVP_CipherUpdate(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int)
    int EVP_CipherFinal_ex(EVP_CIPHER_CTX*, unsigned char*, int*)
    int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX*, int, int, void*)
    int EVP_CTRL_AEAD_GET_TAG
    int EVP_CTRL_AEAD_SET_TAG

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
    if EVP_CipherInit_ex(half.context, EVP_aes_128_gcm() if gcm else EVP_aes_128_ctr(), NULL, key, NULL, encrypt) != 1:
        return False
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


cdef int protect(Cipher* cipher, unsigned char* data, int head, int size, int64_t index) noexcept nogil:
    """Encrypt in place; there must be MAX_OVERHEAD bytes behind ``size``. ``head`` is the header's length."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    cdef int length = 0
    cdef EVP_CIPHER_CTX* context = cipher.rtp.context
    if cipher.gcm:
        gcm_iv(&cipher.rtp, data + 8, index, iv)
        if EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 1) != 1:
            return -1
        EVP_CipherUpdate(context, NULL, &length, data, head)
        if EVP_CipherUpdate(context, data + head, &length, data + head, size - head) != 1:
            return -1
        if EVP_CipherFinal_ex(context, data + size, &length) != 1:
            return -1
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, data + size)
        return size + 16
    counter_iv(&cipher.rtp, data + 8, index, iv)
    if EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 1) != 1:
        return -1
    if EVP_CipherUpdate(context, data + head, &length, data + head, size - head) != 1:
        return -1
    roll_over(index, iv)
    authenticate(&cipher.rtp, data, size, iv, digest)
    memcpy(data + size, digest, 10)
    return size + 10


cdef int unprotect(Cipher* cipher, unsigned char* data, int head, int size, int64_t index) noexcept nogil:
    """Decrypt in place. The caller has checked that a header of ``head`` bytes fits into ``size``."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    cdef int length = 0
    cdef EVP_CIPHER_CTX* context = cipher.rtp.context
    if cipher.gcm:
        size -= 16
        if size < head:
            return -1
        gcm_iv(&cipher.rtp, data + 8, index, iv)
        if EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 0) != 1:
            return -1
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, data + size)
        EVP_CipherUpdate(context, NULL, &length, data, head)
        if size > head and EVP_CipherUpdate(context, data + head, &length, data + head, size - head) != 1:
            return -1
        return size if EVP_CipherFinal_ex(context, data + size, &length) == 1 else -1
    size -= 10
    if size < head:
        return -1
    roll_over(index, iv)
    authenticate(&cipher.rtp, data, size, iv, digest)
    if CRYPTO_memcmp(digest, data + size, 10) != 0:
        return -1
    counter_iv(&cipher.rtp, data + 8, index, iv)
    if EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 0) != 1:
        return -1
    if size > head and EVP_CipherUpdate(context, data + head, &length, data + head, size - head) != 1:
        return -1
    return size


cdef int unprotect_rtcp(Cipher* cipher, unsigned char* data, int size, uint32_t* index) noexcept nogil:
    """Decrypt SRTCP in place; ``index`` gets its number. What is not encrypted (E = 0) is not taken."""
    cdef unsigned char iv[16]
    cdef unsigned char digest[20]
    cdef int length = 0
    cdef unsigned char* word
    cdef EVP_CIPHER_CTX* context = cipher.rtcp.context
    cdef int tag = 16 if cipher.gcm else 10
    if size < 8 + 4 + tag:
        return -1
    word = data + size - 4 if cipher.gcm else data + size - 14
    if not word[0] & 0x80:
        return -1
    index[0] = (<uint32_t>(word[0] & 0x7F) << 24) | (<uint32_t>word[1] << 16) | (<uint32_t>word[2] << 8) | word[3]
    size -= 4 + tag
    if cipher.gcm:  # RFC 7714 section 9.2: header, ciphertext, tag, word
        gcm_iv(&cipher.rtcp, data + 4, index[0], iv)
        if EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 0) != 1:
            return -1
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, data + size)
        EVP_CipherUpdate(context, NULL, &length, data, 8)
        EVP_CipherUpdate(context, NULL, &length, word, 4)
        if size > 8 and EVP_CipherUpdate(context, data + 8, &length, data + 8, size - 8) != 1:
            return -1
        return size if EVP_CipherFinal_ex(context, data + size, &length) == 1 else -1
    authenticate(&cipher.rtcp, data, size, word, digest)
    if CRYPTO_memcmp(digest, data + size + 4, 10) != 0:
        return -1
    counter_iv(&cipher.rtcp, data + 4, index[0], iv)
    if EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, 0) != 1:
        return -1
    if size > 8 and EVP_CipherUpdate(context, data + 8, &length, data + 8, size - 8) != 1:
        return -1
    return size
