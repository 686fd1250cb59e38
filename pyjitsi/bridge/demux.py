"""Which peer (endpoint or relay) a datagram of the shared port belongs to.

STUN requests go by the local user name fragment, answers by the transaction that we began, DTLS by the address that ICE
authenticated. An address is bound by an authenticated check; one that another peer holds moves only when a check of
ours was answered there, since a single request can come from a forged address.
"""

from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport.ice import local_ufrag_of

STUN_REQUEST = b"\x00\x01"  # binding (RFC 8489 section 5)
CHECK_LIFE = 40.0  # seconds in which an answer to a check of ours may come


class Demultiplexer:
    """All peers of the bridge by how their packets are told apart."""

    def __init__(self) -> None:
        self._by_ufrag: dict[str, Peer] = {}
        self._by_address: dict[Address, Peer] = {}
        self._checks: dict[bytes, tuple[Peer, float]] = {}  # by transaction id, oldest first

    def __len__(self) -> int:
        """How many user name fragments are answered: one a peer, and one more while it restarts ICE."""
        return len(self._by_ufrag)

    def add(self, peer: Peer) -> None:
        """A new peer, or a known one that restarts ICE."""
        for ufrag in peer.ice.ufrags:
            self._by_ufrag[ufrag] = peer

    def forget_retired(self, peer: Peer) -> None:
        """Agents of a peer that ended after a restart."""
        for ufrag in peer.ice.retired:
            self._by_ufrag.pop(ufrag, None)
        peer.ice.retired.clear()

    def remove(self, peer: Peer) -> None:
        """A peer that ended."""
        self.forget_retired(peer)
        for ufrag in peer.ice.ufrags:
            self._by_ufrag.pop(ufrag, None)
        for address in peer.validated:
            if self._by_address.get(address) is peer:
                del self._by_address[address]

    def claim(self, peer: Peer, address: Address, proven: bool) -> bool:
        """Give an address to a peer, if it may have it; ``proven`` if a check of ours was answered from there."""
        holder = self._by_address.get(address)
        if holder is not None and holder is not peer:
            if not proven:
                return False
            holder.lost(address)
        self._by_address[address] = peer
        return True

    def check_sent(self, data: bytes, peer: Peer, now: float) -> None:
        """Remember a request of ours, so that its answer finds the way back; other datagrams don't matter."""
        if data[:2] == STUN_REQUEST:
            self._checks[data[8:20]] = (peer, now)

    def forget_old_checks(self, now: float) -> None:
        """Drop what nobody will answer any more."""
        while self._checks:
            oldest = next(iter(self._checks))
            if now - self._checks[oldest][1] <= CHECK_LIFE:
                break
            del self._checks[oldest]

    def at(self, address: Address) -> Peer | None:
        """Who is at an address."""
        return self._by_address.get(address)

    def of_stun(self, data: bytes, address: Address) -> Peer | None:
        """Whom a STUN datagram is for."""
        ufrag = local_ufrag_of(data)
        if ufrag is not None:
            return self._by_ufrag.get(ufrag)
        check = self._checks.get(data[8:20])
        found = self._by_address.get(address) if check is None else check[0]
        return found if found is not None and found.credentials.ufrag in self._by_ufrag else None
