"""The pages of log-in as a browser meets them: cookies, headers, and what other sites' pages can't do."""

import time
from collections.abc import AsyncIterator
from http.cookies import Morsel
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pyjitsi.rooms.auth.oidc.pages import add_login
from tests.support.scripted_provider import ISSUER, PUBLIC, ScriptedProvider, settings

SESSION = "__Host-meet-session"
Pages = TestClient[web.Request, web.Application]


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider(time.time(), refresh_token="first")


@pytest.fixture
async def pages(provider: ScriptedProvider) -> AsyncIterator[Pages]:
    app = web.Application()
    add_login(
        app, settings(), secret="the secret of the room services", domain="talk.example", folder=None, http=provider
    )
    # Cookies are given by hand: the server says Secure, and no jar would give them to plain HTTP.
    async with TestClient(TestServer(app), cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield client


async def get(pages: Pages, path: str, cookies: dict[str, str] | None = None, **headers: str) -> aiohttp.ClientResponse:
    given = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await pages.get(path, headers={"Cookie": given, **named} if given else named, allow_redirects=False)


def only(answer: aiohttp.ClientResponse, kept: bool = True) -> "Morsel[str]":
    """The one cookie that is set (or dropped)."""
    (found,) = (each for each in answer.cookies.values() if (each["max-age"] != "0" and each.value != "") is kept)
    return found


async def logged_in(pages: Pages, provider: ScriptedProvider, path: str = "/oidc/login?room=standup") -> str:
    begun = await get(pages, path)
    cookie = only(begun)
    query = provider.consent(begun.headers["Location"])
    done = await pages.get(
        "/oidc/callback", params=query, headers={"Cookie": f"{cookie.key}={cookie.value}"}, allow_redirects=False
    )
    assert done.status == 303, await done.text()
    assert done.headers["Location"] == f"{PUBLIC}/standup"
    return only(done).value


async def test_cookies_are_this_hosts_alone_and_no_scripts(pages: Pages, provider: ScriptedProvider) -> None:
    begun = await get(pages, "/oidc/login?room=standup")
    assert begun.headers["Cache-Control"] == "no-store"
    first = only(begun)
    query = provider.consent(begun.headers["Location"])
    done = await pages.get(
        "/oidc/callback", params=query, headers={"Cookie": f"{first.key}={first.value}"}, allow_redirects=False
    )
    for cookie in (first, only(done)):
        assert cookie.key.startswith("__Host-")
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
        assert cookie["secure"] is True
        assert cookie["httponly"] is True
    assert only(done, kept=False).key == first.key
    assert len(first.value) < 1500


async def test_a_token_is_for_whoever_is_logged_in(pages: Pages, provider: ScriptedProvider) -> None:
    assert (await get(pages, "/oidc/token?room=standup")).status == 401
    gone = await get(pages, "/oidc/token?room=standup", {SESSION: "guessed"})
    assert (gone.status, only(gone, kept=False).key) == (401, SESSION)
    cookie = await logged_in(pages, provider)
    found = await (await get(pages, "/oidc/token?room=standup", {SESSION: cookie})).json()
    assert found["user"] == {"id": "u-1", "name": "Ada Lovelace", "avatar": None}
    assert found["moderator"] is True
    assert found["token"].count(".") == 2
    assert 590 < found["expires"] - time.time() <= 600
    assert "token" not in await (await get(pages, "/oidc/token", {SESSION: cookie})).json()


async def test_csrf_no_other_site_reads_a_token(pages: Pages, provider: ScriptedProvider) -> None:
    cookie = await logged_in(pages, provider)
    for site in ("cross-site", "same-site"):
        refused = await get(pages, "/oidc/token?room=standup", {SESSION: cookie}, Sec_Fetch_Site=site)
        assert refused.status == 403
    fine = await get(
        pages, "/oidc/token", {SESSION: cookie}, Sec_Fetch_Site="same-origin", Origin="https://evil.example"
    )
    assert "Access-Control-Allow-Origin" not in fine.headers


async def test_csrf_no_other_site_logs_anybody_out(pages: Pages, provider: ScriptedProvider) -> None:
    cookie = await logged_in(pages, provider)
    attempts: list[dict[str, Any]] = [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}]
    for headers in attempts:
        refused = await get(pages, "/oidc/logout", {SESSION: cookie}, **headers)
        assert refused.headers["Location"] == f"{PUBLIC}/"
        assert (await get(pages, "/oidc/token", {SESSION: cookie})).status == 200
    done = await get(pages, "/oidc/logout", {SESSION: cookie}, Sec_Fetch_Site="same-origin")
    assert done.headers["Location"].startswith(f"{ISSUER}/logout?")
    assert only(done, kept=False).key == SESSION
    assert (await get(pages, "/oidc/token", {SESSION: cookie})).status == 401


async def test_csrf_an_answer_in_a_browser_that_began_nothing(pages: Pages, provider: ScriptedProvider) -> None:
    begun = await get(pages, "/oidc/login?room=standup")
    query = provider.consent(begun.headers["Location"])
    answer = await pages.get("/oidc/callback", params=query, allow_redirects=False)
    assert answer.headers["Location"] == f"{PUBLIC}/#login-error=expired"
    assert all(each.key != SESSION for each in answer.cookies.values())


async def test_session_fixation_a_log_in_has_a_session_of_its_own(pages: Pages, provider: ScriptedProvider) -> None:
    old = await logged_in(pages, provider)
    begun = await get(pages, "/oidc/login?room=standup")
    cookie = only(begun)
    query = provider.consent(begun.headers["Location"])
    given = {"Cookie": f"{cookie.key}={cookie.value}; {SESSION}={old}"}
    done = await pages.get("/oidc/callback", params=query, headers=given, allow_redirects=False)
    assert only(done).value != old
    assert (await get(pages, "/oidc/token", {SESSION: old})).status == 401


async def test_what_goes_wrong_is_for_the_client_to_say(pages: Pages, provider: ScriptedProvider) -> None:
    begun = await get(pages, "/oidc/login?room=acme/standup")
    cookie = only(begun)
    query = {**provider.consent(begun.headers["Location"]), "error": "access_denied"}
    answer = await pages.get(
        "/oidc/callback", params=query, headers={"Cookie": f"{cookie.key}={cookie.value}"}, allow_redirects=False
    )
    assert answer.headers["Location"] == f"{PUBLIC}/acme/standup#login-error=refused"


async def test_header_injection_a_line_end_in_the_room_is_no_header(pages: Pages) -> None:
    answer = await get(pages, "/oidc/login?room=a%0d%0aSet-Cookie:%20x=y")
    assert list(answer.cookies) == [only(answer).key]


async def test_an_unmodified_client_takes_the_token_out_of_the_fragment(
    pages: Pages, provider: ScriptedProvider
) -> None:
    begun = await pages.get(
        "/oidc/login", params={"room": "standup", "state": '{"tenant": "acme"}'}, allow_redirects=False
    )
    cookie = only(begun)
    done = await pages.get(
        "/oidc/callback",
        params=provider.consent(begun.headers["Location"]),
        headers={"Cookie": f"{cookie.key}={cookie.value}"},
        allow_redirects=False,
    )
    assert done.headers["Location"].startswith(f"{PUBLIC}/acme/standup#jwt=%22ey")


async def test_log_ins_that_were_begun_and_left_do_not_pile_up(pages: Pages) -> None:
    begun = {f"__Host-meet-login-{number}": "x" for number in range(5)}
    answer = await get(pages, "/oidc/login", begun)
    assert sum(each["max-age"] == "0" or each.value == "" for each in answer.cookies.values()) == 5
