"""The ICE agent as its peer sees it."""

import itertools
import random

import aioice.stun
import pytest

from pyjitsi.bridge.transport import stun
from pyjitsi.bridge.transport.ice import (
    Authenticated,
    Candidate,
    ConsentLost,
    Credentials,
    Failed,
    IceAgent,
    Selected,
    Validated,
)
from pyjitsi.bridge.transport.stun import Class
from tests.unit.transport.network import BRIDGE, CLIENT, Host, Network

THEM = Credentials("remoteufrag", "r" * 24)
US = Credentials("localufrag", "l" * 24)


def agent(controlling: bool = True, local: Credentials = US, tie_breaker: int = 7) -> IceAgent:
    return IceAgent(controlling, local, tie_breaker=tie_breaker, rng=random.Random(tie_breaker))


def candidate(ip: str = BRIDGE[0], port: int = BRIDGE[1], protocol: str = "udp", component: int = 1) -> Candidate:
    return Candidate("1", component, protocol, 2130706431, ip, port, "host")


def meeting(network: Network, *, client_first: float = 0.0, client_controlling: bool = False) -> tuple[Host, Host]:
    """A bridge that knows no candidates of its client, and a client that knows the bridge's."""
    bridge = network.add(agent(), BRIDGE)
    client = network.add(agent(client_controlling, THEM, 3), CLIENT)
    client.agent.set_remote(US, [candidate()], network.now)
    network.run(client_first)
    bridge.agent.set_remote(THEM, [], network.now)
    return bridge, client


def check(  # one check as a browser sends it
    *,
    username: str = "localufrag:remoteufrag",
    password: str = US.pwd,
    controlling: bool = False,
    tie_breaker: int = 3,
    nominate: bool = False,
) -> bytes:
    return stun.binding_request(
        b"t" * 12,
        username,
        password.encode(),
        priority=1862270975,
        controlling=controlling,
        tie_breaker=tie_breaker,
        nominate=nominate,
    )


def test_a_client_without_candidates_is_found_by_its_own_check() -> None:
    network = Network()
    bridge, client = meeting(network)
    network.run(1)
    assert bridge.saw(Validated) == [Validated(CLIENT)]
    assert bridge.saw(Selected) == [Selected(CLIENT)]
    assert client.saw(Selected) == [Selected(BRIDGE)]
    assert bridge.agent.selected == CLIENT
    # Client's check, the bridge's check and its nomination: each a quarter of the way there and back.
    assert bridge.time_of(Authenticated) == pytest.approx(100.01)
    assert bridge.time_of(Validated) == pytest.approx(100.03)
    assert bridge.time_of(Selected) == pytest.approx(100.05)


def test_checks_that_come_before_the_answer_are_answered_and_remembered() -> None:
    network = Network()
    bridge, client = meeting(network, client_first=2.0)
    assert client.saw(Validated) == [Validated(BRIDGE)]
    assert bridge.saw(Validated) == []
    network.run(0.1)
    assert bridge.saw(Selected) == [Selected(CLIENT)]


def test_the_nat_address_is_the_one_that_is_used_and_reported() -> None:
    outside = ("203.0.113.9", 61234)
    network = Network()

    def nat(source: tuple[str, int], to: tuple[str, int]) -> tuple[tuple[str, int], tuple[str, int]] | None:
        if to == CLIENT:
            return None
        return (outside if source == CLIENT else source), (CLIENT if to == outside else to)

    network.route = nat
    bridge, client = meeting(network)
    network.run(1)
    assert bridge.saw(Selected) == [Selected(outside)]
    assert client.saw(Selected) == [Selected(BRIDGE)]
    answer = next(stun.parse(data) for _, source, to, data in network.sent if source == BRIDGE and to == outside)
    assert answer.mapped == outside


@pytest.mark.parametrize("seed", range(20))
def test_loss_and_reorder_only_cost_time(seed: int) -> None:
    network = Network(seed, delay=0.03, jitter=0.1, loss=0.3)
    bridge, client = meeting(network)
    network.run(20)
    assert bridge.saw(Selected) == [Selected(CLIENT)]
    assert client.saw(Selected) == [Selected(BRIDGE)]
    assert bridge.saw(ConsentLost) == []
    network.run(300)
    assert bridge.agent.selected == CLIENT


