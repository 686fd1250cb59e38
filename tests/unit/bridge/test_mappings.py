"""What STUN servers say of the media port: rounds, repetition, forged answers, silence."""

import random

import pytest

from pyjitsi.bridge.mappings import Mappings, split_server
from pyjitsi.bridge.plane.api import Address
from pyjitsi.bridge.transport import stun

HOME: Address = ("192.168.4.7", 10000)
SIX: Address = ("2001:db8::5", 10000)
SERVER: Address = ("203.0.113.40", 3478)
OTHER: Address = ("203.0.113.41", 3478)


def asked(
    *ours: Address, servers: tuple[Address, ...] = (SERVER,)
) -> tuple[Mappings, list[tuple[str, bytes, Address]]]:
    mappings = Mappings(ours or (HOME,), random.Random(7))
    mappings.ask(servers, 0.0)
    return mappings, mappings.take_transmits(0.0)


def answer(request: bytes, public: Address) -> bytes:
    return stun.binding_success(stun.parse(request), public, b"any")


def test_the_public_address_is_learnt_from_the_media_port() -> None:
    mappings, [(local, request, to)] = asked()
    assert (local, to) == (HOME[0], SERVER)
    assert mappings.receive(answer(request, ("198.51.100.9", 10000)), SERVER)
    assert mappings.found == {HOME[0]: (("198.51.100.9", 10000),)}
    assert not mappings.waiting


def test_a_port_that_nat_changed_is_offered_with_our_own_behind_it() -> None:
    mappings, [(_, request, _)] = asked()
    mappings.receive(answer(request, ("198.51.100.9", 31000)), SERVER)
    assert mappings.found == {HOME[0]: (("198.51.100.9", 31000), ("198.51.100.9", 10000))}


def test_without_nat_there_is_nothing_to_offer() -> None:
    mappings, [(_, request, _)] = asked()
    mappings.receive(answer(request, HOME), SERVER)
    assert mappings.found == {HOME[0]: ()}


def test_each_family_asks_its_own_servers() -> None:
    _, sent = asked(HOME, SIX, servers=(SERVER, OTHER, ("2001:db8::40", 3478)))
    assert [(local, to[0]) for local, _, to in sent] == [
        (HOME[0], SERVER[0]), (HOME[0], OTHER[0]), (SIX[0], "2001:db8::40"),
    ]  # fmt: skip


def test_two_servers_that_say_the_same_are_one_candidate() -> None:
    mappings, sent = asked(servers=(SERVER, OTHER))
    for _, request, to in sent:
        mappings.receive(answer(request, ("198.51.100.9", 10000)), to)
    assert mappings.found == {HOME[0]: (("198.51.100.9", 10000),)}


def test_what_was_not_asked_or_comes_from_elsewhere_is_not_believed() -> None:
    mappings, [(_, request, _)] = asked()
    forged = answer(request, ("198.51.100.66", 6))
    assert not mappings.receive(forged, OTHER)
    assert not mappings.receive(forged[:8] + bytes(12) + forged[20:], SERVER)
    assert mappings.receive(forged[:-1], SERVER)  # ours, but not to be read
    assert mappings.receive(stun.binding_error(stun.parse(request), 400, "no", None), SERVER)
    assert mappings.found == {} and mappings.waiting


def test_questions_are_repeated_and_given_up() -> None:
    mappings, first = asked()
    now, sent, times = 0.0, [data for _, data, _ in first], [0.0]
    while mappings.waiting:
        now += 0.1
        for _, data, _ in mappings.take_transmits(now):
            sent.append(data)
            times.append(round(now, 1))
    assert times == pytest.approx([0.0, 0.5, 1.5, 3.5, 7.5], abs=0.11) and set(sent) == {sent[0]}
    assert now == pytest.approx(15.5, abs=0.2) and not mappings.answered


def test_silence_keeps_what_was_found_and_a_new_answer_replaces_it() -> None:
    mappings, [(_, request, _)] = asked()
    mappings.receive(answer(request, ("198.51.100.9", 10000)), SERVER)
    mappings.ask((SERVER,), 100.0)
    [(_, request, _)] = mappings.take_transmits(100.0)
    assert mappings.found == {HOME[0]: (("198.51.100.9", 10000),)}
    mappings.receive(answer(request, ("198.51.100.10", 10000)), SERVER)
    assert mappings.found == {HOME[0]: (("198.51.100.10", 10000),)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stun.example", ("stun.example", 3478)),
        ("stun.example:443", ("stun.example", 443)),
        ("192.0.2.1:5", ("192.0.2.1", 5)),
        ("[2001:db8::1]:5", ("2001:db8::1", 5)),
        ("[2001:db8::1]", ("2001:db8::1", 3478)),
        ("2001:db8::1", ("2001:db8::1", 3478)),
    ],
)
def test_servers_are_read(text: str, expected: tuple[str, int]) -> None:
    assert split_server(text) == expected
