"""One conference on this bridge: its endpoints, who speaks, who is sent what, and what they say to each other."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence

import structlog

from pyjitsi.bridge import messages, relay_messages
from pyjitsi.bridge.allocation import Available, allocate, effective_heights, outline, prioritise
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.last_n import LastNLimits, least
from pyjitsi.bridge.media import encodings_of, plane_source, signalled_video_type
from pyjitsi.bridge.plane.api import (
    OFF,
    AudioLevel,
    Feedback,
    LayerInfo,
    LayersChanged,
    LossReport,
    Plane,
    ReceiverLimit,
)
from pyjitsi.bridge.relay import Relay
from pyjitsi.bridge.relays import Owner, Relays, tallest
from pyjitsi.bridge.slots import Pool, Slot, Slots, Voices
from pyjitsi.bridge.speech import SpeakerDetector
from pyjitsi.bridge.stage import StageKeyframes
from pyjitsi.xmpp.stanzas import colibri2
from pyjitsi.xmpp.stanzas.colibri2 import MediaSource

log = structlog.get_logger("bridge")

EMPTY_GRACE = 20.0  # seconds that a conference may stand empty after it was made
REALLOCATE = 5.0
BETTER = 0.15  # part by which the estimate must move to matter
CONNECTIVITY_INTERVAL = 0.5
STATS_INTERVAL = 10.0
PROBE_INTERVAL = 0.1
STATS_FILTER = 20  # JVB's: in a larger meeting quality figures go to those alone whom they may concern
DISABLED_TYPES = ("none", "disabled")
ConferenceEvent = AudioLevel | LayersChanged | Feedback | LossReport | ReceiverLimit


class Conference:
    """Control state of one conference. ``key`` is its number in the plane, ``public_id`` its name in addresses."""

    def __init__(
        self, meeting_id: str, name: str, key: int, plane: Plane, now: float, relay_id: str = "",
        last_n: LastNLimits | None = None, *, rtcstats: bool = True, loudest: int = 0,
    ) -> None:  # fmt: skip
        self.meeting_id: str = meeting_id
        self.name: str = name
        self.key: int = key
        self.public_id: str = secrets.token_hex(8)
        self.plane: Plane = plane
        self._loudest: int = loudest
        self._always: frozenset[str] = frozenset()  # voices that are forwarded however loud
        self.rtcstats: bool = rtcstats  # whether collectors may read its state
        self._last_n: LastNLimits = last_n or LastNLimits()
        self.created: float = now
        self.endpoints: dict[str, Endpoint] = {}
        self.relays: Relays = Relays(plane, relay_id)
        self.video_ssrc: int = secrets.randbelow(2**32 - 2) + 1
        self.audio_ssrc: int = secrets.randbelow(2**32 - 2) + 1
        self.layers: dict[str, tuple[LayerInfo, ...]] = {}
        self.speech: SpeakerDetector = SpeakerDetector()
        self.voices: Voices = Voices()
        self.stage: StageKeyframes = StageKeyframes(plane)
        self.log = log.bind(room=name)
        self._dirty: bool = False
        self._checked: float = now
        self._probed: float = now
        self._allocated_at: float = now
        self._stats_at: float = now
        plane.add_conference(key, self.video_ssrc, self.audio_ssrc)
        if loudest:
            plane.set_loudest(key, loudest, ())

    # Endpoints.

    def add(self, endpoint: Endpoint) -> None:
        """An endpoint that COLIBRI2 created."""
        self.endpoints[endpoint.id] = endpoint
        self.plane.add_endpoint(self.key, endpoint.key, rewriting=endpoint.slots is not None)
        self._dirty = True

    def remove(self, endpoint: Endpoint) -> None:
        """An endpoint that ended."""
        del self.endpoints[endpoint.id]
        self._forget_speakers((endpoint.id,))
        for source in endpoint.sources:
            self._forget_source(source.id)
        self.plane.remove_endpoint(endpoint.key)
        self._dirty = True

    def close(self) -> None:
        """End all endpoints."""
        for endpoint in list(self.endpoints.values()):
            self.remove(endpoint)
        for relay in self.relays:
            self.remove_relay(relay)
        self.plane.remove_conference(self.key)

    def add_relay(self, relay: Relay) -> None:
        """A relay that COLIBRI2 created."""
        self.relays.by_id[relay.id] = relay
        self.plane.add_endpoint(self.key, relay.key, relay.mesh)

    def remove_relay(self, relay: Relay) -> None:
        """A relay that ended: who was behind it is gone."""
        del self.relays.by_id[relay.id]
        self._forget_speakers(relay.endpoints)
        for name in relay.owners:
            self._forget_source(name)
        self.plane.remove_endpoint(relay.key)
        self._dirty = True

    def set_relayed(self, relay: Relay, changes: Iterable[colibri2.Endpoint]) -> None:
        """Endpoints behind a relay came, went or changed. Raises StanzaError."""
        before = set(relay.endpoints)
        for name in self.relays.update(relay, changes, self.endpoints):
            self._forget_source(name)
        self._forget_speakers(before - set(relay.endpoints))
        self._dirty = True

    def set_sources(self, endpoint: Endpoint, sources: tuple[MediaSource, ...]) -> None:
        """The complete new list of an endpoint's sources."""
        for name in {source.id for source in endpoint.sources} - {source.id for source in sources}:
            self._forget_source(name)
        endpoint.sources = sources
        for source in sources:
            if source.id not in endpoint.video_types:
                kind = signalled_video_type(source)
                if kind is not None:
                    endpoint.video_types[source.id] = kind
        known = [plane_source(source) for source in sources]
        self.plane.set_sources(endpoint.key, [source for source in known if source.encodings])
        self._dirty = True

    def _forget_source(self, name: str) -> None:
        self.layers.pop(name, None)
        self.relays.forget_source(name)
        self.voices.forget(name)
        for other in self.endpoints.values():
            other.forget_target(name)
            if other.slots is not None:
                other.slots.forget(name)
            other.video_types.pop(name, None)
            other.wanted_heights.pop(name, None)

    def _forget_speakers(self, gone: Iterable[str]) -> None:
        """People left; where the dominant speaker did, the one before it is that again."""
        changed = [self.speech.forget(each) for each in gone]
        if any(changed) and self.speech.dominant is not None:
            self._tell_speaker()

    def _route_voices(self) -> None:
        """Where only the loudest are forwarded: the dominant speaker is always, and whom somebody wants by name."""
        if not self._loudest:
            return
        wanted = {name for each in self.endpoints.values() for name in each.hearing.include}
        wanted |= {
            source.id
            for owner in self.owners() if owner.id == self.speech.dominant
            for source in owner.sources if source.type == "audio"
        }  # fmt: skip
        if wanted - self._always or self._always - wanted:
            self._always = frozenset(wanted)
            self.plane.set_loudest(self.key, self._loudest, sorted(wanted))

    def _tell_speaker(self) -> None:
        self._route_voices()
        self._tell_all(messages.dominant_speaker(self.speech.dominant or "", self.speech.recent[1:]))

    @property
    def size(self) -> int:
        """How many are in it, on other bridges too."""
        return len(self.endpoints) + sum(len(relay.endpoints) for relay in self.relays)

    def others(self, endpoint: Endpoint) -> Iterable[Endpoint]:
        """Everybody else."""
        return (each for each in self.endpoints.values() if each is not endpoint)

    def owners(self) -> Iterator[Owner]:
        """Everybody who has sources, here and on other bridges."""
        yield from self.endpoints.values()
        for _, relayed in self.relays.endpoints():
            yield relayed

    # Events of the plane.

    def on_event(self, event: ConferenceEvent, peer: Endpoint | Relay) -> None:
        """What the plane saw of an endpoint, or of those behind a relay."""
        match event:
            case AudioLevel():
                owner = peer.owners.get(event.source, "") if isinstance(peer, Relay) else peer.id
                if owner:
                    if event.level >= 0:
                        self.speech.level(owner, event.level, event.at)
                    if self.voices.note(event.source, event.level, event.at):
                        self._give_voice(event.source, owner, event.at)
            case LayersChanged():
                before = self.layers.get(event.source, ())
                self.layers[event.source] = event.layers
                if outline(before) != outline(event.layers):
                    self._dirty = True
            case _ if isinstance(peer, Relay):
                pass  # nothing is estimated between bridges
            case Feedback():
                peer.rtt = event.rtt
                peer.estimate.feedback(event)
                self._note_estimate(peer)
            case LossReport():
                peer.rtt = event.rtt
                peer.estimate.report(event)
                self._note_estimate(peer)
            case ReceiverLimit():
                peer.estimate.limit(event)
                self._note_estimate(peer)

    def _note_estimate(self, endpoint: Endpoint) -> None:
        """Allocate anew where a receiver's estimate has moved by what matters."""
        if abs(endpoint.estimate.bitrate - endpoint.allocated_for) > BETTER * endpoint.allocated_for:
            self._dirty = True

    def _give_voice(self, source: str, owner: str, now: float) -> None:
        """Somebody is heard for whom receivers may have no slot yet."""
        pools: list[Pool] = []
        for receiver in self.endpoints.values():
            if receiver.slots is None or receiver.id == owner or not receiver.hearing.wants(source):
                continue
            if receiver.channel is not None:
                mapped = receiver.slots.hear(source, owner, self.voices.heard, now)
                if mapped:
                    self._tell_map(receiver, "audio", mapped)
            pools.append(receiver.slots.audio)
        self.voices.settle(source, pools)

    def uses(self, ssrc: int) -> bool:
        """Whether an SSRC is somebody's here."""
        return ssrc in (self.video_ssrc, self.audio_ssrc) or any(
            ssrc == each.ssrc for owner in self.owners() for source in owner.sources for each in source.sources
        )

    # Timers.

    def tick(self, now: float) -> list[Endpoint]:
        """Everything that is due: speaker, connectivity, allocation. Returns who expired, to be removed."""
        expired: list[Endpoint] = []
        if self.speech.decide(now):
            self._tell_speaker()
            self._dirty = True
            speaker = self.endpoints.get(self.speech.dominant or "")
            if speaker is not None:
                self.stage.prepare(speaker, list(self.others(speaker)), self._kinds(), now)
        self.stage.tick(self.endpoints.values(), now)
        if now - self._probed >= PROBE_INTERVAL:
            self._probe(now)
        if now - self._checked >= CONNECTIVITY_INTERVAL:
            expired = self._check(now)
        if self._dirty or now - self._allocated_at >= REALLOCATE:
            self.allocate(now)
        if now - self._stats_at >= STATS_INTERVAL:
            self._stats_at = now
            for endpoint in self.endpoints.values():
                endpoint.say(messages.connection_stats(int(endpoint.estimate.bitrate)))
        return expired

    def _probe(self, now: float) -> None:
        """Find out what receivers' downlinks carry who could be given more."""
        self._probed = now
        for endpoint in self.endpoints.values():
            for probe in endpoint.estimate.tick(now):
                self.plane.probe(endpoint.key, probe)
            self._note_estimate(endpoint)

    def _check(self, now: float) -> list[Endpoint]:
        self._checked = now
        expired: list[Endpoint] = []
        for endpoint in self.endpoints.values():
            if endpoint.note_activity(now):
                text = messages.connectivity(endpoint.id, endpoint.active)
                self._tell_all(text)
                self.relays.say(text)
            if endpoint.expired(now):
                endpoint.log.info("expired", reason=endpoint.failed or "inactive")
                expired.append(endpoint)
        return expired

    def abandoned(self, now: float) -> bool:
        """Whether nobody is here and nobody is about to come."""
        nobody = not self.endpoints and not any(relay.endpoints for relay in self.relays)
        return nobody and now - self.created > EMPTY_GRACE

    def allocate(self, now: float) -> None:
        """Give each receiver its layers, and tell senders what is watched."""
        self._dirty = False
        self._allocated_at = now
        wanted: dict[str, int] = {}
        for receiver in self.endpoints.values():
            heights = self._allocate_for(receiver, now)
            for name, height in heights.items():
                wanted[name] = tallest((height, wanted.get(name, 0)))
        self.relays.tell_wanted(wanted)
        self.relays.limit(self.owners(), self.layers)
        for owner in self.endpoints.values():
            for source in owner.sources:
                if source.type == "video" and source.sources:
                    height = tallest((wanted.get(source.id, 0), *self.relays.wanted(source.id)))
                    if owner.wanted_heights.get(source.id) != height:
                        owner.wanted_heights[source.id] = height
                        owner.say(messages.sender_constraints(source.id, height))

    def _allocate_for(self, receiver: Endpoint, now: float) -> dict[str, int]:
        ordered = prioritise(receiver.wishes, self._available(receiver))
        slots = receiver.slots
        limit = least(self._last_n.of(len(ordered)), -1 if slots is None else slots.video.limit)
        heights = effective_heights(receiver.wishes, ordered, limit)
        if slots is not None and receiver.channel is not None:
            self._show(receiver, slots, [each.name for each in ordered if each.enabled], heights, now)
        receiver.heights = heights
        receiver.allocated_for = receiver.estimate.bitrate
        allocation = allocate(receiver.wishes, ordered, heights, receiver.estimate.bitrate)
        targets, receiver.estimate.wanted = allocation.targets, allocation.ideal
        for name in [name for name in receiver.targets if name not in targets]:
            del receiver.targets[name]
        for name, layer in targets.items():
            if receiver.target(name) != layer:
                receiver.targets[name] = layer
                self.plane.set_target(receiver.key, name, layer)
        forwarded = tuple(name for name, layer in targets.items() if layer != OFF)
        if receiver.forwarded != forwarded and receiver.channel is not None:
            receiver.forwarded = forwarded
            receiver.say(messages.forwarded_sources(forwarded))
        return heights

    def _show(
        self, receiver: Endpoint, slots: Slots, names: Iterable[str], heights: Mapping[str, int], now: float
    ) -> None:
        """Give slots to what a receiver is to see, before any of it is sent."""
        known = {source.id: owner for owner in self.owners() for source in owner.sources}
        pairs = [(name, known[name].id) for name in names]
        mapped = slots.show(
            [each for each in pairs if heights[each[0]]], [each for each in pairs if not heights[each[0]]], now
        )
        if mapped:
            self._tell_map(receiver, "video", mapped)

    def _tell_map(self, receiver: Endpoint, media: str, slots: Sequence[Slot]) -> None:
        receiver.say(messages.source_map(media, slots, self._kinds()))

    def _kinds(self) -> dict[str, str]:
        """The video types of all sources."""
        return {
            source.id: owner.video_types.get(source.id, "camera")
            for owner in self.owners() for source in owner.sources if source.type == "video"
        }  # fmt: skip

    def _available(self, receiver: Endpoint) -> list[Available]:
        rank = {name: position for position, name in enumerate(self.speech.recent)}
        found: list[tuple[int, Available]] = []
        for owner in self.owners():
            for source in owner.sources:
                if owner is receiver or source.type != "video" or not source.sources:
                    continue
                kind = owner.video_types.get(source.id, "camera")
                found.append(
                    (
                        rank.get(owner.id, len(rank)),
                        Available(
                            source.id,
                            kind.startswith("desktop"),
                            kind not in DISABLED_TYPES,
                            self.layers.get(source.id, ()),
                            encodings_of(source),
                        ),
                    )
                )
        return [each for _, each in sorted(found, key=lambda pair: pair[0])]

    # Bridge channel.

    def opened(self, endpoint: Endpoint, version: str, *, hello: bool) -> None:
        """A channel is (again) there: tell everything that it must know."""
        if hello:
            endpoint.say(messages.server_hello(version))
        for name, height in endpoint.wanted_heights.items():
            endpoint.say(messages.sender_constraints(name, height))
        if endpoint.slots is not None:
            for media, pool in (("video", endpoint.slots.video), ("audio", endpoint.slots.audio)):
                if pool.by_source:
                    self._tell_map(endpoint, media, list(pool.by_source.values()))
            self.voices.unsettle()
        endpoint.forwarded = None
        self._dirty = True
        for other in self.endpoints.values():
            if not other.active:
                endpoint.say(messages.connectivity(other.id, False))
        if self.speech.dominant is not None:
            endpoint.say(messages.dominant_speaker(self.speech.dominant, self.speech.recent[1:]))

    def message(self, endpoint: Endpoint, text: str, version: str) -> None:
        """A message from a client. Raises messages.MessageError."""
        match messages.parse(text):
            case messages.ReceiverVideoConstraints() as wanted:
                endpoint.wishes = endpoint.wishes.updated(wanted)
                self._dirty = True
            case messages.AudioSubscription(everything, include, exclude) as wanted:
                endpoint.hearing = wanted
                self.plane.set_audio(endpoint.key, everything, include, exclude)
                self.voices.unsettle()
                self._route_voices()
            case messages.VideoType(source, kind):
                name = source or f"{endpoint.id}-v0"
                if not name.startswith(f"{endpoint.id}-"):
                    raise messages.MessageError("not-yours", f"{name[:40]!r} is not a source of {endpoint.id}")
                endpoint.video_types[name] = kind
                self.relays.say(relay_messages.video_type(endpoint.id, name, kind))
                self._dirty = True
            case messages.EndpointMessage(to, body):
                self._pass_on(endpoint, to, body)
            case messages.EndpointStats(body):
                self._pass_stats(endpoint, body)
            case messages.ClientHello():
                endpoint.say(messages.server_hello(version))
            case None:
                pass

    def _pass_on(self, endpoint: Endpoint, to: str, body: dict[str, object]) -> None:
        if endpoint.visitor:
            return
        text = messages.forwarded(body, endpoint.id)
        for other in self.others(endpoint):
            if to in ("", other.id):
                other.say(text)
        if not to:
            self.relays.say(text)
        elif to not in self.endpoints and (found := self.relays.find(to)) is not None:
            found[0].say(text)

    def _pass_stats(self, endpoint: Endpoint, body: dict[str, object]) -> None:
        if endpoint.visitor:
            return
        text = messages.forwarded(body, endpoint.id)
        self._tell_stats(endpoint, text)
        self.relays.say(text)

    def _tell_stats(self, sender: Owner, text: str) -> None:
        """Quality figures go to all in a small meeting, in a large one to those whom they may concern."""
        small = sum(1 for _ in self.owners()) <= STATS_FILTER or sender.id in self.speech.recent
        for other in self.endpoints.values():
            if other is not sender and (small or any(other.watches(source.id) for source in sender.sources)):
                other.say(text)

    def relay_opened(self, relay: Relay, version: str, *, hello: bool) -> None:
        """The channel to another bridge is (again) there."""
        self.relays.opened(relay, self.endpoints.values(), version, hello=hello)

    def relay_message(self, relay: Relay, text: str, version: str) -> None:
        """A message from another bridge. Raises messages.MessageError."""
        match relay_messages.parse(text):
            case relay_messages.AddReceiver(source, height):
                relay.wants[source] = height
                self._dirty = True
            case relay_messages.RelayedVideoType(owner, source, kind):
                found = relay.endpoints.get(owner)
                if found is not None and source in relay.owners:
                    found.video_types[source] = kind
                    self.relays.say(text, relay)
                    self._dirty = True
            case relay_messages.RelayedMessage(sender, to, body) if sender in relay.endpoints:
                for endpoint in self.endpoints.values():
                    if to in ("", endpoint.id):
                        endpoint.say(body)
                if not to:
                    self.relays.say(body, relay)
                elif to not in self.endpoints and (there := self.relays.find(to, relay.mesh)) is not None:
                    there[0].say(body)
            case relay_messages.RelayedStats(sender, body) if sender in relay.endpoints:
                self._tell_stats(relay.endpoints[sender], body)
                self.relays.say(body, relay)
            case relay_messages.Connectivity(owner, active):
                found = relay.endpoints.get(owner)
                if found is not None:
                    found.active = active
                    said = messages.connectivity(owner, active)  # not its text, which may hold more than that
                    self._tell_all(said)
                    self.relays.say(said, relay)
            case relay_messages.Hello(wants_answer):
                if wants_answer:
                    relay.say(messages.server_hello(version))
            case _:
                pass

    def _tell_all(self, text: str) -> None:
        for endpoint in self.endpoints.values():
            endpoint.say(text)