def test_signalled_candidates_are_checked_when_the_client_is_silent() -> None:
    network = Network()
    bridge = network.add(agent(), BRIDGE)
    client = network.add(agent(False, THEM, 3), CLIENT)
    bridge.agent.set_remote(
        THEM,
        [
            candidate("b2b6f0a0-7e1c-4f0e-8f5e-0123456789ab.local", 5000),
            candidate(*CLIENT, protocol="tcp"),
            candidate(*CLIENT, component=2),
            candidate("224.0.0.1", 5000),
            candidate("0.0.0.0", 5000),
            candidate("255.255.255.255", 5000),
            candidate("198.51.100.8", 0),
            candidate("not an address", 5000),
            candidate(*CLIENT),
        ],
        network.now,
    )
    network.run(1)
    assert {to for _, source, to, _ in network.sent if source == BRIDGE} == {CLIENT}
    assert client.agent.next_timeout() is None  # it has no credentials of the bridge, so it only answers
    assert bridge.saw(Validated) == [Validated(CLIENT)]


def test_retransmissions_double_from_100_ms_to_1600_ms() -> None:
    network = Network()
    bridge = network.add(agent(), BRIDGE)
    bridge.agent.set_remote(THEM, [candidate(*CLIENT)], network.now)
    network.run(60)
    times = [round(at - 100.0, 3) for at, _, _, _ in network.sent]
    assert times == [0.0, 0.1, 0.3, 0.7, 1.5, 3.1, 4.7]
    assert len({data for _, _, _, data in network.sent}) == 1
    assert bridge.events == [(139.5, Failed("no address of the peer answered within 39.5 s"))]
    assert bridge.agent.next_timeout() is None


def test_checks_are_20_ms_apart() -> None:
    network = Network()
    bridge = network.add(agent(), BRIDGE)
    bridge.agent.set_remote(THEM, [candidate("198.51.100.7", 5000 + n) for n in range(5)], network.now)
    network.run(0.09)
    firsts = {to: at for at, _, to, _ in reversed(network.sent)}
    assert sorted(round(at - 100.0, 3) for at in firsts.values()) == [0.0, 0.02, 0.04, 0.06, 0.08]


def test_nobody_coming_fails_only_after_patience() -> None:
    network = Network()
    bridge = network.add(agent(), BRIDGE)
    assert bridge.agent.next_timeout() is None
    bridge.agent.set_remote(THEM, [], network.now)
    network.run(39)
    assert bridge.events == []
    network.run(1)
    assert bridge.saw(Failed) == [Failed("no address of the peer answered within 39.5 s")]
    bridge.agent.receive(check(), CLIENT, network.now)
    assert bridge.agent.take_transmits() == []


@pytest.mark.parametrize(("delay", "port", "at"), [(0.03, 2, 100.1), (0.2, 1, 100.11)])
def test_a_better_pair_in_progress_is_waited_for_but_not_long(delay: float, port: int, at: float) -> None:
    network = Network()
    bridge = network.add(agent(), BRIDGE)
    for each in (1, 2):
        network.add(agent(False, THEM, 3), (CLIENT[0], each))
    network.slow[CLIENT[0], 2] = delay
    candidates = [Candidate("1", 1, "udp", 1000 + each, CLIENT[0], each, "host") for each in (1, 2)]
    bridge.agent.set_remote(THEM, candidates, network.now)
    network.run(3)
    assert bridge.time_of(Validated) == pytest.approx(100.04)
    assert bridge.saw(Selected) == [Selected((CLIENT[0], port))]
    assert bridge.time_of(Selected) == pytest.approx(at)


def test_a_wrong_password_is_answered_401_and_leaves_no_trace() -> None:
    bridge = agent()
    bridge.set_remote(THEM, [], 0.0)
    for data in (check(password="x" * 24), check(username="otherufrag:remoteufrag")):
        bridge.receive(data, CLIENT, 0.0)
        [(answer, to)] = bridge.take_transmits()
        assert to == CLIENT
        assert stun.parse(answer).error == (401, "Unauthenticated")
        assert len(answer) < len(data)
    assert bridge.take_events() == []
    assert bridge.refused == {"wrong-password": 2}
    assert len(bridge.pairs) == 0


