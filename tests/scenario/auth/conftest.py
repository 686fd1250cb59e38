"""One Prosody that asks about log-ins for all these tests, a focus for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from pyjitsi.xmpp.connection import component
from tests.scenario.auth.people import fresh
from tests.scenario.prosody.people import Focus, connected
from tests.support.prosody import MISSING, Prosody, executable


@pytest.fixture(scope="package")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    if executable() is None:
        pytest.skip(MISSING)
    server = fresh(tmp_path_factory.mktemp("prosody"))
    server.start()
    yield server
    server.stop()
    # That the room services are away is an error worth the log, and one of these tests.
    complaints = [line for line in server.log().splitlines() if "\terror\t" in line and "No verdict on" not in line]
    assert complaints == []


@pytest.fixture
async def focus(prosody: Prosody) -> AsyncIterator[Focus]:
    async with connected(component(prosody.focus())) as connection:
        yield Focus(prosody, connection)
