"""DTLS as its peer sees it: against a second transport, and against plain pyOpenSSL that offers what we would not."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from pyjitsi.bridge.plane.api import SrtpKeys
from pyjitsi.bridge.transport.certificate import HASHES, digest, strongest
from pyjitsi.bridge.transport.dtls import (
    ApplicationData,
    Certificate,
    Closed,
    Connected,
    DtlsEvent,
    DtlsTransport,
    Failed,
    Fingerprint,
)
from pyjitsi.bridge.transport.records import datagrams
from pyjitsi.bridge.transport.srtp_keys import OFFER, split_keys
from tests.unit.transport.dtls_pair import OURS, THEIRS, exchange, fingerprints, keys_of, pair


def test_both_sides_export_the_same_keys_crosswise_and_gcm_comes_first() -> None:
    server, client = pair()
    exchange(server, client)
    ours, theirs = keys_of(server.take_events()), keys_of(client.take_events())
    assert ours.profile == theirs.profile == "AEAD_AES_128_GCM"
    assert len(ours.receive) == len(ours.send) == 28
    assert (ours.receive, ours.send) == (theirs.send, theirs.receive)
    assert ours.receive != ours.send
    assert server.next_timeout() is None


def test_exported_material_is_client_key_server_key_client_salt_server_salt() -> None:
    material = b"C" * 16 + b"S" * 16 + b"c" * 14 + b"s" * 14
    client, server = b"C" * 16 + b"c" * 14, b"S" * 16 + b"s" * 14
    assert split_keys(b"SRTP_AES128_CM_SHA1_80", material, server=True) == SrtpKeys("AES128_CM_SHA1_80", client, server)
    assert split_keys(b"SRTP_AES128_CM_SHA1_80", material, server=False) == SrtpKeys(
        "AES128_CM_SHA1_80", server, client
    )


def test_keys_are_not_shown_when_an_event_is_logged() -> None:
    assert "kkkk" not in repr(Connected(SrtpKeys("AEAD_AES_128_GCM", b"k" * 28, b"k" * 28)))


def _accept_all(*_arguments: object) -> bool:
    return True


class PlainClient:
    """A client made of bare pyOpenSSL."""

    def __init__(self, profiles: bytes | None, *, certificate: Certificate | None = THEIRS, mtu: int = 1200) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER, _accept_all)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        if certificate is not None:
            context.use_certificate(certificate.x509)
            context.use_privatekey(certificate.key)
        if profiles is not None:
            context.set_tlsext_use_srtp(profiles)
        self.ssl = SSL.Connection(context)
        self.ssl.set_ciphertext_mtu(mtu)
        self.ssl.set_connect_state()

    def step(self, *received: bytes) -> list[bytes]:
        """Take datagrams, give the answer's records as datagrams of their own."""
        for data in received:
            self.ssl.bio_write(data)
        try:
            self.ssl.do_handshake()
        except SSL.Error:
            pass
        try:
            return datagrams(self.ssl.bio_read(65536), 1)
        except SSL.Error:
            return []

    def connect(self, server: DtlsTransport) -> list[DtlsEvent]:
        """Hand-shake; the server's events."""
        data = self.step()
        while data:
            for each in data:
                server.receive(each, 0.0)
            data = self.step(*server.take_transmits())
        return server.take_events()


def started(role_now: float = 0.0) -> DtlsTransport:
    server = DtlsTransport(OURS, now=role_now)
    server.start("server", fingerprints(THEIRS), role_now)
    return server


@pytest.mark.parametrize(
    ("offer", "profile"),
    [
        (b"SRTP_AES128_CM_SHA1_80", "AES128_CM_SHA1_80"),
        (b"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM"),
        (b"SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80", "AEAD_AES_128_GCM"),
    ],
)
def test_the_bridge_chooses_the_srtp_profile(offer: bytes, profile: str) -> None:
    client = PlainClient(offer)
    keys = keys_of(client.connect(started()))
    assert keys.profile == profile
    salt = 14 if profile == "AES128_CM_SHA1_80" else 12
    material = client.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (16 + salt))
    assert keys.receive == material[:16] + material[32 : 32 + salt]
    assert keys.send == material[16:32] + material[32 + salt :]


