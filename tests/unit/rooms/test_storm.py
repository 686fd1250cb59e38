"""Who tries passwords too often waits; the owner, at the usual place, does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.rooms.auth.storm import FORGIVEN, FREE, FREE_OF_NETWORK, LONGEST_WAIT, Storm, network_of

HOME, CAFE = "198.51.100.7", "203.0.113.9"


def stranger(number: int) -> str:
    return f"192.0.{number // 200}.{number % 200 + 1}"


def test_people_may_mistype() -> None:
    storm = Storm()
    for _ in range(FREE - 1):
        storm.failed(CAFE, "ada", 0)
    assert storm.wait(CAFE, "ada", 0) == 0


def test_each_further_failure_doubles_the_wait() -> None:
    storm = Storm()
    waits: list[float] = []
    now = 0.0
    for _ in range(FREE + 12):
        now += storm.wait(CAFE, "ada", now)
        storm.failed(CAFE, "ada", now)
        waits.append(storm.wait(CAFE, "ada", now))
    assert waits[FREE - 1 :][:5] == [2, 4, 8, 16, 32]
    assert max(waits) == LONGEST_WAIT


def test_a_wait_ends() -> None:
    storm = Storm()
    for _ in range(FREE):
        storm.failed(CAFE, "ada", 100)
    assert storm.wait(CAFE, "ada", 101) == 1
    assert storm.wait(CAFE, "ada", 102) == 0


def test_many_machines_that_try_one_account_share_its_tries() -> None:
    storm = Storm()
    for number in range(FREE):
        assert storm.wait(stranger(number), "ada", 0) == 0
        storm.failed(stranger(number), "ada", 0)
    assert storm.wait(stranger(100), "ada", 0) > 0
    assert storm.wait(stranger(100), "bob", 0) == 0


def test_the_owner_at_the_usual_place_waits_for_nobody() -> None:
    storm = Storm()
    storm.succeeded(HOME, "ada", 0)
    for number in range(1000):
        storm.failed(stranger(number), "ada", 1)
    assert storm.wait(stranger(1001), "ada", 1) > 0
    assert storm.wait(HOME, "ada", 1) == 0
    assert storm.place(HOME, "ada", 1)
    assert not storm.place(CAFE, "ada", 1)


def test_even_there_a_guesser_is_slowed_down() -> None:
    storm = Storm()
    storm.succeeded(HOME, "ada", 0)
    for _ in range(FREE):
        storm.failed(HOME, "ada", 1)
    assert storm.wait(HOME, "ada", 1) > 0
    storm.succeeded(HOME, "ada", 10)
    assert storm.wait(HOME, "ada", 10) == 0


def test_who_mistypes_at_a_new_place_and_gets_in_begins_anew() -> None:
    storm = Storm()
    for address in (CAFE, "127.0.0.1"):
        for _ in range(3):
            for _ in range(FREE - 1):
                storm.failed(address, "ada", 0)
            assert storm.wait(address, "ada", 0) == 0
            storm.succeeded(address, "ada", 0)
    # At home nobody can tell whether it was the owner who failed elsewhere.
    storm.succeeded(HOME, "bob", 0)
    for number in range(FREE):
        storm.failed(stranger(number), "bob", 0)
    storm.succeeded(HOME, "bob", 0)
    assert storm.wait(stranger(99), "bob", 0) > 0


def test_one_network_that_tries_many_accounts_is_slowed_down() -> None:
    storm = Storm()
    storm.succeeded(CAFE, "ada", 0)
    for number in range(FREE_OF_NETWORK):
        storm.failed(CAFE, f"name{number}", 1)
    assert storm.wait(CAFE, "bob", 1) > 0
    assert storm.wait(CAFE, "ada", 1) == 0
    assert storm.wait(HOME, "bob", 1) == 0


def test_failures_are_forgotten() -> None:
    storm = Storm()
    for _ in range(50):
        storm.failed(CAFE, "ada", 0)
    assert storm.wait(CAFE, "ada", FORGIVEN) == 0
    storm.failed(CAFE, "ada", FORGIVEN)
    assert storm.wait(CAFE, "ada", FORGIVEN) == 0


def test_a_proxy_that_says_nobodys_address_is_no_network() -> None:
    storm = Storm()
    for number in range(500):
        storm.failed("127.0.0.1", f"name{number}", 0)
    assert storm.wait("127.0.0.1", "ada", 0) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", ""),
        ("127.0.0.53", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("x", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=4), st.booleans(), st.floats(0, 1e6)), max_size=60))
def test_no_wait_is_longer_than_the_longest(tries: list[tuple[str, str, bool, float]]) -> None:
    storm = Storm()
    for address, account, good, now in sorted(tries, key=lambda each: each[3]):
        assert 0 <= storm.wait(address, account, now) <= LONGEST_WAIT
        (storm.succeeded if good else storm.failed)(address, account, now)
