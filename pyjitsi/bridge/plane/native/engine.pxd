# A plane thread as Python drives it.
from pyjitsi.bridge.plane.native.shard cimport Shard


cdef class Engine:
    cdef Shard shard
