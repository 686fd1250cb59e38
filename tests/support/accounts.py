"""A whole meeting server whose people have accounts at a real provider."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pyjitsi.up.state import free_port
from tests.support.identity_provider import CLIENT_SECRET, IdentityProvider
from tests.support.server import MeetingServer

SETTINGS = """
[rooms.auth.oidc]
scopes = ["openid", "profile", "groups"]
moderator_groups = ["hosts"]
"""


@contextmanager
def accounts_server(folder: Path, settings: str = SETTINGS) -> Generator[tuple[MeetingServer, IdentityProvider]]:
    """Both, running; Ada moderates, Ben does not."""
    port = free_port()
    provider = IdentityProvider([f"http://localhost:{port}"])
    provider.start()
    state = folder / "state"
    state.mkdir()
    (state / "oidc.secret").write_text(CLIENT_SECRET + "\n")
    (folder / "more.toml").write_text(settings)
    options = ("--auth", "oidc", "--oidc-issuer", provider.issuer, "--config", str(folder / "more.toml"))
    server = MeetingServer(state, options=options, port=port)
    try:
        server.start()
        yield server, provider
    finally:
        server.stop()
        provider.stop()