@pytest.mark.parametrize("offer", [None, b"SRTP_AEAD_AES_256_GCM"])
def test_a_client_without_a_common_profile_gets_no_keys(offer: bytes | None) -> None:
    events = PlainClient(offer).connect(started())
    assert events == [Failed("the peer offers no SRTP protection profile that the bridge has")]


def test_a_client_without_certificate_is_refused() -> None:
    [event] = PlainClient(b"SRTP_AEAD_AES_128_GCM", certificate=None).connect(started())
    assert event == Failed("the DTLS handshake failed: peer did not return a certificate")


def test_a_small_mtu_cuts_handshake_messages_into_fragments_that_are_put_together() -> None:
    keys_of(PlainClient(b"SRTP_AEAD_AES_128_GCM", mtu=256).connect(started()))


HELLO_HEAD = "01 0000a0 0000"  # a message of 160 bytes


@pytest.mark.parametrize(
    "record",
    [
        "",
        HELLO_HEAD + "000000 000000",  # a fragment of nothing, from the beginning
        HELLO_HEAD + "00009f 000000",  # and from its end
        HELLO_HEAD + "000000 0000a0",  # all of it is promised, and none there
        HELLO_HEAD + "fffff0 000001 00",  # from beyond its end
        "01 000000 0000 000000 000000 01",  # a message of nothing, and one byte more
        "01 000000",
        "16:not a handshake",  # application data
    ],
)
def test_records_of_no_sense_do_no_harm_in_a_handshake(record: str) -> None:
    """Five hundred before the hello, as anybody can send them who forges the peer's address."""
    server, client = started(), PlainClient(OFFER)
    [hello] = client.step()
    first, body = (b"\x16", bytes.fromhex(record)) if ":" not in record else (b"\x17", record.encode())
    for number in range(500):
        server.receive(first + hello[1:5] + (number + 1).to_bytes(6, "big") + len(body).to_bytes(2, "big") + body, 0.0)
        server.receive(hello[:11], 0.0)
        assert not server.take_transmits() and not server.take_events()
    for data in datagrams(hello, 1):
        server.receive(data, 0.0)
    data = client.step(*server.take_transmits())
    while data:
        for each in data:
            server.receive(each, 0.0)
        data = client.step(*server.take_transmits())
    assert keys_of(server.take_events()).profile == "AEAD_AES_128_GCM"


def test_a_wrong_fingerprint_fails_with_an_alert_and_without_keys() -> None:
    server, client = DtlsTransport(OURS, now=0.0), DtlsTransport(THEIRS, now=0.0)
    server.start("server", fingerprints(OURS), 0.0)
    client.start("client", fingerprints(OURS), 0.0)
    exchange(server, client)
    actual = digest("sha-256", THEIRS.der)
    assert server.take_events() == [
        Failed(f"the peer's certificate has the sha-256 fingerprint {actual}, which was not signalled")
    ]
    [event] = client.take_events()
    assert isinstance(event, Failed)
    server.send(b"too late")
    client.receive(b"\x16", 0.0)
    assert server.take_transmits() == []
    assert server.next_timeout() is None


def test_a_wrong_fingerprint_of_the_server_fails_the_client_side_too() -> None:
    server, client = DtlsTransport(OURS, now=0.0), DtlsTransport(THEIRS, now=0.0)
    server.start("server", fingerprints(THEIRS), 0.0)
    client.start("client", fingerprints(THEIRS), 0.0)
    exchange(server, client)
    [event] = client.take_events()
    assert isinstance(event, Failed)
    assert "was not signalled" in event.reason


@pytest.mark.parametrize("name", HASHES)
def test_every_hash_is_accepted_in_any_case(name: str) -> None:
    server, client = DtlsTransport(OURS, now=0.0), DtlsTransport(THEIRS, now=0.0)
    value = digest(name, THEIRS.der).lower()
    server.start("server", [Fingerprint(name.upper(), value)], 0.0)
    client.start("client", fingerprints(OURS, "sha-1"), 0.0)
    exchange(server, client)
    keys_of(server.take_events())


def test_only_the_strongest_hash_counts_and_one_of_its_values_is_enough() -> None:
    right, wrong = digest("sha-256", THEIRS.der), digest("sha-256", OURS.der)
    several = [Fingerprint("sha-1", "00"), Fingerprint("sha-256", wrong), Fingerprint("sha-256", right)]
    assert strongest(several) == ("sha-256", frozenset({right, wrong}))
    assert strongest([*several, Fingerprint("sha-512", "AA")]) == ("sha-512", frozenset({"AA"}))


