"""What Python holds of routes; see ``peers``."""

cimport cython
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memmove

from pyjitsi.bridge.plane.native.peers cimport PeerHandle
from pyjitsi.bridge.plane.native.shard cimport Shard
from pyjitsi.bridge.plane.native.sources cimport SourceHandle
from pyjitsi.bridge.plane.native.state cimport *
from pyjitsi.bridge.plane.native.tables cimport table_drop, table_put
from pyjitsi.bridge.plane.projection cimport Projection
from pyjitsi.bridge.plane.voice cimport Voice


@cython.no_gc
cdef class RouteHandle:
    """A source on its way to one receiver."""

    cdef Shard shard
    cdef SourceHandle source
    cdef PeerHandle receiver
    cdef object projection   # kept alive, for the packet path has no reference of its own
    cdef Voice voice
    cdef Route* route

    def __init__(self, SourceHandle source, PeerHandle receiver, projection, Voice voice, bint relay, int encoding,
                 unsigned int ssrc, unsigned int rtx_ssrc, totals, bytes mid):
        """``totals`` are what it counts on from: RTX number, packets, octets, SRTP's index and RTX's."""
        cdef Route* route = <Route*>calloc(1, sizeof(Route))
        cdef Route** grown
        cdef Source* held = source.source
        if route == NULL:
            raise MemoryError
        if projection is not None and not isinstance(projection, Projection):
            free(route)
            raise TypeError("a projection that was not compiled")
        self.shard, self.source, self.receiver = source.owner.shard, source, receiver
        self.projection, self.voice, self.route = projection, voice, route
        route.receiver, route.source, route.relay, route.open = receiver.peer, held, relay, not relay
        route.projection = <void*>projection if projection is not None else NULL
        route.voice = <void*>voice if voice is not None else NULL
        route.encoding, route.ssrc, route.rtx_ssrc = encoding, ssrc, rtx_ssrc
        route.mid_length = min(len(mid), sizeof(route.mid))
        memcpy(route.mid, <const unsigned char*>mid, route.mid_length)
        route.rtx_sequence, route.packets, route.octets, route.index, route.rtx_index = totals
        self.shard.lock()
        if held.count == held.room:
            grown = <Route**>realloc(held.routes, (held.room * 2 + 4) * sizeof(Route*))
            if grown == NULL:
                self.shard.unlock()
                raise MemoryError
            held.routes, held.room = grown, held.room * 2 + 4
        held.routes[held.count] = route
        held.count += 1
        table_put(&receiver.peer.routes, ssrc, route)
        self.shard.unlock()

    def __dealloc__(self):
        self.close()

    def close(self):
        """Send it no more; returns what it counted, as ``__init__`` takes it."""
        cdef Route* route = self.route
        cdef Source* held
        cdef int i
        if route == NULL:
            return (0, 0, 0, -1, -1)
        self.route = NULL
        held = route.source
        with nogil:
            self.shard.lock()
            for i in range(held.count):
                if held.routes[i] == route:
                    held.count -= 1
                    memmove(held.routes + i, held.routes + i + 1, (held.count - i) * sizeof(Route*))
                    break
            table_drop(&route.receiver.routes, route.ssrc, route)
            self.shard.unlock()
        totals = (route.rtx_sequence, route.packets, route.octets, route.index, route.rtx_index)
        free(route.sent)
        free(route)
        return totals

    def set_open(self, bint open):
        """Whether a relay is sent this encoding."""
        if self.route != NULL:
            with nogil:
                self.shard.lock()
                self.route.open = open
                self.shard.unlock()

    def set_target(self, int layer):
        """What the projection aims at."""
        if self.route != NULL and self.projection is not None:
            with nogil:
                self.shard.lock()
                (<Projection>self.route.projection).set_target(layer)
                self.shard.unlock()

    @property
    def packets(self):
        """Sent."""
        return self.route.packets if self.route != NULL else 0

    @property
    def octets(self):
        """Of payload, sent."""
        return self.route.octets if self.route != NULL else 0
