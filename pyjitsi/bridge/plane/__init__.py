"""The data plane: everything that touches a forwarded packet, behind the seam in ``api``.

``Plane`` is the whole seam. Control opens *endpoints* in *conferences*, gives them keys, addresses and *sources*; each
source has *streams* (one an SSRC). A *route* takes a source to one receiver: through a *projection*, which makes of
several layers one clean stream, a packet cache for retransmission, and the receiver's SRTP. *Counters* are totals of
one endpoint; drops are counted by reason. Datagrams that are not RTP come back as events.

What runs for each packet uses plain integers and bytes, and no library but SRTP's, so that Cython can compile these
same files.
"""

from pyjitsi.bridge.plane.api import Plane
from pyjitsi.bridge.plane.plane import PythonPlane


def create() -> Plane:
    """The plane of this build."""
    return PythonPlane()
