"""Services that log in from another machine: TLS that is verified comes before any password."""

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pyjitsi.prosody.config import render
from pyjitsi.prosody.settings import TlsFiles
from pyjitsi.xmpp.connection import client
from pyjitsi.xmpp.settings import ClientSettings
from tests.scenario.prosody.people import connected
from tests.support.prosody import MISSING, Prosody, executable

ELSEWHERE = "127.0.0.2"


def certificate(folder: Path, name: str) -> TlsFiles:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(certificate=folder / "certificate.pem", key=folder / "key.pem")
    files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Prosody]:
    """A Prosody that bridges of other machines reach on an address of its own."""
    if executable() is None:
        pytest.skip(MISSING)
    server = Prosody(tmp_path / "server")
    (tmp_path / "server").mkdir()
    server.write()
    files = certificate(tmp_path, "meet.example.org")
    server.config = server.config.model_copy(update={"c2s_interfaces": (ELSEWHERE,), "tls": files})
    (server.directory / "prosody.cfg.lua").write_text(render(server.config))
    server.launch()
    yield server
    server.stop()


def settings(server: Prosody, tmp_path: Path, **changes: object) -> ClientSettings:
    ours = {"host": ELSEWHERE, "security": "required", "server_name": "meet.example.org"}
    return server.bridge().model_copy(update=ours | {"ca_file": tmp_path / "certificate.pem"} | changes)


async def test_a_bridge_logs_in_with_a_certificate_that_it_verified(far: Prosody, tmp_path: Path) -> None:
    async with connected(client(settings(far, tmp_path))) as bridge:
        assert bridge.connected


@pytest.mark.parametrize(
    "changes",
    [{"server_name": "other.example.org"}, {"server_name": None}, {"ca_file": None}],
)
async def test_without_trust_no_password_is_sent(far: Prosody, tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5), connected(client(settings(far, tmp_path, **changes))):
            pass


async def test_on_loopback_services_need_no_certificate(far: Prosody) -> None:
    async with connected(client(far.bridge().model_copy(update={"security": "disabled"}))) as bridge:
        assert bridge.connected
