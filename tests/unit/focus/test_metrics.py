"""What the focus counts, by Jicofo's names."""

from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from pyjitsi.focus.stats import stats
from pyjitsi.xmpp.stanzas import jingle
from tests.scenario.focus.story import Story
from tests.scenario.focus.test_conference import meeting


def rise(name: str, **labels: str) -> Callable[[], float]:
    """How much a metric of Jicofo's rises from here on."""

    def value() -> float:
        return REGISTRY.get_sample_value(f"jitsi_jicofo_{name}", labels) or 0.0

    before = value()
    return lambda: value() - before


async def test_those_who_come_are_counted_and_not_again_when_they_are_resumed() -> None:
    joined = rise("participants_total")
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    assert joined() == 2
    again = Story(story.conference.record())
    await again.bridge_appears()
    await again.joins("aaaaaaaa", "bbbbbbbb")
    assert joined() == 2


async def test_a_bridge_that_fails_counts_and_those_whom_it_had() -> None:
    removed, moved = rise("bridges_removed_total"), rise("participants_moved_total")
    story = await meeting("aaaaaaaa", "bbbbbbbb", "cccccccc")
    await story.bridge_dies()
    assert (removed(), moved()) == (1, 3)


async def test_jingle_and_wishes_for_a_new_session_are_counted() -> None:
    accepts, restarts = rise("jingle_session_accept_received_total"), rise("participants_restart_requested_total")
    wished = rise("bridge_restart_requests_total", jvb="oslo")
    story = await meeting("aaaaaaaa", "bbbbbbbb")
    assert accepts() == 2
    (offer,) = story.told("aaaaaaaa", "session-initiate")
    assert offer.bridge_session is not None
    wish = jingle.BridgeSession(offer.bridge_session.id, restart=True)
    await story.says("aaaaaaaa", "session-terminate", bridge_session=wish)
    assert (restarts(), wished()) == (1, 1)


@pytest.mark.parametrize(
    "name", ["participants_pairs", "bridge_selector_bridge_version_count", "conference_requests_new_total"]
)
def test_what_dashboards_for_jicofo_ask_for_is_there(name: str) -> None:
    assert REGISTRY.get_sample_value(f"jitsi_jicofo_{name}") is not None


async def test_stats_have_the_originals_shape() -> None:
    story = await meeting("aaaaaaaa", "bbbbbbbb", "cccccccc")
    before = stats([], story.choice)
    await story.bridge_dies()
    found = stats([3, 2, 40], story.choice)
    assert (found["conferences"], found["participants"], found["largest_conference"]) == (3, 45, 40)
    assert found["endpoint_pairs"] == 6 + 2 + 40 * 39
    assert (len(found["conference_sizes"]), found["conference_sizes"][3], found["conference_sizes"][21]) == (22, 1, 1)
    assert found["bridge_failures"]["participants_moved"] == before["bridge_failures"]["participants_moved"] + 3
    assert found["bridge_selector"]["bridge_count"] == 0
    assert set(found["jingle"]) == {"sent", "received"}
    assert found["jingle"]["received"]["SESSION_ACCEPT"] >= 3
