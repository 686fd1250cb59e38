"""What is left of a peer's DTLS once it gave the keys."""

import time

import pytest

from pyjitsi.bridge.plane.api import Datagram
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.bridge.transport.dtls import DtlsTransport
from pyjitsi.xmpp.stanzas import colibri2
from pyjitsi.xmpp.stanzas.ice_udp import Fingerprint, IceUdpTransport
from tests.unit.bridge.conftest import Stage
from tests.unit.bridge.stun_peer import PEER, REMOTE, Peer


class Carried:
    """A data channel's carrier that keeps what it is given."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.stands: bool = False

    def connected(self) -> None:
        self.stands = True

    def receive(self, data: bytes) -> None:
        self.received.append(data)

    def close(self) -> None:
        pass


def connect(stage: Stage, carrier: Carried | None) -> tuple[Peer, DtlsTransport]:
    """A client that went through ICE and DTLS, with a data channel or without."""
    peer, own = Peer(stage, "one"), Certificate.generate(time.time())
    peer.endpoint.data = carrier
    ours = IceUdpTransport(REMOTE.ufrag, REMOTE.pwd, fingerprints=(Fingerprint(*own.fingerprint, "active"),))
    stage.ask(colibri2.Endpoint("one", transport=colibri2.Transport(ice=ours)))
    peer.check(PEER)
    assert peer.answer(PEER)
    client = DtlsTransport(own, now=stage.now)
    client.start("client", (Fingerprint(*stage.bridge.certificate.fingerprint, "passive"),), stage.now)
    while flight := client.take_transmits():
        carry(stage, flight)
        for data, _ in stage.bridge.take_transmits():
            if 20 <= data[0] <= 63:
                client.receive(data, stage.now)
    assert client.connected
    assert peer.endpoint.connected
    return peer, client


def carry(stage: Stage, flight: list[bytes]) -> None:
    stage.plane.events += [Datagram(data, PEER, stage.now) for data in flight]
    stage.bridge.pump(stage.now)


def test_without_a_data_channel_it_rests(stage: Stage) -> None:
    peer, client = connect(stage, None)
    assert peer.endpoint.dtls.resting
    client.send(b"unasked")
    carry(stage, client.take_transmits())
    client.close()
    carry(stage, client.take_transmits())
    assert stage.bridge.faults == 0
    assert not peer.endpoint.failed


@pytest.mark.parametrize("text", [b"one", b"x" * 1100])
def test_with_one_it_goes_on(stage: Stage, text: bytes) -> None:
    carrier = Carried()
    peer, client = connect(stage, carrier)
    client.send(text)
    carry(stage, client.take_transmits())
    assert (carrier.stands, carrier.received) == (True, [text])
    assert not peer.endpoint.dtls.resting
