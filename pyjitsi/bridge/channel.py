"""What comes in on a bridge channel, whichever carries it: limits, and refusals that are counted and logged once."""

from collections import Counter

from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.messages import MessageError

RATE = 50.0  # messages a second; a client sends a few
BURST = 200.0  # a scripted join of many sources


class ChannelReader:
    """Takes an endpoint's messages. ``refused`` counts by (``channel``, reason)."""

    def __init__(
        self, conference: Conference, endpoint: Endpoint, version: str, refused: Counter[tuple[str, str]]
    ) -> None:
        self._conference: Conference = conference
        self._endpoint: Endpoint = endpoint
        self._version: str = version
        self._refused: Counter[tuple[str, str]] = refused
        self._credit: float = BURST
        self._at: float = 0.0

    def message(self, text: str, now: float) -> None:
        """One message, at monotonic ``now``; what can't be taken leaves the channel open."""
        self._credit = min(BURST, self._credit + (now - self._at) * RATE)
        self._at = now
        if self._credit < 1:
            self.refuse("rate", f"more than {RATE:.0f} messages a second")
            return
        self._credit -= 1
        try:
            self._conference.message(self._endpoint, text, self._version)
        except MessageError as error:
            self.refuse(error.reason, str(error))

    def refuse(self, reason: str, text: str) -> None:
        """Count a refusal, and log the first of its kind."""
        self._refused["channel", reason] += 1
        if reason not in self._endpoint.complained:
            self._endpoint.complained.add(reason)
            self._endpoint.log.warning("refused", what="channel", reason=reason, text=text[:300])
