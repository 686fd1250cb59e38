"""How much STUN is taken from one address: a check costs a signature, and anybody can send any number of them."""

from pyjitsi.bridge.plane.api import Address

RATE = 100.0  # datagrams a second; a browser that looks for a way sends 20 to 50, and afterwards one now and then
BURST = 200.0
REMEMBERED = 10_000  # addresses; whoever has more of them begins anew with each


class AddressBudget:
    """A token bucket for each address."""

    def __init__(self) -> None:
        self._left: dict[Address, tuple[float, float]] = {}  # tokens, and when that was so; the longest unseen first

    def __len__(self) -> int:
        return len(self._left)

    def allow(self, address: Address, now: float) -> bool:
        """Whether another datagram is taken from there; noted if so."""
        left, at = self._left.pop(address, (BURST, now))
        left = min(BURST, left + (now - at) * RATE)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        return allowed
