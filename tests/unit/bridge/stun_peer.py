"""A client of the bridge by its STUN messages alone."""

from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.plane.api import Address, Datagram
from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.ice import Credentials
from pyjitsi.xmpp.stanzas import colibri2, ice_udp
from tests.unit.bridge.conftest import Stage, new

PEER: Address = ("198.51.100.7", 4000)
OTHER: Address = ("198.51.100.8", 4000)
REMOTE = ice_udp.IceUdpTransport(ufrag="peer", pwd="p" * 22)


class Peer:
    """A client by its STUN messages alone."""

    def __init__(self, stage: Stage, identity: str) -> None:
        self.stage = stage
        stage.ask(new(identity), create=not stage.bridge.conferences)
        self.endpoint: Endpoint = stage.conference.endpoints[identity]
        stage.ask(colibri2.Endpoint(identity, transport=colibri2.Transport(ice=REMOTE)))

    def check(self, address: Address, *, password: str | None = None, local: Credentials | None = None) -> None:
        """Send a check from an address; ``local`` are the bridge's credentials, unless those in use are meant."""
        self.say(self.request(password=password, local=local), address)

    def request(self, *, password: str | None = None, local: Credentials | None = None) -> bytes:
        """A check."""
        local = local or self.endpoint.credentials
        key = (password or local.pwd).encode()
        return stun.binding_request(
            b"123456789012", f"{local.ufrag}:peer", key, priority=5, controlling=False, tie_breaker=1
        )

    def say(self, data: bytes, address: Address) -> None:
        """Send any STUN or DTLS datagram."""
        self.stage.plane.events.append(Datagram(data, address, self.stage.now))
        self.stage.now += 0.03
        self.stage.bridge.tick(self.stage.now)

    def answer(self, address: Address) -> int:
        """Answer all checks of the bridge to an address; returns how many."""
        requests = [
            stun.parse(data)
            for data, to in self.stage.bridge.take_transmits()
            if to == address and data[:2] == b"\x00\x01"
        ]
        for request in requests:
            self.say(stun.binding_success(request, address, REMOTE.pwd.encode()), address)  # pyright: ignore[reportOptionalMemberAccess]
        return len(requests)