def test_a_check_without_integrity_is_answered_400() -> None:
    message = aioice.stun.Message(
        aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST, b"t" * 12, {"USERNAME": "localufrag:remoteufrag"}
    )
    message.add_fingerprint()
    bridge = agent()
    bridge.receive(bytes(message), CLIENT, 0.0)
    [(answer, _)] = bridge.take_transmits()
    assert stun.parse(answer).error == (400, "Bad Request")
    assert bridge.take_events() == []


def test_an_answer_that_is_not_signed_or_comes_from_elsewhere_validates_nothing() -> None:
    bridge = agent()
    bridge.set_remote(THEM, [candidate(*CLIENT)], 0.0)
    [(request, _)] = bridge.take_transmits()
    parsed = stun.parse(request)
    good = stun.binding_success(parsed, BRIDGE, THEM.pwd.encode())
    bridge.receive(stun.binding_success(parsed, BRIDGE, b"x" * 24), CLIENT, 0.01)
    bridge.receive(stun.binding_error(parsed, 487, "Role Conflict", None), CLIENT, 0.01)
    bridge.receive(good, ("198.51.100.66", 1), 0.01)
    assert bridge.take_events() == []
    assert bridge.controlling
    assert bridge.refused == {"bad-answer": 3}
    bridge.receive(good, CLIENT, 0.02)
    assert bridge.take_events() == [Validated(CLIENT)]
    bridge.receive(good, CLIENT, 0.03)
    assert bridge.take_events() == []


def test_an_ipv4_mapped_client_is_told_its_ipv4_address() -> None:
    bridge = agent()
    bridge.receive(check(), ("::ffff:198.51.100.7", 40001), 0.0)
    [(answer, to)] = bridge.take_transmits()
    assert to == ("::ffff:198.51.100.7", 40001)
    assert stun.parse(answer).mapped == CLIENT


def test_an_ipv6_client_is_answered_and_validated() -> None:
    network = Network()
    bridge = network.add(agent(), ("2001:db8::1", 10000))
    client = network.add(agent(False, THEM, 3), ("2001:db8::2", 40001))
    client.agent.set_remote(US, [candidate("2001:DB8:0:0::1", 10000)], network.now)
    bridge.agent.set_remote(THEM, [], network.now)
    network.run(1)
    assert bridge.saw(Selected) == [Selected(("2001:db8::2", 40001))]
    assert client.saw(Selected) == [Selected(("2001:db8::1", 10000))]


@pytest.mark.parametrize("tie_breaker", [1, 9])
@pytest.mark.parametrize("controlling", [True, False])
def test_role_conflicts_end_with_one_controlling_side(controlling: bool, tie_breaker: int) -> None:
    network = Network()
    bridge = network.add(agent(controlling, US, tie_breaker), BRIDGE)
    client = network.add(agent(controlling, THEM, 5), CLIENT)
    client.agent.set_remote(US, [candidate()], network.now)
    bridge.agent.set_remote(THEM, [], network.now)
    network.run(2)
    assert bridge.agent.controlling == (tie_breaker > 5)
    assert client.agent.controlling == (tie_breaker < 5)
    assert bridge.saw(Selected) == [Selected(CLIENT)]
    assert client.saw(Selected) == [Selected(BRIDGE)]


def test_the_greater_tie_breaker_answers_487_signed() -> None:
    bridge = agent(tie_breaker=7)
    data = check(controlling=True, tie_breaker=6)
    bridge.receive(data, CLIENT, 0.0)
    [(answer, _)] = bridge.take_transmits()
    message = stun.parse(answer)
    assert message.error == (487, "Role Conflict")
    assert message.is_from(US.pwd.encode())
    assert bridge.take_events() == []


def test_consent_is_asked_every_five_seconds_on_the_selected_pair_only() -> None:
    network = Network()
    bridge, _ = meeting(network)
    network.run(1)
    before = len(network.sent)
    network.run(300)
    asked = [
        at
        for at, source, _, data in network.sent[before:]
        if source == BRIDGE and stun.parse(data).kind is Class.REQUEST
    ]
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert all(4.0 <= gap <= 6.1 for gap in gaps)
    assert len({round(gap, 3) for gap in gaps}) > 10
    assert bridge.agent.selected == CLIENT
    assert len(bridge.agent.pairs) == 1


