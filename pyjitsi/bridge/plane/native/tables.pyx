"""Small tables of the packet path: streams and routes by SSRC, numbers that wrap, what is missing, what was sent when."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memmove, memset

from pyjitsi.bridge.plane.native.state cimport *

cdef enum:
    RESET_GAP = 100          # this many missing at once is a new start, not a loss
    ATTEMPTS = 10

cdef double REPEAT = 0.150


cdef void* table_find(SsrcTable* table, uint32_t ssrc) noexcept nogil:
    cdef int at
    if table.entries == NULL:
        return NULL
    at = (ssrc * 2654435761u) >> 8 & table.mask
    while table.entries[at].item != NULL:
        if table.entries[at].ssrc == ssrc:
            return table.entries[at].item
        at = (at + 1) & table.mask
    return NULL


cdef bint table_grow(SsrcTable* table, int size) noexcept nogil:
    cdef SsrcTable grown
    cdef int i
    grown.entries = <BySsrc*>calloc(size, sizeof(BySsrc))
    if grown.entries == NULL:
        return False
    grown.mask, grown.used = size - 1, 0
    if table.entries != NULL:
        for i in range(table.mask + 1):
            if table.entries[i].item != NULL:
                table_put(&grown, table.entries[i].ssrc, table.entries[i].item)
        free(table.entries)
    table[0] = grown
    return True


cdef bint table_put(SsrcTable* table, uint32_t ssrc, void* item) noexcept nogil:
    """Set an entry; the last one wins."""
    cdef int at
    if table.entries == NULL or table.used * 2 > table.mask:
        if not table_grow(table, 8 if table.entries == NULL else (table.mask + 1) * 2):
            return False
    at = (ssrc * 2654435761u) >> 8 & table.mask
    while table.entries[at].item != NULL and table.entries[at].ssrc != ssrc:
        at = (at + 1) & table.mask
    if table.entries[at].item == NULL:
        table.used += 1
    table.entries[at].ssrc = ssrc
    table.entries[at].item = item
    return True


cdef void table_drop(SsrcTable* table, uint32_t ssrc, void* item) noexcept nogil:
    """Take an entry out, if it is still that item: by making the table anew, which is rare and always right."""
    cdef SsrcTable made
    cdef int i
    if table_find(table, ssrc) != item:
        return
    memset(&made, 0, sizeof(SsrcTable))
    for i in range(table.mask + 1):
        if table.entries[i].item != NULL and table.entries[i].item != item:
            table_put(&made, table.entries[i].ssrc, table.entries[i].item)
    free(table.entries)
    table[0] = made


cdef uint32_t key_hash(Key* key) noexcept nogil:
    cdef uint32_t found = 2166136261u
    cdef int i
    for i in range(10, 20):
        found = (found ^ key.bytes[i]) * 16777619u
    return found ^ found >> 15


cdef int64_t guess(int64_t highest, int sequence) noexcept nogil:
    """The index that a sequence number most likely stands for (RFC 3711 section 3.3.1); it may be negative."""
    cdef int64_t found
    if highest < 0:
        return sequence
    found = (highest & ~(<int64_t>0xFFFF)) | sequence
    if found - highest > 0x8000:
        found -= 0x10000
    elif highest - found > 0x8000:
        found += 0x10000
    return found


cdef bint nack_received(Stream* stream, int64_t number, double now) noexcept nogil:
    """Note an arrival; True where packets before it turn out to be missing."""
    cdef int64_t lost
    cdef int i
    if stream.nack_highest < 0 or number - stream.nack_highest > RESET_GAP:
        stream.missing_count = 0
        stream.nack_highest = number
        return False
    if number > stream.nack_highest:
        lost = stream.nack_highest + 1
        stream.nack_highest = number
        if lost == number:
            return False
        while lost < number:
            if stream.missing_count == MISSING:
                memmove(stream.missing, stream.missing + 1, (MISSING - 1) * sizeof(Missing))
                stream.missing_count -= 1
            stream.missing[stream.missing_count].number = lost
            stream.missing[stream.missing_count].next = now
            stream.missing[stream.missing_count].tries = 0
            stream.missing_count += 1
            lost += 1
        return True
    for i in range(stream.missing_count):
        if stream.missing[i].number == number:
            stream.missing_count -= 1
            memmove(stream.missing + i, stream.missing + i + 1, (stream.missing_count - i) * sizeof(Missing))
            break
    return False


cdef int missing_due(Stream* stream, double now, int64_t* out) noexcept nogil:
    """Numbers to ask for now, rising; asking is noted, and what was asked ten times is given up."""
    cdef int i = 0, count = 0
    while i < stream.missing_count:
        if stream.missing[i].next > now:
            i += 1
        elif stream.missing[i].tries >= ATTEMPTS:
            stream.missing_count -= 1
            memmove(stream.missing + i, stream.missing + i + 1, (stream.missing_count - i) * sizeof(Missing))
        else:
            stream.missing[i].tries += 1
            stream.missing[i].next = now + REPEAT
            out[count] = stream.missing[i].number
            count += 1
            i += 1
    return count


cdef uint32_t word(const unsigned char* data) noexcept nogil:
    return <uint32_t>data[0] << 24 | <uint32_t>data[1] << 16 | <uint32_t>data[2] << 8 | data[3]