@pytest.mark.parametrize(
    ("signalled", "message"),
    [
        ([], "the peer signalled no certificate fingerprint"),
        ([Fingerprint("md5", "00")], "the peer's fingerprints use md5, none of sha-512, sha-384, sha-256, sha-1"),
    ],
)
def test_start_without_a_usable_fingerprint_is_a_value_error(signalled: list[Fingerprint], message: str) -> None:
    transport = DtlsTransport(OURS, now=0.0)
    with pytest.raises(ValueError, match=message):
        transport.start("server", signalled, 0.0)
    assert not transport.started
    transport.start("server", fingerprints(THEIRS), 0.0)
    with pytest.raises(ValueError, match="DTLS was started already"):
        transport.start("server", fingerprints(THEIRS), 0.0)


def test_a_hello_that_comes_before_start_is_kept_and_the_queue_is_bounded() -> None:
    server, client = DtlsTransport(OURS, now=0.0), DtlsTransport(THEIRS, now=0.0)
    for _ in range(1000):
        server.receive(b"\x16" * 1200, 0.0)
    assert len(server._early) == 128  # pyright: ignore[reportPrivateUsage]
    client.start("client", fingerprints(OURS), 0.0)
    for data in client.take_transmits():
        server.receive(data, 0.0)
    assert server.take_transmits() == []
    server.start("server", fingerprints(THEIRS), 1.0)
    exchange(server, client, 1.0)
    keys_of(server.take_events())


def test_application_data_keeps_message_borders() -> None:
    server, client = pair()
    exchange(server, client)
    server.take_events()
    client.send(b"one")
    client.send(b"")
    client.send(b"x" * 1189)
    first, second = client.take_transmits()
    server.receive(second, 0.0)
    server.receive(first + second, 0.0)  # a second copy is a replay
    assert server.take_events() == [ApplicationData(b"x" * 1189), ApplicationData(b"one")]
    with pytest.raises(ValueError, match="16385 bytes do not fit into a DTLS record"):
        client.send(b"x" * 16385)


def test_application_data_before_connected_is_dropped() -> None:
    server, client = pair()
    server.send(b"early")
    assert server.take_transmits() == []
    exchange(server, client)
    assert len(client.take_events()) == 1


def test_close_is_said_to_the_peer_and_ends_both() -> None:
    server, client = pair()
    exchange(server, client)
    server.take_events()
    client.close()
    client.close()
    exchange(server, client)
    assert server.take_events() == [Closed()]
    assert server.finished
    assert client.finished
    server.close()
    assert server.take_events() == []


def test_close_before_start_and_in_the_handshake_raise_nothing() -> None:
    transport = DtlsTransport(OURS, now=0.0)
    transport.close()
    assert transport.take_events() == [Closed()]
    with pytest.raises(ValueError, match="DTLS was started already"):
        transport.start("server", fingerprints(THEIRS), 0.0)
    server, client = pair()
    for data in client.take_transmits():
        server.receive(data, 0.0)
    server.close()
    assert server.take_events() == [Closed()]


def test_a_replayed_hello_changes_nothing_before_and_after_the_handshake() -> None:
    server, client = pair()
    hello = client.take_transmits()
    for data in hello * 3:
        server.receive(data, 0.0)
    for data in server.take_transmits():
        client.receive(data, 0.0)
    exchange(server, client)
    keys_of(server.take_events())
    for data in hello * 3:
        server.receive(data, 0.0)
    assert server.take_events() == []
    assert server.take_transmits() == []
    client.send(b"still there")
    exchange(server, client)
    assert server.take_events() == [ApplicationData(b"still there")]


def test_the_handshake_ends_after_30_seconds() -> None:
    server = started(5.0)
    server.tick(34.9)
    assert server.take_events() == []
    assert server.next_timeout() == 35.0
    server.tick(35.0)
    assert server.take_events() == [Failed("the DTLS handshake took longer than 30 s")]
    assert server.next_timeout() is None


