"""One meeting server and one provider for all these tests."""

from collections.abc import Iterator

import pytest

from tests.support.accounts import SETTINGS, accounts_server
from tests.support.identity_provider import IdentityProvider
from tests.support.prosody import MISSING, executable
from tests.support.server import MeetingServer

SHORT = """
session_hours = 1
token_minutes = 2
"""


@pytest.fixture(scope="package")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MeetingServer, IdentityProvider]]:
    if executable() is None:
        pytest.skip(MISSING)
    with accounts_server(tmp_path_factory.mktemp("accounts"), SETTINGS + SHORT) as running:
        yield running


@pytest.fixture
def server(both: tuple[MeetingServer, IdentityProvider]) -> MeetingServer:
    return both[0]


@pytest.fixture
def provider(both: tuple[MeetingServer, IdentityProvider]) -> IdentityProvider:
    return both[1]
