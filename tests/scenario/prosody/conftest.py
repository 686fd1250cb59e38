"""One Prosody for all these tests; a focus, a bridge and clients for each."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol

import pytest

from pyjitsi.xmpp.connection import Connection, client, component
from tests.scenario.prosody.people import Focus, connected
from tests.support.prosody import MISSING, Prosody, executable
from tests.support.xmpp_client import XmppClient


class NewPerson(Protocol):
    """Logs somebody in; ``headers`` are what the web server in front would pass on."""

    def __call__(self, **headers: str) -> Awaitable[XmppClient]: ...


@pytest.fixture(scope="package")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    if executable() is None:
        pytest.skip(MISSING)
    server = Prosody(tmp_path_factory.mktemp("prosody"))
    server.start()
    yield server
    server.stop()
    complaints = [line for line in server.log().splitlines() if "\terror\t" in line]
    assert complaints == []


@pytest.fixture
async def focus(prosody: Prosody) -> AsyncIterator[Focus]:
    async with connected(component(prosody.focus())) as connection:
        yield Focus(prosody, connection)


@pytest.fixture
async def bridge(prosody: Prosody) -> AsyncIterator[Connection]:
    async with connected(client(prosody.bridge())) as connection:
        yield connection


@pytest.fixture
async def person(prosody: Prosody) -> AsyncIterator[NewPerson]:
    """Makes clients that are logged in, with stream management."""
    made: list[XmppClient] = []

    async def make(**headers: str) -> XmppClient:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        one = XmppClient(prosody.websocket, prosody.domain, named)
        await one.connect(manage=True)
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()
