"""How much goes through the bridge: totals of all endpoints and relays, and rates between two samples."""

from collections import Counter
from dataclasses import dataclass, field

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.metrics import totals


@dataclass
class Traffic:
    """``endpoints`` and ``relays`` are totals at the last sample, the rates what came a second since the one before."""

    endpoints: Counter[str] = field(default_factory=Counter[str])
    relays: Counter[str] = field(default_factory=Counter[str])
    endpoint_rates: dict[str, float] = field(default_factory=dict[str, float])
    relay_rates: dict[str, float] = field(default_factory=dict[str, float])
    _at: float = 0.0

    def sample(self, bridge: Bridge, now: float) -> None:
        """Count; ``now`` is monotonic seconds."""
        passed = now - self._at
        endpoints, relays = totals(bridge, relays=False), totals(bridge, relays=True)
        if self._at and passed > 0:
            self.endpoint_rates = _rates(endpoints, self.endpoints, passed)
            self.relay_rates = _rates(relays, self.relays, passed)
        self.endpoints, self.relays, self._at = endpoints, relays, now

    def rate(self, name: str, *, relays: bool = False) -> float:
        """A rate a second; 0 before there are two samples."""
        return (self.relay_rates if relays else self.endpoint_rates).get(name, 0.0)

    @property
    def packets(self) -> float:
        """Packets a second, in and out, of endpoints and relays."""
        return sum(self.rate(name, relays=relays) for name in ("packets_received", "packets_sent")
                   for relays in (False, True))  # fmt: skip


def _rates(now: Counter[str], before: Counter[str], passed: float) -> dict[str, float]:
    return {name: max(0.0, (value - before[name]) / passed) for name, value in now.items()}
