"""One endpoint: a client of the meeting, what it sends, and what it wants to see."""

from pyjitsi.bridge.allocation import Wishes
from pyjitsi.bridge.estimate import DownlinkEstimate
from pyjitsi.bridge.messages import AudioSubscription
from pyjitsi.bridge.peer import Channel, Claim, Peer
from pyjitsi.bridge.plane.api import OFF, EndpointId, Plane
from pyjitsi.bridge.slots import Slots
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.xmpp.stanzas.colibri2 import MediaSource

__all__ = ["Channel", "Endpoint"]

FIRST_TRANSFER = 15.0  # seconds until an endpoint that never sent counts as inactive
INACTIVE = 8.0
EXPIRE_IDLE = 60.0
EXPIRE_NEVER = 120.0


class Endpoint(Peer):
    """Control state of one endpoint."""

    def __init__(
        self, identity: str, key: EndpointId, room: str, plane: Plane, certificate: Certificate,
        controlling: bool, start_bitrate: float, claim: Claim, now: float, *, visitor: bool = False,
        private: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(identity, key, room, plane, certificate, controlling, claim, now)
        self.visitor: bool = visitor  # somebody who only watches, and is not heard on the channel either
        self.private: bool = private  # somebody on our own network, who is offered its addresses in any case
        self.active: bool = True
        self.slots: Slots | None = None  # with SSRC rewriting
        self.hearing: AudioSubscription = AudioSubscription(True, (), ())
        self.wishes: Wishes = Wishes()
        self.estimate: DownlinkEstimate = DownlinkEstimate(start_bitrate)
        self.rtt: float = 0.0  # seconds; 0 while it is not known
        self.allocated_for: float = 0.0
        self.targets: dict[str, int] = {}
        self.heights: dict[str, int] = {}  # of what may be sent, by source; 0 of the others
        self.forwarded: tuple[str, ...] | None = None
        self.sources: tuple[MediaSource, ...] = ()
        self.video_types: dict[str, str] = {}
        self.wanted_heights: dict[str, int] = {}  # own source to the height told by SenderSourceConstraints

    def note_activity(self, now: float) -> bool:
        """Whether the endpoint turned active or inactive since the last call."""
        self.note_checks()
        self.activity = max(self.activity, self.plane.last_media(self.key))
        active = now - self.activity < INACTIVE if self.activity else now - self.created < FIRST_TRANSFER
        changed, self.active = active != self.active, active
        return changed

    def expired(self, now: float) -> bool:
        """Whether it can be freed: failed, idle for a minute, or never there for two."""
        if self.failed is not None and now - max(self.created, self.activity) > INACTIVE:
            return True
        if not self.activity:
            return now - self.created > EXPIRE_NEVER
        return now - self.activity > EXPIRE_IDLE

    def forget_target(self, source: str) -> None:
        """A source went."""
        self.targets.pop(source, None)

    def watches(self, source: str) -> bool:
        """Whether a source is wanted, or would be if there were room."""
        return source in self.wishes.on_stage or source in self.wishes.selected or self.heights.get(source, 0) != 0

    def target(self, source: str) -> int:
        """The layer that was allocated."""
        return self.targets.get(source, OFF)