def test_consent_ends_30_seconds_after_the_last_answer_and_comes_back_with_the_client() -> None:
    network = Network()
    bridge, client = meeting(network)
    network.run(1)
    network.route = lambda source, to: None
    gone = network.now
    network.run(29)
    assert bridge.saw(ConsentLost) == []
    network.run(7)
    assert bridge.saw(ConsentLost) == [ConsentLost()]
    assert 25 <= bridge.time_of(ConsentLost) - gone <= 31
    assert bridge.agent.selected is None
    network.route = lambda source, to: (source, to)
    network.send(CLIENT, BRIDGE, check())
    network.run(1)
    assert bridge.saw(Selected) == [Selected(CLIENT), Selected(CLIENT)]
    assert client.agent.selected == BRIDGE


def test_a_client_that_never_comes_back_fails_the_agent() -> None:
    network = Network()
    bridge, _ = meeting(network)
    network.run(1)
    network.route = lambda source, to: None
    network.run(90)
    assert [type(event) for _, event in bridge.events][-2:] == [ConsentLost, Failed]


def test_a_client_that_changes_network_is_followed_within_two_seconds() -> None:
    network = Network()
    bridge, client = meeting(network)
    network.run(7)
    moved = ("203.0.113.77", 50123)
    network.move(client, moved)
    network.send(moved, BRIDGE, check())
    at = network.now
    network.run(2)
    assert bridge.saw(Selected) == [Selected(CLIENT), Selected(moved)]
    assert bridge.events[-1][0] - at < 2
    network.run(120)
    assert bridge.saw(ConsentLost) == []
    assert bridge.agent.selected == moved


def test_a_second_address_that_works_does_not_displace_the_first_one() -> None:
    network = Network()
    bridge, client = meeting(network)
    network.run(7)
    second = ("203.0.113.77", 50123)
    network.hosts[second] = client
    network.send(second, BRIDGE, check())
    network.run(60)
    assert Validated(second) in bridge.saw(Validated)
    assert bridge.saw(Selected) == [Selected(CLIENT)]


def test_a_standby_pair_takes_over_before_consent_ends() -> None:
    network = Network()
    bridge, client = meeting(network)
    network.run(1)
    second = ("203.0.113.77", 50123)
    network.hosts[second] = client
    network.send(second, BRIDGE, check())
    network.run(1)
    network.route = lambda source, to: None if CLIENT in (source, to) else (source, to)
    client.address = second
    network.run(25)
    assert bridge.saw(Selected) == [Selected(CLIENT), Selected(second)]
    assert bridge.saw(ConsentLost) == []


def test_a_controlled_agent_follows_the_nomination() -> None:
    controlled = agent(False)
    controlled.set_remote(THEM, [], 0.0)
    controlled.receive(check(controlling=True, nominate=True), CLIENT, 0.0)
    sent = [stun.parse(data) for data, _ in controlled.take_transmits()]
    request = next(message for message in sent if message.kind is Class.REQUEST)
    assert request.controlled == 7
    assert not request.nominates
    assert controlled.selected is None
    controlled.receive(stun.binding_success(request, BRIDGE, THEM.pwd.encode()), CLIENT, 0.01)
    assert controlled.take_events() == [Authenticated(CLIENT), Validated(CLIENT), Selected(CLIENT)]


def test_endless_renomination_costs_an_answer_each_and_nothing_that_stays() -> None:
    """A peer that nominates its addresses in turn is followed, but by one answer a check and no memory."""
    controlled = agent(False)
    controlled.set_remote(THEM, [], 0.0)
    addresses = [CLIENT, ("198.51.100.8", 40002)]
    now = 0.0
    for address in addresses:  # both work
        controlled.receive(check(controlling=True, nominate=True), address, now)
        now += 0.05
        controlled.tick(now)
        for data, to in controlled.take_transmits():
            if (request := stun.parse(data)).kind is Class.REQUEST:
                controlled.receive(stun.binding_success(request, BRIDGE, THEM.pwd.encode()), to, now)
    controlled.take_transmits()
    controlled.take_events()
    for turn in range(2000):
        now += 0.001
        controlled.receive(check(controlling=True, nominate=True), addresses[turn % 2], now)
        assert controlled.take_events() == [Selected(addresses[turn % 2])]
        controlled.tick(now)
        sent = [stun.parse(data).kind for data, _ in controlled.take_transmits()]
        assert sent.count(Class.RESPONSE) == 1 and len(sent) <= 2
    assert len(controlled.pairs) == 2
    assert controlled.selected == addresses[1]


