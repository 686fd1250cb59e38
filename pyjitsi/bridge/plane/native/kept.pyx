"""What may be sent again: a stream's packets, kept once for all receivers, and what each of them became on a route.

Both are rings that begin small and grow while less than a second fits: most pictures of a meeting are small ones, of
which a packet or two go out for a frame.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from pyjitsi.bridge.plane.native.state cimport *

cdef double ENOUGH = 0.8  # seconds that should fit: an answer to a NACK that came later would come too late to be shown


cdef void keep(Stream* stream, const unsigned char* data, int front, const unsigned char* payload, int size,
               int payload_type, bint marker, int64_t number) noexcept nogil:
    """Keep a packet in the clear: the first ``front`` bytes of ``data``, and its payload."""
    cdef Slot* slot
    cdef uint64_t at
    cdef int whole = front + size
    cdef bint full
    if stream.slots == NULL:
        if not grow(stream, FIRST_ARENA, number):
            return
        stream.arena_since, stream.arena_first = stream.seen_at, number
    at = stream.written
    full = <int>(at % stream.arena_size) + whole > stream.arena_size
    if full or number - stream.arena_first >= stream.slot_count:
        if stream.arena_size < ARENA and stream.seen_at - stream.arena_since < ENOUGH:
            if not grow(stream, stream.arena_size * 2, number):
                return
            at = stream.written
        else:
            if full:
                at += stream.arena_size - at % stream.arena_size
            stream.arena_since, stream.arena_first = stream.seen_at, number
    slot = &stream.slots[number & (stream.slot_count - 1)]
    slot.number, slot.position, slot.size, slot.payload_start = number, at, whole, front
    slot.payload_type, slot.marker = payload_type, marker
    memcpy(kept_at(stream, slot), data, front)
    memcpy(kept_at(stream, slot) + front, payload, size)
    stream.written = at + whole


cdef bint grow(Stream* stream, int size, int64_t number) noexcept nogil:
    """Give a stream more room, before ``number`` is kept; what it has moves over. False where there is no memory."""
    cdef int count = size // KEPT_SIZE, i
    cdef Slot* slots = <Slot*>calloc(count, sizeof(Slot))
    cdef unsigned char* arena = <unsigned char*>malloc(size)
    cdef Slot* old
    cdef Slot* moved
    cdef uint64_t at = 0
    if slots == NULL or arena == NULL:
        free(slots)
        free(arena)
        return False
    for i in range(stream.slot_count):  # oldest first
        old = &stream.slots[(number + i) & (stream.slot_count - 1)]
        if is_there(stream, old):
            moved = &slots[old.number & (count - 1)]
            memcpy(arena + at, kept_at(stream, old), old.size)
            moved[0] = old[0]
            moved.position = at
            at += old.size
    free(stream.slots)
    free(stream.arena)
    stream.slots, stream.slot_count, stream.arena, stream.arena_size, stream.written = slots, count, arena, size, at
    return True


cdef inline bint is_there(Stream* stream, Slot* slot) noexcept nogil:
    return slot.size != 0 and slot.position + stream.arena_size >= stream.written


cdef unsigned char* kept_at(Stream* stream, Slot* slot) noexcept nogil:
    """Where a kept packet lies."""
    return stream.arena + slot.position % stream.arena_size


cdef Slot* find_kept(Stream* stream, int64_t number) noexcept nogil:
    """A packet by its extended sequence number; NULL where it is gone."""
    cdef Slot* slot
    if stream.slots == NULL:
        return NULL
    slot = &stream.slots[number & (stream.slot_count - 1)]
    return slot if slot.number == number and is_there(stream, slot) else NULL


cdef Sent* note_sent(Route* route, int sequence, double at) noexcept nogil:
    """The place for what a packet became; NULL where there is no memory."""
    cdef Sent* place = NULL if route.sent == NULL else &route.sent[sequence & (route.sent_count - 1)]
    cdef Sent* grown
    cdef int count, i
    if place == NULL or (
        place.at != 0 and place.sequence != sequence and at - place.at < ENOUGH and route.sent_count < SENT
    ):
        count = FIRST_SENT if place == NULL else route.sent_count * 2
        grown = <Sent*>calloc(count, sizeof(Sent))
        if grown == NULL:
            return place
        for i in range(route.sent_count):
            grown[route.sent[i].sequence & (count - 1)] = route.sent[i]
        free(route.sent)
        route.sent, route.sent_count = grown, count
        place = &grown[sequence & (count - 1)]
    place.sequence, place.at = sequence, at
    return place


cdef Sent* find_sent(Route* route, int sequence) noexcept nogil:
    """What was sent under a sequence number; NULL where it is forgotten."""
    cdef Sent* place
    if route.sent == NULL:
        return NULL
    place = &route.sent[sequence & (route.sent_count - 1)]
    return place if place.at != 0 and place.sequence == sequence else NULL
