"""The data plane: everything that touches a forwarded packet, behind the seam in ``api``.

``Plane`` is the whole seam. Control opens *endpoints* in *conferences*, gives them keys, addresses and *sources*; each
source has *streams* (one an SSRC). A *route* takes a source to one receiver: through a *projection*, which makes of
several layers one clean stream, a packet cache for retransmission, and the receiver's SRTP. *Counters* are totals of
one endpoint; drops are counted by reason. Datagrams that are not RTP come back as events.

``PythonPlane`` is all of it in plain Python: readable, slow, and the oracle of the tests. ``CompiledPlane`` keeps its
tables and leaves packets to the extension in ``native``, which Cython makes; headers, descriptors, projections and
feedback are modules of plain Python that both use, and that Cython compiles where the extension is built.
"""

from pyjitsi.bridge.plane.api import Plane
from pyjitsi.bridge.plane.endpoint import Limits
from pyjitsi.bridge.plane.plane import PythonPlane

HOW_TO_BUILD = (
    "the compiled data plane is missing: install gcc, Python's and OpenSSL's headers (Debian: gcc python3-dev "
    'libssl-dev), then run `pip install .`; or set plane = "interpreted", which is for debugging and slow'
)


class NotBuilt(Exception):
    """The extension is not there; the text says how to build it."""


def create(kind: str = "compiled", threads: int = 1, limits: Limits | None = None) -> Plane:
    """A plane: ``compiled`` with so many threads, or ``interpreted``. Raises NotBuilt.

    ``limits`` are of what is taken from each endpoint in a second; None is no limit.
    """
    if kind == "interpreted":
        return PythonPlane(limits)
    try:
        from pyjitsi.bridge.plane.compiled import CompiledPlane
    except ImportError as error:
        raise NotBuilt(f"{HOW_TO_BUILD} ({error})") from error
    return CompiledPlane(threads, limits)