def test_a_peer_that_disputes_the_role_for_ever_is_given_up() -> None:
    """Each 487 makes the agent change its role and ask again (RFC 8445 section 7.2.5.1), but at its own pace."""
    disputed = agent()
    disputed.set_remote(THEM, [candidate(*CLIENT)], 0.0)
    now, asked = 0.0, 0
    while now < 60 and not disputed.failed:
        now += 0.001
        disputed.tick(now)
        for data, to in disputed.take_transmits():
            asked += 1
            error = stun.binding_error(stun.parse(data), 487, "Role Conflict", THEM.pwd.encode())
            disputed.receive(error, to, now)
    assert disputed.failed and now == pytest.approx(39.5, abs=0.1)
    assert asked < 40 / 0.02


def test_a_nomination_that_nobody_answers_leaves_the_other_valid_pair() -> None:
    network = Network()
    bridge = network.add(agent(), BRIDGE)
    dying, living = ("198.51.100.7", 1), ("198.51.100.7", 2)
    client = network.add(agent(False, THEM, 3), dying)
    network.hosts[living] = client
    bridge.agent.set_remote(THEM, [candidate(*dying), candidate(*living)], network.now)
    network.run(0.015)
    network.route = lambda source, to: None if to == dying else (source, to)
    network.run(10)
    assert bridge.saw(Selected) == [Selected(living)]


def test_new_credentials_of_a_restarted_peer_are_used() -> None:
    network = Network()
    bridge, client = meeting(network)
    network.run(1)
    fresh = Credentials("freshufrag", "f" * 24)
    network.hosts[CLIENT].agent = restarted = agent(False, fresh, 3)
    restarted.set_remote(US, [candidate()], network.now)
    bridge.agent.set_remote(fresh, [], network.now)
    network.run(120)
    assert bridge.saw(ConsentLost) == []
    assert client.agent.selected is None or client.agent.selected == BRIDGE


def test_pairs_are_bounded_and_the_selected_one_stays() -> None:
    network = Network()
    bridge, _ = meeting(network)
    network.run(1)
    for port in range(1, 301):
        bridge.agent.receive(check(), ("203.0.113.5", port), network.now)
        network.now += 0.001
    network.run(60)
    assert len(bridge.agent.pairs) == 100
    assert bridge.agent.selected == CLIENT
    bridge.agent.set_remote(THEM, [candidate("198.51.100.9", port) for port in range(1, 301)], network.now)
    assert len(bridge.agent.pairs) == 100
    network.run(60)
    assert bridge.agent.selected == CLIENT


@pytest.mark.parametrize(
    ("ufrag", "pwd", "message"),
    [
        ("abc", "p" * 22, "the ICE ufrag has 3 characters instead of 4 to 256"),
        ("abcd", "p" * 21, "the ICE pwd has 21 characters instead of 22 to 256"),
        ("ab:d", "p" * 22, "the ICE ufrag has a character other than letters, digits, \\+ and /"),
        ("abcd", "p" * 257, "the ICE pwd has 257 characters instead of 22 to 256"),
        ("äbcd", "p" * 22, "the ICE ufrag has a character"),
    ],
)
def test_credentials_that_the_grammar_forbids_are_refused(ufrag: str, pwd: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Credentials(ufrag, pwd)


def test_generated_credentials_differ_and_take_a_prefix() -> None:
    made = {Credentials.generate(prefix="jvb1") for _ in range(50)}
    assert len(made) == 50
    assert all(each.ufrag.startswith("jvb1") and len(each.pwd) == 24 for each in made)
    assert Credentials.generate(random.Random(1)) == Credentials.generate(random.Random(1))
    assert made.pop().pwd not in repr(made)
