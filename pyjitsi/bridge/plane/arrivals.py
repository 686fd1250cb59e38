"""When transport-cc packets of one endpoint arrived, and the feedback on them (3 messages of it a frame at most)."""

from pyjitsi.rtp import transport_cc
from pyjitsi.rtp.sequence import Unwrapper

INTERVAL = 0.100  # seconds after which feedback is due in any case
FRAME_INTERVAL = 0.020  # and after which a frame's end makes it due
MAX_SPAN = 4096  # packets between the first unreported number and the last


class ArrivalLog:
    """Collects arrivals by unwrapped number."""

    __slots__ = ("_arrivals", "_count", "_next", "_numbers", "_sent", "ssrc")

    def __init__(self) -> None:
        self._numbers: Unwrapper = Unwrapper()
        self._arrivals: dict[int, float] = {}
        self._next: int = -1
        self._sent: float = 0.0
        self._count: int = 0
        self.ssrc: int = 0

    def received(self, number: int, ssrc: int, at: float) -> None:
        """Note a packet's transport-wide number and arrival time."""
        extended = self._numbers.unwrap(number)
        if self._arrivals and extended - min(self._arrivals) > MAX_SPAN:
            self._arrivals.clear()
            self._next = extended
        self._arrivals[extended] = at
        self.ssrc = ssrc

    def due(self, now: float, frame_ended: bool) -> bool:
        """Whether feedback should go out."""
        waited = now - self._sent
        return bool(self._arrivals) and (waited >= INTERVAL or (frame_ended and waited >= FRAME_INTERVAL))

    def build(self, sender: int, now: float) -> list[bytes]:
        """The RTCP messages on all that arrived since the last ones."""
        messages: list[bytes] = []
        self._sent = now
        while self._arrivals:
            first, last = min(self._arrivals), max(self._arrivals)
            base = first if self._next < 0 or first < self._next else self._next
            # The base must have arrived: losses before the first arrival were skipped numbers of the last message.
            base = first if base not in self._arrivals else base
            span: list[float | None] = [self._arrivals.get(number) for number in range(base, last + 1)]
            message, taken = transport_cc.build(sender, self.ssrc, base, span, self._count)
            self._count = (self._count + 1) & 0xFF
            messages.append(message)
            self._next = base + taken
            self._arrivals = {number: at for number, at in self._arrivals.items() if number >= self._next}
        return messages
