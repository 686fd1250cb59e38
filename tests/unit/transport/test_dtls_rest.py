"""DTLS that rests: it has given the keys, and nothing is carried over it."""

from pyjitsi.bridge.transport.dtls import Closed
from tests.unit.transport.dtls_pair import exchange, keys_of, pair


def test_who_rests_sends_its_last_flight_again_to_a_client_that_missed_it() -> None:
    server, client = pair()
    for data in client.take_transmits():
        server.receive(data, 0.0)
    for data in server.take_transmits():
        client.receive(data, 0.0)
    for data in client.take_transmits():
        server.receive(data, 0.0)
    ours = keys_of(server.take_events())
    server.rest()
    lost = server.take_transmits()
    client.tick(0.2)
    for data in client.take_transmits():
        server.receive(data, 0.2)
    again = server.take_transmits()
    assert again == lost
    for data in again:
        client.receive(data, 0.2)
    assert keys_of(client.take_events()).send == ours.receive


def test_who_rests_reads_and_says_nothing_more() -> None:
    server, client = pair()
    hello = client.take_transmits()
    for data in hello:
        server.receive(data, 0.0)
    exchange(server, client)
    server.take_events()
    server.rest()
    client.send(b"unasked")
    for data in [*client.take_transmits(), *hello, b"\x16", b"\x16\xfe\xfd\0\1"]:
        server.receive(data, 0.0)
    server.send(b"unheard")
    assert (server.take_events(), server.take_transmits(), server.next_timeout()) == ([], [], None)
    server.close()
    assert (server.take_events(), server.take_transmits()) == ([Closed()], [])


def test_nobody_rests_before_the_handshake_is_over() -> None:
    server, client = pair()
    server.rest()
    client.rest()
    exchange(server, client)
    assert keys_of(server.take_events()).send == keys_of(client.take_events()).receive
