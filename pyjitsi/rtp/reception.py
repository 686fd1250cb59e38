"""Receive statistics of one SSRC for receiver reports (RFC 3550 sections 6.4.1 and A.3, A.8)."""

from pyjitsi.rtp.rtcp import ReportBlock
from pyjitsi.rtp.sequence import Unwrapper


class Reception:
    """Counts what arrived of one SSRC."""

    __slots__ = ("_base", "_expected_before", "_jitter", "_received_before", "_sender_info",
                 "_transit", "clock_rate", "last_sr",
                 "last_sr_at", "numbers", "received", "reported_at", "ssrc")  # fmt: skip

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc: int = ssrc
        self.clock_rate: int = clock_rate
        self.numbers: Unwrapper = Unwrapper()
        self.received: int = 0
        self.reported_at: int = 0
        self.last_sr: int = 0
        self.last_sr_at: float = 0.0
        self._sender_info: tuple[int, int, float] | None = None
        self._base: int = -1
        self._jitter: float = 0.0
        self._transit: float = 0.0
        self._expected_before: int = 0
        self._received_before: int = 0

    def packet(self, sequence: int, timestamp: int, at: float) -> int:
        """Note a packet; returns its extended sequence number."""
        number = self.numbers.unwrap(sequence)
        if self._base < 0:
            self._base = number
        transit = at * self.clock_rate - timestamp
        if self.received:
            difference = abs(transit - self._transit)
            if difference < self.clock_rate * 10:  # a wrapped or restarted time stamp is no jitter
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit
        self.received += 1
        return number

    def sender_report(self, ntp: int, timestamp: int, at: float) -> None:
        """Note an SR."""
        self._sender_info = (ntp, timestamp, at)
        self.last_sr = ntp >> 16 & 0xFFFFFFFF
        self.last_sr_at = at

    def sender_info(self) -> tuple[int, int, float] | None:
        """(NTP time, RTP time, arrival) of the last SR, or None."""
        return self._sender_info

    def report(self, now: float) -> ReportBlock:
        """A block on what came since the last one."""
        expected = self.numbers.highest - self._base + 1
        expected_now, received_now = expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = expected, self.received
        self.reported_at = self.received
        lost_now = expected_now - received_now
        fraction = min(255, lost_now * 256 // expected_now) if expected_now > 0 and lost_now > 0 else 0
        delay = int((now - self.last_sr_at) * 65536) if self.last_sr else 0
        return ReportBlock(
            self.ssrc, fraction, expected - self.received, self.numbers.highest, int(self._jitter), self.last_sr, delay
        )
