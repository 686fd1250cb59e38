"""Whose a datagram is: ufrag, transaction, address; and who may take an address from whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjitsi.bridge.flood import REMEMBERED, AddressBudget
from pyjitsi.bridge.plane.api import Address, Datagram
from pyjitsi.bridge.transport import stun
from pyjitsi.xmpp.stanzas import colibri2, ice_udp
from tests.unit.bridge.conftest import Stage, new
from tests.unit.bridge.stun_peer import OTHER, PEER, Peer

HELLO = bytes([22]) + b"\xfe\xfd" + bytes(50)


@pytest.fixture
def peer(stage: Stage) -> Peer:
    return Peer(stage, "one")


def test_a_check_with_the_right_password_binds_its_address(stage: Stage, peer: Peer) -> None:
    peer.check(PEER)
    assert stage.plane.bound == {PEER: peer.endpoint.key}
    assert not stage.plane.destinations, "nothing is sent there before a check of ours was answered"
    assert peer.answer(PEER)
    assert stage.plane.destinations == {peer.endpoint.key: PEER}


def test_a_check_with_a_wrong_password_binds_nothing(stage: Stage, peer: Peer) -> None:
    peer.check(PEER, password="w" * 24)
    assert stage.plane.bound == {}


def test_dtls_from_an_address_that_ice_never_saw_is_dropped_and_counted(stage: Stage, peer: Peer) -> None:
    peer.say(HELLO, PEER)
    peer.say(HELLO, PEER)
    assert stage.bridge.dropped["dtls-unvalidated"] == 2
    assert not stage.bridge.take_transmits()
    peer.check(PEER)
    peer.say(HELLO, OTHER)
    assert stage.bridge.dropped["dtls-unvalidated"] == 3


def test_stun_of_one_address_is_taken_within_a_budget_and_nobody_else_pays(stage: Stage, peer: Peer) -> None:
    for _ in range(1000):  # all at once
        stage.plane.events.append(Datagram(peer.request(), PEER, stage.now))
    stage.bridge.pump(stage.now)
    answers = [data for data, to in stage.bridge.take_transmits() if to == PEER and data[:2] == b"\x01\x01"]
    assert len(answers) == 200
    assert stage.bridge.dropped["stun-rate"] == 800
    peer.check(OTHER)
    assert OTHER in stage.plane.bound
    stage.now += 1
    peer.check(PEER)
    assert stage.bridge.dropped["stun-rate"] == 800


def test_budgets_of_addresses_are_bounded() -> None:
    budget = AddressBudget()
    for port in range(REMEMBERED * 2):
        assert budget.allow(("198.51.100.1", port), 1.0)
    assert len(budget) == REMEMBERED


def test_stun_for_nobody_is_dropped_and_counted(stage: Stage, peer: Peer) -> None:
    stranger = stun.binding_request(b"1" * 12, "nobody:peer", b"k", priority=1, controlling=False, tie_breaker=1)
    peer.say(stranger, PEER)
    peer.say(b"\x00\x01\x00\x00", PEER)
    assert stage.bridge.dropped["stun-unknown"] == 2


def test_an_answer_from_a_signalled_candidate_finds_its_endpoint(stage: Stage, peer: Peer) -> None:
    candidate = ice_udp.Candidate("1", 1, "udp", 100, PEER[0], PEER[1], "host")
    transport = ice_udp.IceUdpTransport(ufrag="peer", pwd="p" * 22, candidates=(candidate,))
    stage.ask(colibri2.Endpoint("one", transport=colibri2.Transport(ice=transport)))
    stage.wait(0.1)
    assert peer.answer(PEER)
    assert stage.plane.bound == {PEER: peer.endpoint.key}
    assert stage.plane.destinations == {peer.endpoint.key: PEER}


def test_a_forged_request_takes_no_address_from_another(stage: Stage, peer: Peer) -> None:
    peer.check(PEER)
    peer.answer(PEER)
    thief = Peer(stage, "two")
    stage.bridge.take_transmits()
    thief.check(PEER)
    assert stage.plane.bound == {PEER: peer.endpoint.key}
    peer.say(HELLO, PEER)
    assert stage.bridge.dropped["dtls-unvalidated"] == 0
    assert thief.endpoint.validated == set()


def test_an_address_moves_to_who_answers_there(stage: Stage, peer: Peer) -> None:
    peer.check(PEER)
    peer.answer(PEER)
    newcomer = Peer(stage, "two")
    stage.bridge.take_transmits()
    newcomer.check(PEER)
    assert newcomer.answer(PEER)
    assert stage.plane.bound == {PEER: newcomer.endpoint.key}
    assert peer.endpoint.validated == set()
    stage.ask(colibri2.Endpoint("one", expire=True))
    assert stage.plane.bound == {PEER: newcomer.endpoint.key}
    assert stage.bridge.demux.at(PEER) is newcomer.endpoint


def test_who_ended_is_found_no_more(stage: Stage, peer: Peer) -> None:
    peer.check(PEER)
    Peer(stage, "two")
    stage.ask(colibri2.Endpoint("one", expire=True))
    stage.bridge.take_transmits()
    peer.check(PEER)
    peer.say(HELLO, PEER)
    assert (stage.bridge.dropped["stun-unknown"], stage.bridge.dropped["dtls-unvalidated"]) == (1, 1)
    assert not [to for _, to in stage.bridge.take_transmits() if to == PEER]


def test_without_consent_nothing_is_sent_until_the_peer_answers_again(stage: Stage, peer: Peer) -> None:
    peer.check(PEER)
    for _ in range(20):
        peer.answer(PEER)
    assert peer.endpoint.ice.selected == PEER
    stage.wait(31.0, lambda: [peer.endpoint])
    assert stage.plane.destinations == {}
    assert "one" in stage.conference.endpoints, "media still comes from there"
    stage.bridge.take_transmits()
    peer.check(PEER)
    for _ in range(20):
        peer.answer(PEER)
    assert stage.plane.destinations == {peer.endpoint.key: PEER}


def test_checks_that_nobody_answers_are_forgotten(stage: Stage, peer: Peer) -> None:
    peer.check(PEER)
    (request,) = [data for data, _ in stage.bridge.take_transmits() if data[:2] == b"\x00\x01"][:1]
    assert stage.bridge.demux.of_stun(b"\x01\x01" + request[2:20], OTHER) is peer.endpoint
    stage.ask(new("keeps-the-room"))
    stage.now += 45
    stage.bridge.demux.forget_old_checks(stage.now)
    assert stage.bridge.demux.of_stun(b"\x01\x01" + request[2:20], OTHER) is None


@given(st.binary(min_size=1, max_size=200), st.sampled_from([PEER, OTHER]))
def test_no_datagram_is_a_fault(data: bytes, address: Address) -> None:
    stage = Stage()
    peer = Peer(stage, "one")
    peer.check(PEER)
    peer.say(bytes([data[0] % 4]) + data[1:], address)
    peer.say(bytes([20 + data[0] % 44]) + data[1:], address)
    assert stage.bridge.faults == 0
