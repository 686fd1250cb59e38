"""STARTTLS against a scripted server (RFC 6120 section 5): the certificate decides."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from pyjitsi.xmpp.connection import client
from pyjitsi.xmpp.settings import ClientSettings
from tests.support.certificates import certificate

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    b"from='auth.example' id='1' version='1.0'>"
)
STARTTLS = (
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
MECHANISMS = (
    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
    b"</mechanisms></stream:features>"
)


@asynccontextmanager
async def server(features: bytes, pem: Path) -> AsyncGenerator[tuple[int, asyncio.Queue[str]], None]:
    """A server that offers ``features`` and, once asked, TLS; yields its port and what it has to tell."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    told: asyncio.Queue[str] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b">")
            writer.write(HEADER + features)
            asked = await reader.read(4096)
            if b"starttls" not in asked:
                told.put_nowait(f"in clear: {asked.decode()}")
                return
            writer.write(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            await writer.drain()
            await writer.start_tls(context)
            told.put_nowait(f"under TLS: {(await reader.read(4096)).decode()}")
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            told.put_nowait("refused")
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], told


async def first_word(port: int, told: asyncio.Queue[str], security: str) -> str:
    """What the server tells of a connection to it."""
    settings = ClientSettings.model_validate(
        {"port": port, "domain": "auth.example", "password": SecretStr("x"), "security": security}
    )
    connection = client(settings)
    await connection.start()
    try:
        async with asyncio.timeout(10):
            return await told.get()
    finally:
        await connection.stop()


@pytest.mark.parametrize("security", ["required", "ifpossible"])
async def test_certificate_of_the_right_name_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    pem = certificate(tmp_path, "auth.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    async with server(STARTTLS, pem) as (port, told):
        assert (await first_word(port, told, security)).startswith("under TLS: <stream:stream to='auth.example'")


@pytest.mark.parametrize("security", ["required", "ifpossible"])
async def test_certificate_of_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    pem = certificate(tmp_path, "evil.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    async with server(STARTTLS, pem) as (port, told):
        assert await first_word(port, told, security) in ("refused", "under TLS: ")


async def test_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "auth.example")
    async with server(STARTTLS, pem) as (port, told):
        assert await first_word(port, told, "required") in ("refused", "under TLS: ")


async def test_password_is_not_told_in_clear_where_tls_is_required(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "auth.example")
    async with server(MECHANISMS, pem) as (port, told):
        assert await first_word(port, told, "required") in ("in clear: ", "in clear: </stream:stream>")


async def test_password_is_told_where_tls_is_not_wanted(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "auth.example")
    async with server(MECHANISMS, pem) as (port, told):
        assert "<auth " in await first_word(port, told, "disabled")
