"""Each strategy by a table of cases: bridges best first, the meeting as it stands, and who is taken."""

import pytest

from pyjitsi.focus.bridges import Bridge, BridgeRegistry
from pyjitsi.focus.choice import BridgeChoice, Pin, Rules
from pyjitsi.focus.selection import STRATEGIES, Name, Situation, group_of

SINGLE: Name = "SingleBridgeSelectionStrategy"
SPLIT: Name = "SplitBridgeSelectionStrategy"
REGION: Name = "RegionBasedBridgeSelectionStrategy"
INTRA: Name = "IntraRegionBridgeSelectionStrategy"


@pytest.mark.parametrize(
    ("strategy", "bridges", "meeting", "region", "overloaded", "full", "taken"),
    [
        # Bridges are "name/region"; the meeting is "name:people".
        (SINGLE, "a/eu b/us", "", "us", "", "", "b"),
        (SINGLE, "a/eu b/us", "", "asia", "", "", "a"),
        (SINGLE, "a/eu b/us", "", None, "", "", "a"),
        (SINGLE, "a/eu b/us", "b:9", "eu", "b", "b", "b"),
        (SINGLE, "a/eu", "gone:3", "eu", "", "", None),
        (SPLIT, "a/eu b/eu c/eu", "a:1 b:1", None, "", "", "c"),
        (SPLIT, "a/eu b/eu", "a:2 b:1", None, "", "", "b"),
        (REGION, "a/us b/eu c/eu", "c:1", "eu", "", "", "c"),
        (REGION, "a/us b/eu c/eu", "c:1", "eu", "c", "", "b"),
        (REGION, "a/us b/eu c/eu", "c:1", "eu", "", "c", "b"),
        (REGION, "a/us b/eu c/eu", "c:1", "us", "", "", "a"),
        (REGION, "a/eu2 b/us", "", "eu", "", "", "a"),
        (REGION, "a/us b/eu2", "a:1", "eu", "", "", "b"),
        (REGION, "a/us b/asia", "b:1", "eu", "", "", "b"),
        (REGION, "a/us b/asia", "b:1", "eu", "b", "", "a"),
        (REGION, "a/us b/asia", "b:1", "eu", "a b", "", "b"),
        (REGION, "a/us b/asia", "b:1", "eu", "a b", "b", "a"),
        (REGION, "a/us b/asia", "", None, "a b", "", "a"),
        (INTRA, "a/us b/eu", "", "eu", "", "", "b"),
        (INTRA, "a/us b/eu", "", "eu", "b", "", "a"),
        (INTRA, "a/us b/eu c/us", "c:1", "eu", "", "", "c"),
        (INTRA, "a/us b/eu c/us", "c:1", "eu", "c", "", "a"),
        (INTRA, "a/us b/eu c/us", "b:1", "us", "b", "", "b"),
    ],
)
def test_who_is_taken(
    strategy: Name, bridges: str, meeting: str, region: str | None, overloaded: str, full: str, taken: str | None
) -> None:
    candidates = tuple(Bridge(name, region=where) for name, where in (each.split("/") for each in bridges.split()))
    counts = {name: int(count) for name, count in (each.split(":") for each in meeting.split())}
    situation = Situation(
        candidates, counts, region, frozenset(overloaded.split()), frozenset(full.split()),
        group_of(region, (("eu", "eu2"), ("asia", "oz"))),
    )  # fmt: skip
    found = STRATEGIES[strategy](situation)
    assert (None if found is None else found.jid) == taken


def choice(rules: Rules, **bridges: str) -> BridgeChoice:
    """Bridges by name, each with statistics "name=value …"; ready and with a relay id unless they say otherwise."""
    registry = BridgeRegistry(quarantine=60.0)
    for name, text in bridges.items():
        stats = dict(each.split("=") for each in text.split())
        registry.present(name, {"drain": "false", "stress_level": "0.1", "relay_id": name, **stats})
    return BridgeChoice(registry, rules)


def taken(made: BridgeChoice, meeting: dict[str, int] | None = None, now: float = 0.0, **more: str) -> str | None:
    found = made.select(now, meeting or {}, **more)  # pyright: ignore[reportArgumentType]
    return None if found is None else found.jid


def test_versions_are_never_mixed_unless_told_so() -> None:
    bridges = {"a": "version=2 stress_level=0.9", "b": "version=3 stress_level=0.0", "c": "version=2 release=1"}
    assert taken(choice(Rules(), **bridges), {"a": 1}) == "a"
    assert taken(choice(Rules(mixed_versions=True), **bridges), {"a": 1}) == "b"
    assert taken(choice(Rules(), **bridges), version="2-1") == "c"
    assert taken(choice(Rules(), **bridges), version="4") is None


def test_without_relays_a_meeting_stays_where_it_is() -> None:
    bridges = {"a": "stress_level=0.95", "b": "stress_level=0.0"}
    assert taken(choice(Rules(relays=False), **bridges), {"a": 70}) == "a"
    assert taken(choice(Rules(), **bridges), {"a": 70}) == "b"
    alone = choice(Rules(), **bridges)
    alone.registry.bridges["a"].relay_id = None
    assert taken(alone, {"a": 70}) == "a"
    alone.registry.bridges["a"].relay_id, alone.registry.bridges["b"].relay_id = "a", None
    assert taken(alone, {"a": 70}) == "a"


def test_those_who_came_just_now_count_before_the_bridge_reports_them() -> None:
    made = choice(Rules(), a="stress_level=0.10", b="stress_level=0.15")
    for _ in range(6):
        made.placed("a", "room", 100.0)
    assert taken(made, now=101.0) == "b"
    assert taken(made, now=121.0) == "a"
    made.placed("nobody", "room", 100.0)


def test_only_so_many_of_a_meeting_at_once() -> None:
    made = choice(Rules(max_per_interval=2, max_participants=50), a="", b="stress_level=0.2")
    assert taken(made, {"a": 1}, room="r") == "a"
    made.placed("a", "r", 0.0)
    made.placed("a", "r", 0.0)
    made.placed("a", "other", 0.0)
    assert taken(made, {"a": 3}, room="r") == "b"
    assert taken(made, {"a": 50}, now=30.0, room="r") == "b"


def test_draining_and_ending_bridges_are_the_last_resort() -> None:
    made = choice(Rules(), a="drain=true", b="graceful_shutdown=true", c="stress_level=0.7")
    assert taken(made) == "c"
    made.registry.gone("c")
    assert taken(made) == "a"  # it drains, but b would refuse a new conference
    made.registry.gone("a")
    assert taken(made) is None
    assert taken(made, {"b": 2}) == "b"


def test_a_pin_holds_until_its_time() -> None:
    made = choice(Rules(), a="version=1")
    made.pins["room"] = Pin("1", 60.0)
    assert (made.pin("room", 59.0), made.pin("room", 60.0), made.pin("room", 1.0)) == ("1", None, None)


def test_a_participant_of_nowhere_counts_as_local() -> None:
    rules = Rules(local_region="eu", region_groups=(("eu", "eu2"),))
    made = choice(rules, a="region=us stress_level=0.0", b="region=eu")
    assert taken(made) == "b"
    assert taken(made, region="us") == "a"
    assert taken(made, region="mars") == "b"
    assert taken(made, region="eu2") == "b"
