"""A conference's relays together: who is behind them, what each side needs of the other, and what is passed on.

What comes over a relay goes to our endpoints and to relays of other meshes, never back into the mesh that it came from:
the meshes form a tree, so everything arrives once (2-colibri.md section 4.5).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from pyjitsi.bridge import messages, relay_messages
from pyjitsi.bridge.media import encodings_of, plane_source, signalled_video_type
from pyjitsi.bridge.plane.api import OFF, LayerInfo, Plane
from pyjitsi.bridge.relay import Relay, RelayedEndpoint
from pyjitsi.xmpp.stanzas import colibri2
from pyjitsi.xmpp.stanzas.errors import StanzaError

EVERYTHING = 7 << 6 | 63
ASSUMED_HEIGHT = 180  # of the lowest encoding, before anything is known; each next one has twice that


class Owner(Protocol):
    """Somebody who has sources, here or behind a relay."""

    id: str
    sources: tuple[colibri2.MediaSource, ...]
    video_types: dict[str, str]


class Relays:
    """See the module's text. ``relay_id`` is this bridge's own."""

    def __init__(self, plane: Plane, relay_id: str) -> None:
        self.by_id: dict[str, Relay] = {}
        self.relay_id: str = relay_id
        self._plane: Plane = plane

    def __iter__(self) -> Iterator[Relay]:
        return iter(list(self.by_id.values()))

    def __len__(self) -> int:
        return len(self.by_id)

    def endpoints(self) -> Iterator[tuple[Relay, RelayedEndpoint]]:
        """Everybody behind all relays."""
        return ((relay, each) for relay in self.by_id.values() for each in relay.endpoints.values())

    def find(self, endpoint: str, but_mesh: str | None = None) -> tuple[Relay, RelayedEndpoint] | None:
        """Somebody behind a relay of another mesh."""
        found = ((relay, each) for relay, each in self.endpoints() if each.id == endpoint and relay.mesh != but_mesh)
        return next(found, None)

    # From COLIBRI2.

    def update(self, relay: Relay, changes: Iterable[colibri2.Endpoint], local: Mapping[str, object]) -> set[str]:
        """Endpoints behind a relay came, went or changed. Returns names of sources that went. Raises StanzaError."""
        before = set(relay.owners)
        for change in changes:
            if change.expire:
                relay.endpoints.pop(change.id, None)
                continue
            if change.id in local:
                raise StanzaError("conflict", f"the endpoint {change.id[:40]!r} is on this bridge")
            known = relay.endpoints.get(change.id)
            if known is None:
                if not change.create:
                    continue  # as JVB: only logged
                known = relay.endpoints[change.id] = RelayedEndpoint(change.id)
            if change.sources is not None:
                known.sources = change.sources
                for source in change.sources:
                    kind = signalled_video_type(source)
                    if kind is not None:
                        known.video_types.setdefault(source.id, kind)
        relay.owners = {source.id: each.id for each in relay.endpoints.values() for source in each.sources}
        sources = [plane_source(source) for each in relay.endpoints.values() for source in each.sources]
        self._plane.set_sources(relay.key, [source for source in sources if source.encodings])
        return before - set(relay.owners)

    def forget_source(self, name: str) -> None:
        """A source of ours, or behind a relay, is no more."""
        for relay in self.by_id.values():
            relay.wants.pop(name, None)
            relay.told.pop(name, None)

    # What is watched.

    def wanted(self, source: str, mesh: str | None = None) -> Iterator[int]:
        """The heights that other bridges need of a source that is ours, or came over ``mesh``."""
        return (relay.wants[source] for relay in self.by_id.values() if source in relay.wants and relay.mesh != mesh)

    def tell_wanted(self, wanted: Mapping[str, int]) -> None:
        """Tell each relay what our receivers need of the sources behind it."""
        for relay in self.by_id.values():
            for name in relay.owners:
                height = tallest((wanted.get(name, 0), *self.wanted(name, relay.mesh)))
                if relay.told.get(name, 0) != height:
                    relay.told[name] = height
                    relay.say(relay_messages.add_receiver(self.relay_id, name, height))

    def limit(self, owners: Iterable[Owner], layers: Mapping[str, tuple[LayerInfo, ...]]) -> None:
        """Send over each relay no encoding that nobody behind it watches."""
        if not self.by_id:
            return
        encodings = {
            source.id: encodings_of(source) for owner in owners for source in owner.sources if source.type == "video"
        }
        for relay in self.by_id.values():
            for name, height in relay.wants.items():
                if name in encodings:
                    target = ceiling(height, layers.get(name, ()), encodings[name])
                    self._plane.set_target(relay.key, name, target)

    # The channel.

    def opened(self, relay: Relay, owners: Iterable[Owner], version: str, *, hello: bool) -> None:
        """The channel to another bridge is (again) there: tell it everything that it must know."""
        if hello:
            relay.say(messages.server_hello(version))
        for name, height in relay.told.items():
            if height:
                relay.say(relay_messages.add_receiver(self.relay_id, name, height))
        for owner in owners:
            for name, kind in owner.video_types.items():
                if kind != "camera" and any(source.id == name for source in owner.sources):
                    relay.say(relay_messages.video_type(owner.id, name, kind))

    def say(self, text: str, came_over: Relay | None = None) -> None:
        """Tell other bridges, but for those of the mesh that it came over."""
        for relay in self.by_id.values():
            if came_over is None or relay.mesh != came_over.mesh:
                relay.say(text)


def tallest(heights: Iterable[int]) -> int:
    """The greatest of several limits, where -1 is none and 0 is "not at all"."""
    found = 0
    for height in heights:
        if height < 0:
            return -1
        found = max(found, height)
    return found


def ceiling(height: int, layers: tuple[LayerInfo, ...], encodings: int) -> int:
    """The highest layer to relay of a source of which at most ``height`` is needed, OFF for none."""
    if height == 0:
        return OFF
    if height < 0:
        return EVERYTHING
    known = {layer.index >> 6: layer.height for layer in layers if layer.height}
    fitting = [at for at in range(encodings) if known.get(at, ASSUMED_HEIGHT << at) <= height]
    return max(fitting, default=0) << 6 | 63
