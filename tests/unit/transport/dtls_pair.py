"""Two ends of DTLS, and what goes between them."""

import time
from collections.abc import Callable, Sequence

from pyjitsi.bridge.plane.api import SrtpKeys
from pyjitsi.bridge.transport.certificate import digest
from pyjitsi.bridge.transport.dtls import MTU, Certificate, Connected, DtlsEvent, DtlsTransport, Fingerprint

OURS = Certificate.generate(time.time())
THEIRS = Certificate.generate(time.time())


def fingerprints(certificate: Certificate, *hashes: str) -> list[Fingerprint]:
    """As they are signalled; SHA-256 alone where no hash is named."""
    return [Fingerprint(name, digest(name, certificate.der)) for name in hashes or ("sha-256",)]


def pair(now: float = 0.0) -> tuple[DtlsTransport, DtlsTransport]:
    """Server and client, started."""
    server, client = DtlsTransport(OURS, now=now), DtlsTransport(THEIRS, now=now)
    server.start("server", fingerprints(THEIRS), now)
    client.start("client", fingerprints(OURS), now)
    return server, client


def exchange(
    server: DtlsTransport, client: DtlsTransport, now: float = 0.0, keep: Callable[[bytes], bool] = lambda _now: True
) -> None:
    """Carry datagrams until both are silent."""
    while True:
        sent = [(server, data) for data in client.take_transmits()]
        sent += [(client, data) for data in server.take_transmits()]
        if not sent:
            return
        for to, data in sent:
            assert len(data) <= MTU
            if keep(data):
                to.receive(data, now)


def keys_of(events: Sequence[DtlsEvent]) -> SrtpKeys:
    """Of the only event, which says that the handshake is over."""
    [event] = events
    assert isinstance(event, Connected)
    return event.keys
