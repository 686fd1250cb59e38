# An endpoint or relay, as Python holds it.
from pyjitsi.bridge.plane.delivery cimport Delivery
from pyjitsi.bridge.plane.loudest cimport Loudest
from pyjitsi.bridge.plane.native.shard cimport Shard
from pyjitsi.bridge.plane.native.state cimport Peer
from pyjitsi.bridge.plane.pacer cimport Pacer


cdef class PeerHandle:
    cdef Shard shard
    cdef Peer* peer
    cdef Delivery delivery   # kept alive, as what follows: the packet path has no reference of its own
    cdef Pacer pacer
    cdef Loudest loudest
