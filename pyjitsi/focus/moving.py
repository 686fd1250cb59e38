"""Taking people off a bridge: because an admin asks, or by itself where one is overloaded and others are not."""

from collections.abc import Callable, Iterable, Mapping

import structlog

from pyjitsi.focus.choice import BridgeChoice
from pyjitsi.focus.conference import Conference
from pyjitsi.focus.membership import Member
from pyjitsi.focus.metrics import BRIDGE_MOVED, MOVED, REDISTRIBUTED
from pyjitsi.focus.settings import LoadRedistribution

log = structlog.get_logger("focus")

People = list[tuple[Conference, Member]]


def people_on(bridge: str, among: Iterable[Conference]) -> People:
    """Those on a bridge, of the largest conferences first."""
    found = [(conference, conference.placing.on(bridge)) for conference in among]
    found.sort(key=lambda pair: -len(pair[1]))
    return [(conference, member) for conference, members in found for member in members]


def move(people: People) -> tuple[int, int]:
    """Place them anew; returns how many, of how many conferences."""
    for conference, member in people:
        conference.move(member)
        MOVED.inc()
    return len(people), len({id(conference) for conference, _ in people})


class Redistribution:
    """Moves a few people off each overloaded bridge, and then waits for that to show in its stress."""

    def __init__(
        self, choice: BridgeChoice, conferences: Callable[[], Mapping[str, Conference]], rules: LoadRedistribution
    ) -> None:
        self._choice: BridgeChoice = choice
        self._conferences: Callable[[], Mapping[str, Conference]] = conferences
        self._rules: LoadRedistribution = rules
        self._relieved: dict[str, float] = {}  # when, by bridge

    def run(self, now: float) -> int:
        """Once an interval; returns how many were moved. Nobody is, where all bridges are overloaded."""
        choice, rules = self._choice, self._rules
        bridges = choice.registry.bridges
        self._relieved = {
            jid: at for jid, at in self._relieved.items() if now - at < rules.timeout_seconds and jid in bridges
        }
        if all(choice.overloaded(each, now) for each in bridges.values()):
            return 0
        total = 0
        for bridge in list(bridges.values()):
            stress = choice.stress(bridge, now)
            if bridge.jid in self._relieved or stress < rules.stress_threshold:
                continue
            self._relieved[bridge.jid] = now
            moved, _ = move(people_on(bridge.jid, self._conferences().values())[: rules.endpoints])
            log.info("bridge relieved", bridge=bridge.jid, stress=round(stress, 2), moved=moved)
            REDISTRIBUTED.inc(moved)
            BRIDGE_MOVED.labels(bridge.jid.partition("/")[2]).inc(moved)
            total += moved
        return total
