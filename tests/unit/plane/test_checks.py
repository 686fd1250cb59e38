"""Checks that a connected peer repeats are answered by the plane itself, and only those."""

import random
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.bridge.plane.api import Datagram
from pyjitsi.bridge.plane.compiled import CompiledPlane
from pyjitsi.bridge.transport import stun
from tests.support.media_peer import MediaPeer

USER, PASSWORD, KEY = "ours:theirs", "p" * 24, b"p" * 24
V4, V6 = ("198.51.100.7", 40001), ("2001:db8::7", 40001)
ELSEWHERE = ("198.51.100.8", 40001)


def check(
    number: int = 1, user: str = USER, key: bytes = KEY, *, theirs: bool = False, nominate: bool = False
) -> bytes:
    """A check as the peer sends it; ``theirs``: the peer claims to control."""
    return stun.binding_request(
        number.to_bytes(12, "big"), user, key, priority=1, controlling=theirs, tie_breaker=5, nominate=nominate
    )


class Stage:
    """A plane with one peer, connected from an address."""

    def __init__(self, address: tuple[str, int] = V4, *, controlling: bool = True) -> None:
        self.plane: CompiledPlane = CompiledPlane()
        self.plane.add_conference(1, 7001, 7002)
        self.peer: MediaPeer = MediaPeer(self.plane, 1, 1)
        self.address: tuple[str, int] = address
        self.plane.bind(address, 1)
        self.plane.set_destination(1, address)
        self.plane.answer_checks(1, address, USER, PASSWORD, controlling=controlling)

    def ask(self, data: bytes, address: tuple[str, int] | None = None) -> tuple[list[bytes], list[bytes]]:
        """What is answered, and what control sees."""
        self.plane.receive(data, address or self.address, 5.0)
        answers = [data for data, to in self.plane.take_transmits() if to == self.address]
        return answers, [event.data for event in self.plane.take_events() if isinstance(event, Datagram)]


@pytest.mark.parametrize("address", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("controlling", [True, False])
def test_a_check_that_says_nothing_new_is_answered_as_control_would(
    address: tuple[str, int], controlling: bool
) -> None:
    stage = Stage(address, controlling=controlling)
    assert stage.plane.last_check(1) == 0
    asked = check(7, theirs=not controlling)
    answers, seen = stage.ask(asked)
    assert answers == [stun.binding_success(stun.parse(asked), address, KEY)]
    assert not seen
    assert stage.plane.last_check(1) == 5.0


def tampered(data: bytes) -> bytes:
    return data[:30] + bytes((data[30] ^ 1,)) + data[31:]


@pytest.mark.parametrize(
    ("data", "address"),
    [
        (check(key=b"x" * 24), V4),
        (check(user="ours:others"), V4),
        (check(theirs=True), V4),
        (check(), ELSEWHERE),
        (tampered(check()), V4),
        (check()[:-1], V4),
        (check() + b"\0\0\0\0", V4),
        (stun.binding_success(stun.parse(check()), V4, KEY), V4),
        (stun.binding_error(stun.parse(check()), 401, "Unauthenticated", None), V4),
    ],
    ids=["password", "user", "role", "address", "tampered", "cut", "longer", "an answer", "an error"],
)
def test_everything_else_is_for_control(data: bytes, address: tuple[str, int]) -> None:
    stage = Stage()
    assert stage.ask(data, address) == ([], [data])
    assert stage.plane.last_check(1) == 0


def test_a_nomination_is_for_control_unless_nominating_is_ours() -> None:
    assert Stage().ask(check(nominate=True))[1] == []
    asked = check(theirs=True, nominate=True)
    assert Stage(controlling=False).ask(asked) == ([], [asked])


def end_checks(stage: Stage) -> None:
    stage.plane.answer_checks(1, None, "", "", controlling=True)


def move(stage: Stage) -> None:
    stage.plane.answer_checks(1, ELSEWHERE, USER, PASSWORD, controlling=True)


def restart(stage: Stage) -> None:
    stage.plane.answer_checks(1, V4, "new:theirs", "q" * 24, controlling=True)


def leave(stage: Stage) -> None:
    stage.plane.remove_endpoint(1)


@pytest.mark.parametrize("change", [end_checks, move, restart, leave])
def test_what_held_before_a_change_holds_no_more(change: Callable[[Stage], None]) -> None:
    stage = Stage()
    assert stage.ask(check(1))[0]
    change(stage)
    assert stage.ask(check(2)) == ([], [check(2)])


def test_a_user_or_password_that_is_too_long_is_left_to_control() -> None:
    for user, password in ((f"ours:{'t' * 100}", PASSWORD), (USER, "p" * 65)):
        stage = Stage()
        stage.plane.answer_checks(1, V4, user, password, controlling=True)
        asked = check(user=user, key=password.encode())
        assert stage.ask(asked) == ([], [asked])


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=12)), max_size=3), st.integers(0, 99), st.booleans()
)
def test_what_is_answered_would_be_answered_by_control_too(
    more: list[tuple[int, bytes]], number: int, reordered: bool
) -> None:
    rng = random.Random(number)
    parts = [attribute(6, USER.encode()), attribute(0x24, b"\0\0\0\1"), attribute(0x8029, bytes(8)),
             *(attribute(kind, value) for kind, value in more)]  # fmt: skip
    if reordered:
        rng.shuffle(parts)
    data = stun._sealed(1, number.to_bytes(12, "big"), b"".join(parts), KEY)  # pyright: ignore[reportPrivateUsage]
    stage = Stage()
    answers, seen = stage.ask(data)
    assert len(answers) + len(seen) == 1
    if answers:
        parsed = stun.parse(data)
        assert parsed.is_from(KEY)
        assert parsed.username == USER
        assert answers == [stun.binding_success(parsed, V4, KEY)]
