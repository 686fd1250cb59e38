"""A restart of ICE as the focus asks for it: what is answered, and that media stays where it is until it worked."""

import pytest

from pyjitsi.bridge.transport.ice import Credentials
from pyjitsi.xmpp.stanzas import colibri2, ice_udp
from tests.unit.bridge.conftest import Stage, new
from tests.unit.bridge.stun_peer import OTHER, PEER, REMOTE, Peer

RESTART = colibri2.Transport(ice_restart=True)


@pytest.fixture
def peer(stage: Stage) -> Peer:
    """A client that is connected from PEER."""
    peer = Peer(stage, "one")
    peer.check(PEER)
    while not peer.endpoint.ice.selected:
        peer.answer(PEER)
        stage.now += 0.03
        stage.bridge.tick(stage.now)
    return peer


def restart(stage: Stage) -> ice_udp.IceUdpTransport | None:
    """Ask for it; what is answered."""
    (answer,) = stage.ask(colibri2.Endpoint("one", transport=RESTART)).endpoints
    return None if answer.transport is None else answer.transport.ice


def test_new_credentials_come_with_a_generation_and_all_else_as_it_was(stage: Stage, peer: Peer) -> None:
    before = peer.endpoint.credentials
    answer = restart(stage)
    assert answer is not None and answer.ice_generation == 1
    assert answer.ufrag not in (None, before.ufrag) and answer.pwd not in (None, before.pwd)
    assert answer.candidates and answer.fingerprints and answer.web_sockets
    assert peer.endpoint.credentials == before, "the old ones are in use"
    assert restart(stage) == answer, "asked again before the client answered"


def test_media_moves_when_the_new_pair_is_selected_and_the_old_is_forgotten_later(stage: Stage, peer: Peer) -> None:
    key = peer.endpoint.key
    answer = restart(stage)
    assert answer is not None and answer.ufrag and answer.pwd
    new = Credentials(answer.ufrag, answer.pwd)
    tagged = ice_udp.IceUdpTransport(REMOTE.ufrag, REMOTE.pwd, ice_generation=1)
    stage.ask(colibri2.Endpoint("one", transport=colibri2.Transport(ice=tagged)))
    peer.check(OTHER, local=new)
    assert stage.plane.bound[OTHER] == key, "what comes from there is taken at once"
    assert stage.plane.destinations[key] == PEER
    for _ in range(10):
        peer.answer(OTHER)
        stage.now += 0.03
        stage.bridge.tick(stage.now)
    assert stage.plane.destinations[key] == OTHER
    assert stage.plane.checks[key] == (OTHER, f"{new.ufrag}:{REMOTE.ufrag}", new.pwd, True)
    assert len(stage.bridge.demux) == 2
    stage.wait(3.5)
    assert len(stage.bridge.demux) == 1
    assert stage.bridge.ice_restarts == {"started": 1, "succeeded": 1}
    peer.check(OTHER, local=new)
    assert stage.bridge.dropped["stun-unknown"] == 0, "the new ones are known"


def test_an_untagged_update_is_none_of_the_restarts(stage: Stage, peer: Peer) -> None:
    restart(stage)
    stage.ask(colibri2.Endpoint("one", transport=colibri2.Transport(ice=REMOTE)))
    assert peer.endpoint.ice.pending is not None and not peer.endpoint.ice.pending.answered


def test_who_is_not_connected_yet_keeps_the_transport_and_is_told_no_generation(stage: Stage) -> None:
    stage.ask(new("one"), create=True)
    answer = restart(stage)
    assert answer is not None and answer.ice_generation is None
    assert answer.ufrag == stage.conference.endpoints["one"].credentials.ufrag
    assert stage.bridge.ice_restarts == {"not_established": 1}


@pytest.mark.parametrize("why", ["disabled", "failed"])
def test_where_none_can_be_had_there_is_no_transport_and_no_error(stage: Stage, peer: Peer, why: str) -> None:
    if why == "disabled":
        stage.bridge.ice_restart = False
    else:
        peer.endpoint.failed = "ICE: nobody answered"
    assert restart(stage) is None
    assert stage.bridge.ice_restarts == {"rejected": 1}


def test_who_is_gone_is_named(stage: Stage, peer: Peer) -> None:
    with pytest.raises(colibri2.ColibriError, match="no such endpoint"):
        stage.ask(colibri2.Endpoint("two", transport=RESTART))


def test_an_endpoint_that_ends_in_the_middle_leaves_nothing_behind(stage: Stage, peer: Peer) -> None:
    restart(stage)
    assert len(stage.bridge.demux) == 2
    stage.ask(colibri2.Endpoint("one", expire=True))
    assert len(stage.bridge.demux) == 0
    assert stage.bridge.ice_restarts["started"] == 1, "what it did is still counted"
