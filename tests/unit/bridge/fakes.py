"""A plane that only notes what it is told, and a channel that keeps what is said."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pyjitsi.bridge.plane.api import Address, Codec, Counters, Encoding, Event, Probe, Source, SrtpKeys


class FakePlane:
    """The data plane's seam without media: state by endpoint, and events that the test puts in."""

    def __init__(self) -> None:
        self.conferences: dict[int, set[int]] = {}
        self.codecs: dict[int, list[Codec]] = {}
        self.extensions: dict[int, Mapping[str, int]] = {}
        self.sources: dict[int, list[Source]] = {}
        self.keys: dict[int, SrtpKeys] = {}
        self.bound: dict[Address, int] = {}
        self.destinations: dict[int, Address] = {}
        self.mutes: dict[int, tuple[bool, bool]] = {}
        self.audio: dict[int, tuple[bool, tuple[str, ...], tuple[str, ...]]] = {}
        self.targets: dict[tuple[int, str], int] = {}
        self.slots: dict[tuple[int, str], Encoding] = {}
        self.totals: dict[int, Counters] = {}
        self.received: list[tuple[bytes, Address, float]] = []
        self.events: list[Event] = []
        self.transmits: list[tuple[bytes, Address]] = []
        self.loudest: dict[int, tuple[int, tuple[str, ...]]] = {}
        self.keyframes: list[tuple[int, str]] = []
        self.probes: list[tuple[int, Probe]] = []
        self.checks: dict[int, tuple[Address | None, str, str, bool]] = {}
        self.checked: dict[int, float] = {}
        self.broken: bool = False

    def add_conference(self, conference: int, video_ssrc: int, audio_ssrc: int) -> None:
        assert 0 < video_ssrc < 2**32 and 0 < audio_ssrc < 2**32
        self.conferences[conference] = set()

    def remove_conference(self, conference: int) -> None:
        assert not self.conferences.pop(conference), "endpoints were left"

    def add_endpoint(self, conference: int, endpoint: int, mesh: str | None = None, *, rewriting: bool = False) -> None:
        self.conferences[conference].add(endpoint)
        self.totals[endpoint] = Counters()

    def remove_endpoint(self, endpoint: int) -> None:
        next(each for each in self.conferences.values() if endpoint in each).remove(endpoint)
        del self.totals[endpoint]
        for address in [address for address, holder in self.bound.items() if holder == endpoint]:
            del self.bound[address]

    def set_media(self, endpoint: int, codecs: Sequence[Codec], extensions: Mapping[str, int]) -> None:
        self.codecs[endpoint], self.extensions[endpoint] = list(codecs), extensions

    def set_sources(self, endpoint: int, sources: Sequence[Source]) -> None:
        self.sources[endpoint] = list(sources)

    def set_keys(self, endpoint: int, keys: SrtpKeys) -> None:
        self.keys[endpoint] = keys

    def bind(self, address: Address, endpoint: int) -> None:
        self.bound[address] = endpoint

    def unbind(self, address: Address) -> None:
        del self.bound[address]

    def set_destination(self, endpoint: int, address: Address | None) -> None:
        self.destinations.pop(endpoint, None)
        if address is not None:
            self.destinations[endpoint] = address

    def answer_checks(
        self, endpoint: int, address: Address | None, user: str, password: str, *, controlling: bool
    ) -> None:  # fmt: skip
        self.checks[endpoint] = (address, user, password, controlling)

    def last_check(self, endpoint: int) -> float:
        return self.checked.get(endpoint, 0.0)

    def set_force_mute(self, endpoint: int, audio: bool, video: bool) -> None:
        self.mutes[endpoint] = (audio, video)

    def set_audio(self, receiver: int, everything: bool, include: Sequence[str], exclude: Sequence[str]) -> None:
        self.audio[receiver] = (everything, tuple(include), tuple(exclude))

    def set_loudest(self, conference: int, count: int, always: Sequence[str]) -> None:
        self.loudest[conference] = (count, tuple(always))

    def set_target(self, receiver: int, source: str, layer: int) -> None:
        self.targets[receiver, source] = layer

    def set_slot(self, receiver: int, source: str, slot: Encoding | None) -> None:
        if slot is None:
            del self.slots[receiver, source]
        else:
            assert slot not in self.slots.values(), "a slot is used twice"
            self.slots[receiver, source] = slot

    def current_layer(self, receiver: int, source: str) -> int:
        return self.targets.get((receiver, source), -1)

    def probe(self, receiver: int, probe: Probe) -> None:
        self.probes.append((receiver, probe))

    def request_keyframe(self, source: str, endpoint: int) -> None:
        self.keyframes.append((endpoint, source))

    def receive(self, data: bytes, address: Address, at: float) -> None:
        self.received.append((data, address, at))

    def tick(self, now: float) -> None:
        if self.broken:
            raise RuntimeError("broken")

    def take_transmits(self) -> list[tuple[bytes, Address]]:
        taken, self.transmits = self.transmits, []
        return taken

    def take_events(self) -> list[Event]:
        taken, self.events = self.events, []
        return taken

    def last_media(self, endpoint: int) -> float:
        return self.counters(endpoint).last_media

    def counters(self, endpoint: int) -> Counters:
        return self.totals[endpoint]


class FakeChannel:
    """An open bridge channel."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None

    def send(self, text: str) -> None:
        assert self.closed is None, "said on a closed channel"
        self.said.append(json.loads(text))

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def of(self, name: str) -> list[dict[str, Any]]:
        """What was said of a class, without the class."""
        return [
            {key: value for key, value in each.items() if key != "colibriClass"}
            for each in self.said
            if each["colibriClass"] == name
        ]
