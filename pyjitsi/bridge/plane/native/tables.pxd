# Small tables of the packet path.
from libc.stdint cimport int64_t, uint32_t

from pyjitsi.bridge.plane.native.state cimport Key, SsrcTable, Stream

cdef void* table_find(SsrcTable* table, uint32_t ssrc) noexcept nogil
cdef bint table_put(SsrcTable* table, uint32_t ssrc, void* item) noexcept nogil
cdef void table_drop(SsrcTable* table, uint32_t ssrc, void* item) noexcept nogil
cdef uint32_t key_hash(Key* key) noexcept nogil
cdef int64_t guess(int64_t highest, int sequence) noexcept nogil
cdef bint nack_received(Stream* stream, int64_t number, double now) noexcept nogil
cdef int missing_due(Stream* stream, double now, int64_t* out) noexcept nogil
cdef uint32_t word(const unsigned char* data) noexcept nogil
