"""A whole server with accounts: ada moderates, bob does not, and guests come in when somebody has opened a room."""

import shutil
from collections.abc import Iterator

import pytest

from pyjitsi.rooms.auth import passwords
from tests.support.server import MeetingServer

pytestmark = pytest.mark.timeout(180)
ACCOUNTS = """
[rooms.auth.accounts.ada]
password_hash_file = "{folder}/ada"
name = "Ada Lovelace"
email = "ada@example.org"
[rooms.auth.accounts.bob]
password_hash_file = "{folder}/bob"
moderator = false
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    if shutil.which("prosody") is None:
        pytest.skip("no Prosody on this machine; install the package prosody")
    folder = tmp_path_factory.mktemp("accounts")
    for name in ("ada", "bob"):
        (folder / name).write_text(f"{passwords.make(f'{name} pass', ln=8)}\n")
    (folder / "config.toml").write_text(ACCOUNTS.format(folder=folder))
    running = MeetingServer(folder / "state", options=("--auth", "accounts", "--config", str(folder / "config.toml")))
    running.start()
    yield running
    running.stop()
