"""The probes that one receiver is to be sent, packet by packet at their time.

Compiled with ``pacer.pxd`` where the extension is built; the same lines run interpreted.
"""

PROBES = 8  # that wait their turn
NOTHING = -1
COMPILED = __file__.endswith(".so")


class Pacer:
    """``next`` says what to send a packet of, and ``sent`` is told its size; again until it says NOTHING."""

    clusters: list[int]
    rates: list[float]
    packets: list[int]
    octets: list[int]

    def __init__(self) -> None:
        self.first: int = 0  # the probe whose turn it is
        self.waiting: int = 0
        self.begun: float = -1.0
        self.sent_packets: int = 0
        self.sent_octets: int = 0
        if not COMPILED:
            make_arrays(self)

    def probe(self, cluster: int, rate: float, packets: int, octets: int) -> bool:
        """Send a probe after those that wait, in bytes a second; False where too many do."""
        if self.waiting == PROBES:
            return False
        slot = (self.first + self.waiting) % PROBES
        self.clusters[slot] = cluster
        self.rates[slot] = rate
        self.packets[slot] = packets
        self.octets[slot] = octets
        self.waiting += 1
        return True

    def due(self) -> float:
        """When ``next`` has something to say again; negative for never."""
        if not self.waiting:
            return -1.0
        return self.begun + self.sent_octets / self.rates[self.first] if self.begun >= 0 else 0.0

    def next(self, now: float) -> int:
        """The probe that a packet is due of, NOTHING where none is."""
        while self.waiting:
            slot = self.first
            if self.begun < 0:
                self.begun = now
                self.sent_packets = self.sent_octets = 0
            if self.sent_packets < self.packets[slot] or self.sent_octets < self.octets[slot]:
                return self.clusters[slot] if self.sent_octets <= (now - self.begun) * self.rates[slot] else NOTHING
            self.end_probe()
        return NOTHING

    def sent(self, size: int) -> None:
        """A packet of that size was sent, as ``next`` said; 0: there is none to send, now or later."""
        self.sent_packets += 1
        self.sent_octets += size
        if size == 0:
            self.end_probe()

    def end_probe(self) -> None:
        """Whatever is left of the probe is not sent."""
        self.first = (self.first + 1) % PROBES
        self.waiting -= 1
        self.begun = -1.0


def make_arrays(pacer: Pacer) -> None:
    """What a compiled one has from the start."""
    pacer.clusters = [0] * PROBES
    pacer.rates = [0.0] * PROBES
    pacer.packets = [0] * PROBES
    pacer.octets = [0] * PROBES
