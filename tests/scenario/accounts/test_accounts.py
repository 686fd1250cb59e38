"""Entering through an organisation's accounts: a real provider, a whole server, and people of different groups."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, quote

import aiohttp
import jwt
import pytest

from tests.support.identity_provider import IdentityProvider, log_in
from tests.support.participant import Participant
from tests.support.server import MeetingServer
from tests.support.xmpp_client import Refused, XmppClient


class Browser:
    """What a browser keeps."""

    def __init__(self, server: MeetingServer, session: aiohttp.ClientSession) -> None:
        self.server: MeetingServer = server
        self.session: aiohttp.ClientSession = session

    async def log_in(self, name: str, room: str = "standup") -> str:
        """Log in, up to the address that the server leads to in the end."""
        back = await log_in(self.session, f"{self.server.url}oidc/login?room={room}", name)
        async with self.session.get(back, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            return answer.headers["Location"]

    async def token(self, room: str = "standup") -> dict[str, Any] | None:
        async with self.session.get(f"{self.server.url}oidc/token", params={"room": room}) as answer:
            return await answer.json() if answer.status == 200 else None


@asynccontextmanager
async def browser(server: MeetingServer) -> AsyncGenerator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of 127.0.0.1 too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(server, session)


@asynccontextmanager
async def person(server: MeetingServer, token: str | None) -> AsyncGenerator[XmppClient]:
    url = "ws" + server.url.removeprefix("http") + "xmpp-websocket" + (f"?token={token}" if token else "")
    client = XmppClient(url, server.settings("web")["domain"])
    try:
        await client.connect()
        yield client
    finally:
        await client.close()


async def test_somebody_enters_with_an_account_and_the_group_says_who_moderates(server: MeetingServer) -> None:
    domain = server.settings("web")["domain"]
    with pytest.raises(Refused):
        async with person(server, None):
            pass
    roles: dict[str, bool] = {}
    for name, full in (("ada", "Ada Lovelace"), ("ben", "Ben Okri")):
        async with browser(server) as page:
            assert await page.token() is None
            assert await page.log_in(name) == f"{server.url}standup"
            found = await page.token()
            assert found is not None
            assert found["user"]["name"] == full
            roles[name] = found["moderator"]
            async with person(server, found["token"]) as client:
                one = Participant(client, f"standup@conference.{domain}")
                await one.join()
                await one.leave()
    assert roles == {"ada": True, "ben": False}


async def test_the_token_is_short_and_for_one_room(server: MeetingServer) -> None:
    async with browser(server) as page:
        await page.log_in("ada")
        found = await page.token("acme/Café")
        assert found is not None
        claims = jwt.decode(found["token"], options={"verify_signature": False})
        assert (claims["room"], claims["sub"], claims["aud"]) == ("café", "acme", "jitsi")
        assert 100 < claims["exp"] - time.time() <= 120
        assert claims["context"]["user"] == {"id": "ada", "name": "Ada Lovelace", "moderator": "true"}


async def test_a_new_key_of_the_provider_keeps_nobody_out(server: MeetingServer, provider: IdentityProvider) -> None:
    async with browser(server) as page:
        assert await page.log_in("ada") == f"{server.url}standup"
    provider.change("rotate")
    async with browser(server) as page:
        assert await page.log_in("ada") == f"{server.url}standup"


async def test_who_is_logged_in_stays_so_over_a_restart_and_is_looked_at_again(
    server: MeetingServer, provider: IdentityProvider
) -> None:
    async with browser(server) as page:
        await page.log_in("ben")
        server.kill("rooms")
        await restarted(page)
        table = sqlite3.connect(server.state / "rooms" / "sessions.sqlite")
        with contextlib.closing(table), table:
            table.execute("UPDATE sessions SET data = json_set(data, '$.look_again', 0)")
        provider.change("hosts", members=["ada", "ben"])
        try:
            found = await page.token()
            assert found is not None
            assert found["moderator"] is True
        finally:
            provider.change("hosts", members=["ada"])


async def restarted(page: Browser) -> None:
    """Wait until the room services answer again."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(aiohttp.ClientResponseError):
                async with page.session.get(f"{page.server.url}oidc/token", raise_for_status=True):
                    return
            await asyncio.sleep(0.2)


async def test_log_out_ends_it_here_and_at_the_provider(server: MeetingServer, provider: IdentityProvider) -> None:
    async with browser(server) as page:
        await page.log_in("ada")
        async with page.session.post(f"{server.url}oidc/logout", allow_redirects=False) as answer:
            leads = answer.headers["Location"]
        assert leads.startswith(f"{provider.issuer}/oauth/end_session?")
        async with page.session.get(leads, allow_redirects=False) as answer:
            assert answer.headers["Location"].rstrip("/") == server.url.rstrip("/")
        assert await page.token() is None
        # The provider asks for the password again.
        url = f"{server.url}oidc/login?room=standup"
        async with page.session.get(url) as answer:
            assert "login" in str(answer.url)


async def test_an_unmodified_client_gets_the_token_in_the_address(server: MeetingServer) -> None:
    """As its ``tokenAuthUrl`` is used: ``{room}`` and ``{state}`` filled in, the token in the fragment afterwards."""
    async with browser(server) as page, page.session.get(f"{server.url}config.js") as answer:
        config = json.loads((await answer.text()).removeprefix("var config = ").rstrip(";\n"))
        state = json.dumps({"room": "standup", "roomSafe": "standup", "config.startWithAudioMuted": True})
        url = config["tokenAuthUrl"].replace("{room}", "standup").replace("{state}", quote(state))
        back = await log_in(page.session, url, "ada")
        async with page.session.get(back, allow_redirects=False) as answer:
            address, _, fragment = answer.headers["Location"].partition("#")
        assert address == f"{server.url}standup"
        found = {name: json.loads(values[0]) for name, values in parse_qs(fragment).items()}
        assert found["config.startWithAudioMuted"] is True
        async with person(server, found["jwt"]):
            pass
