"""How much a receiver's downlink carries, as GoogCC reckons it (draft-ietf-rmcat-gcc-02, and what Chromium made of it).

``DownlinkEstimate`` is what a conference uses: it takes the plane's ``Feedback`` and answers a bit rate and the probes
to send. Inside, ``rate`` follows the queue, ``loss`` what is lost, and ``probes`` finds out what else would fit. All of
it is without clocks or sockets.
"""

from pyjitsi.bridge.estimate.downlink import DownlinkEstimate
from pyjitsi.bridge.estimate.limits import CEILING, FLOOR

__all__ = ["CEILING", "FLOOR", "DownlinkEstimate"]
