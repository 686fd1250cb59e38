"""A whole server, and scripted participants in its rooms."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

import pytest

from tests.support.participant import FEATURES, SSRC_REWRITING, Participant
from tests.support.server import MeetingServer
from tests.support.xmpp_client import XmppClient

pytestmark = pytest.mark.timeout(180)
Connect = Callable[[], Awaitable[XmppClient]]


class Invite(Protocol):
    """Lets a scripted participant into a room."""

    async def __call__(
        self, room: str, *, answers: bool = True, lies_about_fingerprint: bool = False, rewriting: bool = False
    ) -> Participant: ...


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    if shutil.which("prosody") is None:
        pytest.skip("no Prosody on this machine; install the package prosody")
    running = MeetingServer(tmp_path_factory.mktemp("state"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    return f"{str(request.node.name).removeprefix('test_').replace('_', '-')[:40]}@conference.localhost"


@pytest.fixture
async def connect(server: MeetingServer) -> AsyncIterator[Connect]:
    """Logs clients in, and out after the test."""
    clients: list[XmppClient] = []

    async def one() -> XmppClient:
        client = XmppClient(server.url.replace("http", "ws", 1) + "xmpp-websocket", "localhost")
        await client.connect()
        clients.append(client)
        return client

    yield one
    await asyncio.gather(*(client.close() for client in clients), return_exceptions=True)


@pytest.fixture
async def invite(connect: Connect) -> AsyncIterator[Invite]:
    """Lets scripted participants in, and sends them home after the test."""
    people: list[Participant] = []

    async def one(
        room: str, *, answers: bool = True, lies_about_fingerprint: bool = False, rewriting: bool = False
    ) -> Participant:
        features = (*FEATURES, SSRC_REWRITING) if rewriting else FEATURES
        person = Participant(await connect(), room, features=features)
        person.answers, person.lies_about_fingerprint = answers, lies_about_fingerprint
        people.append(person)
        await person.join()
        return person

    yield one
    await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
