"""How often somebody may try passwords, without sockets or clocks.

Failures are counted by network (an IPv4 address, or 64 bits of an IPv6 one), which slows whoever tries many accounts
down, and by account, which slows many machines down that try one. After some free ones every further failure doubles
the wait. Who guesses an account's password from all over the world would lock its owner out, so networks from which
somebody got in before are counted apart from all others (as OWASP's device cookies do it): the owner at the usual
place waits for nobody else's failures.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

FREE = 5  # people mistype
FREE_OF_NETWORK = 20  # an office is one network
FIRST_WAIT = 2.0
LONGEST_WAIT = 900.0
FORGIVEN = 3600.0  # a failure is forgotten after this long without another
KNOWN = 30 * 86_400.0
KEPT = 20_000  # of each kind; the oldest go first


@dataclass
class _Count:
    failures: int = 0
    last: float = 0.0

    def wait(self, now: float, free: int) -> float:
        if self.failures < free or now - self.last >= FORGIVEN:
            return 0.0
        doubled = FIRST_WAIT * 2.0 ** min(self.failures - free, 20)
        return max(0.0, self.last + min(doubled, LONGEST_WAIT) - now)

    def failed(self, now: float) -> None:
        if now - self.last >= FORGIVEN:
            self.failures = 0
        self.failures += 1
        self.last = now


class _Counts:
    """Counts by name, of which the longest untouched are dropped."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, ...], _Count] = OrderedDict()

    def get(self, *key: str) -> _Count:
        return self._counts.get(key) or _Count()

    def failed(self, now: float, *key: str) -> None:
        count = self._counts.setdefault(key, _Count())
        count.failed(now)
        self._counts.move_to_end(key)
        if len(self._counts) > KEPT:
            self._counts.popitem(last=False)

    def forget(self, *key: str) -> None:
        self._counts.pop(key, None)


class Storm:
    """See the module's text. ``now`` in monotonic seconds; an account is a name as it was typed, known or not."""

    def __init__(self) -> None:
        self._networks: _Counts = _Counts()
        self._strangers: _Counts = _Counts()
        self._friends: _Counts = _Counts()
        self._known: OrderedDict[tuple[str, str], float] = OrderedDict()

    def wait(self, address: str, account: str, now: float) -> float:
        """Seconds until this may be tried, 0 for now."""
        network = network_of(address)
        if self._is_known(network, account, now):
            return self._friends.get(account, network).wait(now, FREE)
        by_account = self._strangers.get(account).wait(now, FREE)
        if not network:  # a proxy that doesn't say for whom it asks: all would be one
            return by_account
        return max(by_account, self._networks.get(network).wait(now, FREE_OF_NETWORK))

    def failed(self, address: str, account: str, now: float) -> None:
        """The password was wrong."""
        network = network_of(address)
        if self._is_known(network, account, now):
            self._friends.failed(now, account, network)
            return
        self._strangers.failed(now, account)
        if network:
            self._networks.failed(now, network)

    def succeeded(self, address: str, account: str, now: float) -> None:
        """The password was right: the network is the owner's, and what failed at a new place before was mistyped."""
        network = network_of(address)
        if not self._is_known(network, account, now):
            self._strangers.forget(account)
        self._friends.forget(account, network)
        if network:
            self._known[account, network] = now
            self._known.move_to_end((account, network))
            if len(self._known) > KEPT:
                self._known.popitem(last=False)

    def place(self, address: str, account: str, now: float) -> str:
        """The network where the account is at home, "" anywhere else: tries there don't wait for those elsewhere."""
        network = network_of(address)
        return network if self._is_known(network, account, now) else ""

    def _is_known(self, network: str, account: str, now: float) -> bool:
        seen = self._known.get((account, network))
        return seen is not None and now - seen < KNOWN


def network_of(text: str) -> str:
    """Whom an address belongs to; "" for none, and for this machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            whole = ipaddress.ip_network((int(address) >> 64 << 64, 64))
            return "" if address.is_loopback else str(whole)
        address = address.ipv4_mapped
    return "" if address.is_loopback else str(address)
