"""How many videos a receiver may get at most: by size, and by load."""

import pytest

from pyjitsi.bridge.allocation import Available, Wishes, effective_heights
from pyjitsi.bridge.last_n import LastNLimits, least
from pyjitsi.bridge.settings import BridgeSettings

SETTINGS = {"xmpp": {"domain": "auth.x", "username": "jvb", "password": "p"}, "brewery": "jvbbrewery@internal.auth.x"}


@pytest.mark.parametrize(("sources", "limit"), [(0, -1), (8, -1), (9, 5), (18, 5), (19, 3), (200, 3)])
def test_the_limit_of_the_greatest_size_reached_holds(sources: int, limit: int) -> None:
    assert LastNLimits({10: 5, 20: 3}).of(sources) == limit


@pytest.mark.parametrize(("asked", "limit", "found"), [(-1, -1, -1), (4, -1, 4), (-1, 3, 3), (4, 3, 3), (0, 3, 0)])
def test_who_asks_for_less_gets_less(asked: int, limit: int, found: int) -> None:
    assert least(asked, limit) == found


def test_load_takes_a_quarter_of_what_is_forwarded_once_a_minute_and_gives_it_back_in_steps() -> None:
    limits = LastNLimits(reducing=True)
    assert not limits.sample(0.5, 20, 0.0)
    assert limits.sample(1.1, 20, 10.0)
    assert limits.enforced == 15
    assert not limits.sample(1.1, 15, 60.0)  # its effect is awaited
    assert limits.sample(1.0, 15, 70.0)
    assert limits.enforced == 11
    assert not limits.sample(0.9, 11, 140.0)  # neither too much nor well below
    given = []
    now = 200.0
    while limits.enforced != -1:
        assert limits.sample(0.5, 11, now)
        given.append(limits.enforced)
        now += 60.0
    assert given == [13, 16, 20, 25, 31, 38, -1]
    assert not limits.sample(0.5, 40, now + 60)


def test_somebody_is_always_seen() -> None:
    limits = LastNLimits(reducing=True)
    assert limits.sample(2.0, 1, 0.0)
    assert limits.enforced == 1


def test_without_the_setting_load_limits_nothing() -> None:
    limits = LastNLimits({5: 2})
    assert not limits.sample(3.0, 20, 0.0)
    assert limits.of(3) == -1


def test_a_limit_cuts_those_that_spoke_longest_ago() -> None:
    sources = [Available(name, desktop=False, enabled=True, layers=()) for name in ("a", "b", "c")]
    wishes = Wishes(last_n=-1, default_height=180)
    assert effective_heights(wishes, sources, 2) == {"a": 180, "b": 180, "c": 0}


def test_limits_come_from_the_settings() -> None:
    settings = BridgeSettings.model_validate({**SETTINGS, "conference_last_n_limits": {"20": 10}})
    assert settings.conference_last_n_limits == {20: 10}
    with pytest.raises(ValueError, match="conference_last_n_limits"):
        BridgeSettings.model_validate({**SETTINGS, "conference_last_n_limits": {"many": 10}})
