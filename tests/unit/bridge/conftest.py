"""A bridge on a fake plane with a fake clock, and the focus that asks it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import HostAddress
from pyjitsi.bridge.colibri import modify
from pyjitsi.bridge.conference import Conference
from pyjitsi.bridge.endpoint import Endpoint
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.xmpp.stanzas import colibri2, ssma
from tests.unit.bridge.fakes import FakeChannel, FakePlane

MEETING = "5f0c7e1e-2a53-4c7e-a6a3-9f6f0e9d2b11"
ROOM = "orchard@conference.meet.example"


@cache
def certificate() -> Certificate:
    """One for all tests."""
    return Certificate.generate(1_790_000_000.0)


def new(identity: str, **fields: object) -> colibri2.Endpoint:
    """An endpoint as a focus has it made."""
    wanted = colibri2.Endpoint(
        identity,
        create=True,
        capabilities=frozenset({colibri2.SOURCE_NAMES}),
        transport=colibri2.Transport(ice_controlling=True),
    )
    return replace(wanted, **fields)  # pyright: ignore[reportArgumentType]


def audio(identity: str, ssrc: int) -> colibri2.MediaSource:
    """An audio source."""
    return colibri2.MediaSource("audio", f"{identity}-a0", (ssma.Source(ssrc),))


def video(identity: str, *ssrcs: int, index: int = 0, kind: str | None = None) -> colibri2.MediaSource:
    """A video source of as many encodings as SSRCs; each has its SSRC plus 1000 as RTX."""
    sources = tuple(ssma.Source(ssrc, video_type=kind) for each in ssrcs for ssrc in (each, each + 1000))
    groups = tuple(ssma.SsrcGroup("FID", (each, each + 1000)) for each in ssrcs)
    if len(ssrcs) > 1:
        groups = (ssma.SsrcGroup("SIM", ssrcs), *groups)
    return colibri2.MediaSource("video", f"{identity}-v{index}", sources, groups)


class Stage:
    """The bridge under test, and time."""

    def __init__(self) -> None:
        self.plane: FakePlane = FakePlane()
        self.now: float = 1000.0
        self.bridge: Bridge = Bridge(
            self.plane, certificate(), (HostAddress("192.0.2.10", 10000),), "wss://meet.example/colibri-ws/jvb"
        )

    def ask(self, *endpoints: colibri2.Endpoint, **fields: object) -> colibri2.ConferenceModified:
        """A request about the meeting, over the wire and back."""
        request = replace(colibri2.ConferenceModify(MEETING, endpoints=endpoints), **fields)  # pyright: ignore[reportArgumentType]
        parsed = colibri2.parse_modify(colibri2.build_modify(request))
        return colibri2.parse_modified(colibri2.build_modified(modify(self.bridge, parsed, self.now)))

    def enter(self, identity: str, *sources: colibri2.MediaSource) -> tuple[Endpoint, FakeChannel]:
        """An endpoint that was made, has sources, is connected and opened its channel."""
        create = MEETING not in self.bridge.conferences
        self.ask(new(identity, sources=sources), create=create, name=ROOM if create else None)
        endpoint = self.conference.endpoints[identity]
        endpoint.destination = ("198.51.100.7", 4000 + endpoint.key)
        channel = FakeChannel()
        endpoint.opened(channel)
        self.conference.opened(endpoint, "1.0", hello=True)
        return endpoint, channel

    @property
    def conference(self) -> Conference:
        """The meeting's conference."""
        return self.bridge.conferences[MEETING]

    def wait(self, seconds: float, alive: Callable[[], list[Endpoint]] = list) -> None:
        """Let time pass; media keeps coming from those whom ``alive`` names."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.1)
            for endpoint in alive():
                self.plane.totals[endpoint.key].last_media = self.now
            self.bridge.tick(self.now)


@pytest.fixture
def stage() -> Stage:
    return Stage()