def test_a_lost_flight_comes_again_after_200_ms_without_waiting_for_openssl() -> None:
    server, client = pair()
    for data in client.take_transmits():
        server.receive(data, 0.0)
    lost = server.take_transmits()
    assert server.next_timeout() == pytest.approx(0.2)
    server.tick(0.19)
    assert server.take_transmits() == []
    server.tick(0.2)
    assert server.take_transmits() == lost
    server.tick(0.6)
    for data in [*lost, *server.take_transmits()]:
        client.receive(data, 0.6)
    exchange(server, client, 0.6)
    keys_of(server.take_events())
    keys_of(client.take_events())


@pytest.mark.parametrize("seed", range(12))
def test_the_handshake_survives_loss_and_reordering(seed: int) -> None:
    """OpenSSL's own timer runs on the real clock from 1 s; here nothing but the fake clock moves."""
    rng = random.Random(seed)
    server, client = pair()
    now, done = 0.0, [False, False]
    for _ in range(40):
        sent = [(server, data) for data in client.take_transmits()]
        sent += [(client, data) for data in server.take_transmits()]
        rng.shuffle(sent)
        for to, data in sent:
            if rng.random() > 0.2:
                to.receive(data, now)
        now += 0.1
        server.tick(now)
        client.tick(now)
        for index, side in enumerate((server, client)):
            done[index] |= any(isinstance(event, Connected) for event in side.take_events())
    assert done[0] or server.next_timeout() is not None
    assert not server.finished
    assert not client.finished


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=80) | st.binary(max_size=60).map(lambda body: b"\x16\xfe\xfd" + body), max_size=8))
def test_any_bytes_raise_nothing(chunks: list[bytes]) -> None:
    for transport in (DtlsTransport(OURS, now=0.0), started()):
        for chunk in chunks:
            transport.receive(chunk, 0.0)
        transport.tick(0.0)


# Handshakes differ in length from run to run (signatures do), so what is drawn must not depend on them.
@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_bent_handshake_raises_nothing_and_never_yields_keys_to_a_stranger(seed: int) -> None:
    dice = random.Random(seed)
    server = DtlsTransport(OURS, now=0.0)
    server.start("server", fingerprints(OURS), 0.0)  # the client is not this one
    client = DtlsTransport(THEIRS, now=0.0)
    client.start("client", fingerprints(OURS), 0.0)
    for _ in range(4):
        for datagram in client.take_transmits():
            bent = bytearray(datagram)
            for _ in range(dice.randrange(3)):
                bent[dice.randrange(len(bent))] ^= dice.randrange(256)
            length = dice.choice((len(bent), dice.randrange(len(bent) + 1)))
            server.receive(bytes(bent[:length]), 0.0)
        for datagram in server.take_transmits():
            client.receive(datagram, 0.0)
    assert not any(isinstance(event, Connected) for event in server.take_events())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_garbage_between_the_flights_of_a_connected_peer_is_dropped(garbage: bytes) -> None:
    server, client = CONNECTED
    server.receive(garbage, 0.0)
    client.send(b"hello")
    for data in client.take_transmits():
        server.receive(data, 0.0)
    assert server.take_events() == [ApplicationData(b"hello")]


CONNECTED = pair()
exchange(*CONNECTED)
CONNECTED[0].take_events()


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(1, 1200))
def test_records_are_never_cut(bodies: list[bytes], limit: int) -> None:
    records = [b"\x16\xfe\xfd" + bytes(8) + len(body).to_bytes(2, "big") + body for body in bodies]
    result = datagrams(b"".join(records), limit)
    assert b"".join(result) == b"".join(records)
    assert all(len(each) <= limit or each in records for each in result)


@given(st.binary(max_size=200), st.integers(1, 100))
def test_cutting_garbage_loses_nothing(stream: bytes, limit: int) -> None:
    assert b"".join(datagrams(stream, limit)) == stream


def test_the_certificate_is_p256_and_valid_from_a_day_before_to_a_week_after() -> None:
    now = 1_800_000_000.0
    made = Certificate.generate(now)
    assert made.key.curve.name == "secp256r1"
    assert made.x509.not_valid_before_utc.timestamp() == now - 86400
    assert made.x509.not_valid_after_utc.timestamp() == now + 7 * 86400
    name, value = made.fingerprint
    assert name == "sha-256"
    assert len(value) == 95
    assert value == value.upper()
    assert made.fingerprint != Certificate.generate(now).fingerprint
