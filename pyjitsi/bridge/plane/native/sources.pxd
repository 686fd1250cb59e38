# A source and the streams that it is received as, as Python holds them.
from libc.stdint cimport int64_t

from pyjitsi.bridge.plane.loudest cimport Loudness
from pyjitsi.bridge.plane.native.peers cimport PeerHandle
from pyjitsi.bridge.plane.native.shard cimport Shard
from pyjitsi.bridge.plane.native.state cimport Source, Stream
from pyjitsi.bridge.plane.voice cimport Gaps
from pyjitsi.rtp.dependency cimport Structure


cdef class SourceHandle:
    cdef PeerHandle owner
    cdef Source* source


cdef class StreamHandle:
    cdef Shard shard
    cdef SourceHandle source
    cdef Structure structure  # kept alive, as what follows: the packet path has no reference of its own
    cdef Gaps gaps
    cdef Loudness loudness
    cdef Stream* stream
    cdef int64_t expected_before
    cdef int64_t received_before
    cdef public object reported_at
    cdef readonly object clock_rate
