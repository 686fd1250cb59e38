"""One relay: the link of a conference to another bridge, and who is behind it (2-colibri.md section 4)."""

from dataclasses import dataclass, field

from pyjitsi.bridge.peer import Claim, Peer
from pyjitsi.bridge.plane.api import EndpointId, Plane
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.xmpp.stanzas import ice_udp
from pyjitsi.xmpp.stanzas.colibri2 import MediaSource

EXPIRE_NEVER = 60.0
EXPIRE_IDLE = 60.0  # JVB keeps relays for ever; a focus that died would leave ours behind


@dataclass
class RelayedEndpoint:
    """Somebody on another bridge."""

    id: str
    sources: tuple[MediaSource, ...] = ()
    video_types: dict[str, str] = field(default_factory=dict[str, str])
    active: bool = True


class Relay(Peer):
    """Control state of one relay; ``id`` is the other bridge's relay id. Bridges of one mesh are all linked."""

    farewell: str = "relay_closed"  # what JVB says; its other end then does not dial again

    def __init__(
        self, identity: str, key: EndpointId, room: str, plane: Plane, certificate: Certificate, controlling: bool,
        claim: Claim, now: float, *, mesh: str, zone: str = "",
    ) -> None:  # fmt: skip
        super().__init__(identity, key, room, plane, certificate, controlling, claim, now, zone=zone)
        self.mesh: str = mesh
        self.endpoints: dict[str, RelayedEndpoint] = {}
        self.owners: dict[str, str] = {}  # source name to endpoint id
        self.wants: dict[str, int] = {}  # what the other bridge's receivers need of each of our sources, as heights
        self.told: dict[str, int] = {}  # what we told it that ours need
        self.dial: str | None = None  # the web-socket that is ours to open

    def set_transport(self, transport: ice_udp.IceUdpTransport, now: float) -> None:
        """The other bridge's half of the transport. Raises StanzaError."""
        super().set_transport(transport, now)
        if transport.web_sockets:
            self.dial = transport.web_sockets[0].url

    def expired(self, now: float) -> bool:
        """Whether nothing has been heard of the other bridge for too long."""
        if self.failed is not None:
            return True
        self.note_checks()
        if not self.activity:
            return now - self.created > EXPIRE_NEVER
        return now - self.activity > EXPIRE_IDLE
