"""What comes in on a bridge channel, whichever carries it: limits, and refusals that are counted and logged once."""

from collections import Counter
from collections.abc import Callable

from pyjitsi.bridge.messages import MessageError
from pyjitsi.bridge.peer import Peer

RATE = 50.0  # messages a second; a client sends a few
BURST = 200.0  # a scripted join of many sources
RELAY_RATE = 5000.0  # messages a second of everybody behind a relay


class ChannelReader:
    """Takes a peer's messages, for ``handle``. ``refused`` counts by (``channel``, reason)."""

    def __init__(
        self, peer: Peer, handle: Callable[[str], None], refused: Counter[tuple[str, str]], *, rate: float = RATE
    ) -> None:
        """``handle`` raises MessageError; ``rate`` is in messages a second."""
        self._peer: Peer = peer
        self._handle: Callable[[str], None] = handle
        self._rate: float = rate
        self._refused: Counter[tuple[str, str]] = refused
        self._burst: float = BURST / RATE * rate
        self._credit: float = self._burst
        self._at: float = 0.0

    def message(self, text: str, now: float) -> None:
        """One message, at monotonic ``now``; what can't be taken leaves the channel open."""
        self._credit = min(self._burst, self._credit + (now - self._at) * self._rate)
        self._at = now
        if self._credit < 1:
            self.refuse("rate", f"more than {self._rate:.0f} messages a second")
            return
        self._credit -= 1
        try:
            self._handle(text)
        except MessageError as error:
            self.refuse(error.reason, str(error))

    def refuse(self, reason: str, text: str) -> None:
        """Count a refusal, and log the first of its kind."""
        self._refused["channel", reason] += 1
        if reason not in self._peer.complained:
            self._peer.complained.add(reason)
            self._peer.log.warning("refused", what="channel", reason=reason, text=text[:300])
