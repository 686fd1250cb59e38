"""Which bridge a participant is placed on: Jicofo's strategies by its names (2-colibri.md section 5.2).

A strategy sees bridges that may be used at all, best first, and the meeting as it stands. "Least" is the first of the
list: the registry sorts by stress.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pyjitsi.focus.bridges import Bridge

Name = Literal[
    "SingleBridgeSelectionStrategy",
    "SplitBridgeSelectionStrategy",
    "RegionBasedBridgeSelectionStrategy",
    "IntraRegionBridgeSelectionStrategy",
]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a strategy decides by. ``meeting`` has the participants on each of the meeting's bridges, oldest first.

    ``overloaded`` are bridges over the stress threshold, ``full`` those with as many of this meeting as one may have.
    """

    candidates: tuple[Bridge, ...]
    meeting: Mapping[str, int] = field(default_factory=dict[str, int])
    region: str | None = None
    overloaded: frozenset[str] = frozenset()
    full: frozenset[str] = frozenset()
    group: frozenset[str] = frozenset()  # regions that count as near the participant's

    def least(self, *tests: Callable[[Bridge], bool]) -> Bridge | None:
        """The first candidate that passes all tests."""
        return next((each for each in self.candidates if all(test(each) for test in tests)), None)

    def here(self, bridge: Bridge) -> bool:
        """Whether the meeting is on it already."""
        return bridge.jid in self.meeting

    def free(self, bridge: Bridge) -> bool:
        """Whether it can take one more of this meeting without being overloaded."""
        return bridge.jid not in self.overloaded and bridge.jid not in self.full

    def near(self, bridge: Bridge) -> bool:
        """Whether it is in the participant's region."""
        return self.region is not None and bridge.region == self.region

    def nearish(self, bridge: Bridge) -> bool:
        """Whether it is in the participant's group of regions."""
        return bridge.region is not None and bridge.region in self.group


Strategy = Callable[[Situation], Bridge | None]


def single(s: Situation) -> Bridge | None:
    """One bridge for the whole meeting, however loaded: near its first participant."""
    if s.meeting:
        return s.least(s.here)
    return s.least(s.near) or s.least()


def split(s: Situation) -> Bridge | None:
    """For tests of relays: a bridge that the meeting is not on, else the one with the fewest of it."""
    fresh = s.least(lambda bridge: not s.here(bridge))
    return fresh or min(s.candidates, key=lambda bridge: s.meeting.get(bridge.jid, 0), default=None)


def region_based(s: Situation) -> Bridge | None:
    """Near the participant, on a bridge of the meeting where it can be.

    Unlike Jicofo's it takes another free bridge before it overfills one with a single meeting.
    """
    return _first(
        s.least(s.free, s.here, s.near),
        s.least(s.free, s.here, s.nearish),
        s.least(s.free, s.near),
        s.least(s.free, s.nearish),
        s.least(s.free, s.here),
        s.least(s.free),
        s.least(lambda bridge: bridge.jid not in s.overloaded),
        s.least(s.here, lambda bridge: bridge.jid not in s.full),
        s.least(),
    )


def intra_region(s: Situation) -> Bridge | None:
    """Several bridges, but all in the region of the meeting's first."""
    if not s.meeting:
        return s.least(s.free, s.near) or s.least()
    first = next(iter(s.meeting))
    home = next((bridge.region for bridge in s.candidates if bridge.jid == first), None)

    def at_home(bridge: Bridge) -> bool:
        return bridge.region == home

    return _first(s.least(s.free, s.here), s.least(s.free, at_home), s.least(s.here, at_home))


STRATEGIES: Mapping[Name, Strategy] = {
    "SingleBridgeSelectionStrategy": single,
    "SplitBridgeSelectionStrategy": split,
    "RegionBasedBridgeSelectionStrategy": region_based,
    "IntraRegionBridgeSelectionStrategy": intra_region,
}


def group_of(region: str | None, groups: Iterable[Iterable[str]]) -> frozenset[str]:
    """The regions near one: those of its groups, and itself."""
    if region is None:
        return frozenset()
    near = {region}
    for each in groups:
        members = set(each)
        if region in members:
            near |= members
    return frozenset(near)


def _first(*found: Bridge | None) -> Bridge | None:
    return next((each for each in found if each is not None), None)
