# What may be sent again.
from libc.stdint cimport int64_t

from pyjitsi.bridge.plane.native.state cimport Route, Sent, Slot, Stream

cdef void keep(Stream* stream, const unsigned char* data, int front, const unsigned char* payload, int size,
               int payload_type, bint marker, int64_t number) noexcept nogil
cdef Slot* find_kept(Stream* stream, int64_t number) noexcept nogil
cdef unsigned char* kept_at(Stream* stream, Slot* slot) noexcept nogil
cdef Sent* note_sent(Route* route, int sequence, double at) noexcept nogil
cdef Sent* find_sent(Route* route, int sequence) noexcept nogil
