"""Log-in by OpenID Connect: what a provider may say, and who is let in for it."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pyjitsi.rooms.auth import own
from pyjitsi.rooms.auth.grant import Grant, Scope
from pyjitsi.rooms.auth.oidc import flow
from pyjitsi.rooms.auth.oidc.account import groups_of, read
from pyjitsi.rooms.auth.oidc.errors import LoginError
from pyjitsi.rooms.auth.oidc.login import Login
from pyjitsi.rooms.auth.oidc.provider import Provider, parse_description
from pyjitsi.rooms.auth.oidc.sessions import Session, Sessions
from pyjitsi.rooms.auth.oidc.settings import OidcSettings
from pyjitsi.rooms.auth.tokens import Verifier
from tests.support.scripted_provider import ISSUER, PUBLIC, ScriptedProvider, settings
from tests.support.tokens import NOW

SECRET = "the secret of the room services"


def login(provider: ScriptedProvider, file: Path | None = None, **changes: Any) -> Login:
    of = settings(**changes)
    return Login(of, Provider(of, provider), Sessions(file), secret=SECRET, domain="talk.example")


async def enter(page: Login, provider: ScriptedProvider, now: float = NOW, changes: Any = ()) -> tuple[str, Session]:
    """Log in from one end to the other."""
    url, state, cookie = await page.begin(("standup",), now)
    return await page.finish(page.pending(cookie, state, now), provider.consent(url) | dict(changes), now)


async def refusal(page: Login, provider: ScriptedProvider, **changes: str) -> tuple[str, str]:
    with pytest.raises(LoginError) as caught:
        await enter(page, provider, changes=changes)
    return caught.value.code, caught.value.reason


# A log-in that goes well.


async def test_somebody_logs_in_and_gets_a_token_for_a_room() -> None:
    provider = ScriptedProvider(NOW, claims={"sub": "u-1", "name": "Ada", "picture": "https://id.example.org/ada.png"})
    page = login(provider)
    _, session = await enter(page, provider)
    token, ends = page.token(session, ("acme", "Café"), NOW)
    assert ends == NOW + 600
    grant = await Verifier(own.accepted(SECRET), None).verify(token, NOW)
    user = {"id": "u-1", "name": "Ada", "avatar": "https://id.example.org/ada.png", "moderator": "true"}
    assert grant == Grant(Scope("café", "acme"), user, moderator=True)
    assert (await Verifier(own.accepted(SECRET), None).verify(page.token(session, ("x",), NOW)[0], NOW)).scope.sub == (
        "talk.example"
    )


async def test_the_browser_is_sent_to_the_provider_with_all_that_protects_it() -> None:
    url, state, _ = await login(ScriptedProvider(NOW)).begin(("standup",), NOW)
    query = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{ISSUER}/authorize?kind=meet&")
    assert query["redirect_uri"] == [f"{PUBLIC}/oidc/callback"]
    assert query["scope"] == ["openid profile"]
    assert query["state"] == [state]
    assert len(query["nonce"][0]) >= 32
    assert query["code_challenge_method"] == ["S256"]


async def test_the_provider_is_asked_for_its_description_once_an_hour() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider)
    for later in (0, 3599):
        await page.begin((), NOW + later)
    assert len(provider.asked) == 1
    provider.down = True
    await page.begin((), NOW + 3700)  # what is known stays good while nobody answers
    assert len(provider.asked) == 2


async def test_a_new_key_of_the_provider_is_fetched() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider)
    await enter(page, provider)
    provider.key = 1
    _, session = await enter(page, provider, NOW + 31)
    assert session.account.id == "u-1"
    assert provider.asked.count(f"{ISSUER}/keys") == 2


# Who it is, and what the groups allow.


async def test_groups_say_who_moderates_and_who_enters() -> None:
    provider = ScriptedProvider(NOW, claims={"sub": "u-1", "name": "Ada", "groups": ["staff"]})
    assert (await enter(login(provider), provider))[1].account.moderator
    page = login(provider, moderator_groups=("hosts",), allowed_groups=("hosts", "staff"))
    assert not (await enter(page, provider))[1].account.moderator
    provider.claims["groups"] = ["/hosts"]  # as Keycloak writes it
    assert (await enter(page, provider))[1].account.moderator
    provider.claims["groups"] = ["others"]
    assert (await refusal(page, provider))[0] == "forbidden"


async def test_groups_that_the_id_token_lacks_are_asked_for() -> None:
    provider = ScriptedProvider(NOW, userinfo={"groups": ["hosts"], "name": "Not the ID token's"})
    _, session = await enter(login(provider, moderator_groups=("hosts",)), provider)
    assert (session.account.moderator, session.account.name) == (True, "Ada Lovelace")
    provider.userinfo["sub"] = "u-2"
    assert await refusal(login(provider, moderator_groups=("hosts",)), provider) == (
        "refused",
        "the provider tells of another account (sub)",
    )


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["a", "/b/c", 7]}, "groups", {"a", "b/c"}),
        ({"groups": "a"}, "groups", {"a"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"https://acme.example/roles": ["a"]}, "https://acme.example/roles", {"a"}),
        ({"realm_access": ["a"]}, "realm_access.roles", set()),
        ({"groups": {"a": 1}}, "groups", set()),
        ({}, "groups", set()),
    ],
)
def test_groups_are_where_providers_put_them(claims: dict[str, Any], path: str, groups: set[str]) -> None:
    assert groups_of(claims, path) == groups


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), st.text())
def test_any_claims_are_read(value: Any, name: str) -> None:
    claims = {"sub": "u", "name": value, "preferred_username": name, "picture": value, "groups": value}
    account = read(claims, settings(moderator_groups=("m",)))
    assert len(account.name) <= 80
    assert account.name.isprintable()
    assert account.avatar is None or account.avatar.startswith("https://")


@pytest.mark.parametrize("picture", ["http://a/b.png", "javascript:alert(1)", "data:image/png;base64,x", "https://a b"])
def test_a_picture_that_is_no_https_address_is_left_out(picture: str) -> None:
    assert read({"sub": "u", "picture": picture}, settings()).avatar is None


# Attacks, by name.


async def test_csrf_an_answer_without_our_cookie_logs_nobody_in() -> None:
    """Log-in CSRF: the attacker's code and state, in the victim's browser."""
    provider = ScriptedProvider(NOW)
    page = login(provider)
    _, _, victims = await page.begin((), NOW)
    _, attackers, _ = await page.begin((), NOW)
    with pytest.raises(LoginError, match="another page"):
        page.pending(victims, attackers, NOW)


async def test_code_injection_a_stolen_code_is_worth_nothing_in_another_log_in() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider)
    url, _, _ = await page.begin((), NOW)
    stolen = provider.consent(url)["code"]
    assert await refusal(page, provider, code=stolen) == ("refused", "the provider gives no tokens: invalid_grant")


async def test_code_injection_is_seen_even_where_the_provider_forgets_pkce() -> None:
    provider = ScriptedProvider(NOW, wrong={"nonce": "of another log-in"})
    assert (await refusal(login(provider), provider))[1] == "an ID token of another log-in (nonce)"


async def test_mix_up_an_answer_of_another_provider_is_refused() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider)
    assert (await refusal(page, provider, iss="https://evil.example"))[1] == "the answer is another provider's (iss)"
    url, state, cookie = await page.begin((), NOW)
    answer = provider.consent(url)
    del answer["iss"]  # it promised to say who it is
    with pytest.raises(LoginError, match="another provider's"):
        await page.finish(page.pending(cookie, state, NOW), answer, NOW)


async def test_replay_a_code_serves_once() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider)
    url, state, cookie = await page.begin((), NOW)
    answer = provider.consent(url)
    await page.finish(page.pending(cookie, state, NOW), answer, NOW)
    with pytest.raises(LoginError):
        await page.finish(page.pending(cookie, state, NOW), answer, NOW)


@pytest.mark.parametrize(
    "room",
    ["//evil.example", "https://evil.example", "/\\evil.example", "a/b/c", "..", "../x", "a?next=b", "a#b", "a%2fb",
     "javascript:x", "a\nLocation: b", "a b", "@evil.example", "x" * 300],
)  # fmt: skip
def test_open_redirect_what_is_no_room_leads_to_the_front_page(room: str) -> None:
    assert flow.place_of(room) == ()
    assert flow.page(settings(), flow.place_of(room)) == f"{PUBLIC}/"


@given(st.text(), st.text())
def test_open_redirect_every_way_back_is_a_page_of_ours(room: str, tenant: str) -> None:
    url = flow.page(settings(), flow.place_of(room, tenant), "expired")
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "meet.example.org")
    assert not parts.query
    assert "\n" not in url
    assert "\r" not in url


@given(st.text())
def test_any_state_of_a_client_is_read(text: str) -> None:
    tenant, app, overrides = flow.client_state(text)
    assert (tenant, app, overrides) == ("", None, {}) or text


def test_a_clients_state_carries_settings_and_nothing_else() -> None:
    state = (
        '{"room": "x", "tenant": "acme", "android": true, "config.startWithAudioMuted": true, '
        '"config.a\\u0026jwt": 1, "jwt": "evil", "config.list": [1]}'
    )
    assert flow.client_state(state) == ("acme", "android", {"config.startWithAudioMuted": "true"})
    assert flow.client_state('{"config.x": "%s"}' % ("y" * 2000))[2] == {}


async def test_an_unmodified_client_finds_the_token_in_the_fragment_which_reaches_no_server() -> None:
    page = login(ScriptedProvider(NOW))
    url, state, cookie = await page.begin(("acme", "Café"), NOW, client_state='{"config.x": 1}')
    assert "code_challenge" in url
    pending = page.pending(cookie, state, NOW)
    assert flow.back(page.settings, pending, "a.b.c") == f"{PUBLIC}/acme/Caf%C3%A9#jwt=%22a.b.c%22&config.x=1"
    _, state, cookie = await page.begin(("x",), NOW, client_state='{"ios": true}')
    assert flow.back(page.settings, page.pending(cookie, state, NOW), "a.b.c") == (
        "org.jitsi.meet://meet.example.org/x#jwt=%22a.b.c%22"
    )
    _, state, cookie = await page.begin(("x",), NOW)
    assert flow.back(page.settings, page.pending(cookie, state, NOW), "a.b.c") == f"{PUBLIC}/x"


def test_a_cookie_of_a_log_in_is_good_for_ten_minutes_and_for_nobody_elses_key() -> None:
    pending = flow.Pending("state", "nonce", "verifier", ("x",))
    key = own.derived(SECRET, "log-in cookies")
    sealed = pending.seal(key, NOW)
    assert flow.unseal(sealed, key, "state", NOW + 599) == pending
    others, tokens = own.derived("other", "log-in cookies"), own.derived(SECRET, "room tokens")
    for text, used, now in (
        (sealed, key, NOW + 601), (sealed, others, NOW), (sealed, tokens, NOW), (sealed[:-4] + "AAAA", key, NOW),
        ("é", key, NOW), ("", key, NOW),
    ):  # fmt: skip
        with pytest.raises(LoginError):
            flow.unseal(text, used, "state", now)


# ID tokens that aren't good.


@pytest.mark.parametrize(
    ("wrong", "header", "reason"),
    [
        ({"iss": "https://evil.example"}, {}, "isn't good"),
        ({"aud": "another"}, {}, "isn't good"),
        ({"aud": ["meet", "another"]}, {}, "azp"),
        ({"azp": "another"}, {}, "azp"),
        ({"exp": NOW - 61}, {}, "another time"),
        ({"iat": NOW + 61}, {}, "another time"),
        ({"nbf": NOW + 61}, {}, "another time"),
        ({"exp": "soon"}, {}, "isn't good|no numbers"),
        ({"exp": None}, {}, "isn't good"),
        ({"nonce": None}, {}, "nonce"),
        ({"sub": ""}, {}, "nobody"),
        ({"sub": "x" * 256}, {}, "nobody"),
        ({}, {"alg": "none"}, "algorithm 'none'"),
        ({}, {"alg": "HS256"}, "algorithm 'HS256'"),
        ({}, {"kid": "unknown"}, "unknown key"),
        ({}, {"crit": ["b64"], "b64": False}, "isn't good|algorithm"),
    ],
)
async def test_an_id_token_that_is_not_good_is_refused(
    wrong: dict[str, Any], header: dict[str, Any], reason: str
) -> None:
    provider = ScriptedProvider(NOW, wrong=wrong, header=header)
    with pytest.raises(LoginError, match=reason) as caught:
        await enter(login(provider), provider)
    assert caught.value.code == "refused"


@pytest.mark.parametrize("wrong", [{"aud": ["meet"]}, {"aud": ["meet", "b"], "azp": "meet"}, {"exp": NOW - 59}])
async def test_what_the_standard_allows_is_taken(wrong: dict[str, Any]) -> None:
    provider = ScriptedProvider(NOW, wrong=wrong)
    assert (await enter(login(provider), provider))[1].account.id == "u-1"


async def test_a_key_without_an_id_signs_where_it_is_the_only_one() -> None:
    class Bare(ScriptedProvider):
        async def get(self, url: str, bearer: str | None = None) -> bytes:
            return (await super().get(url, bearer)).replace(b'"kid": "k0", ', b"")

        def id_token(self, nonce: str | None) -> str:
            self.header = {"kid": None}
            return super().id_token(nonce)

    provider = Bare(NOW)
    assert (await enter(login(provider), provider))[1].account.id == "u-1"


# A provider that fails.


async def test_a_provider_that_is_down_is_said_to_be_and_not_asked_at_each_click() -> None:
    provider = ScriptedProvider(NOW, down=True)
    page = login(provider)
    for later in (0, 1, 4):
        with pytest.raises(LoginError) as caught:
            await page.begin((), NOW + later)
        assert caught.value.code == "unavailable"
    assert len(provider.asked) == 1
    provider.down = False
    await page.begin((), NOW + 6)


@pytest.mark.parametrize(("error", "code"), [("access_denied", "refused"), ("server_error", "unavailable")])
async def test_a_refusal_by_the_provider_is_told(error: str, code: str) -> None:
    provider = ScriptedProvider(NOW)
    assert (await refusal(login(provider), provider, error=error))[0] == code


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://evil.example"}, "describes itself as"),
        ({"token_endpoint": None}, "token_endpoint is no address"),
        ({"token_endpoint": "http://id.example.org/token"}, "must begin with https"),
        ({"jwks_uri": "https://[bad"}, "jwks_uri is no address"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no address"),
        ({"end_session_endpoint": 5}, "end_session_endpoint is no address"),
    ],
)
async def test_a_description_that_is_not_good_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(LoginError, match=reason):
        await login(ScriptedProvider(NOW, describes=changes)).begin((), NOW)


@given(st.binary())
def test_any_description_is_answered(body: bytes) -> None:
    with pytest.raises(LoginError):
        parse_description(body, ISSUER)


async def test_a_secret_that_the_provider_does_not_know_is_our_fault() -> None:
    provider = ScriptedProvider(NOW)
    assert (await refusal(login(provider, client_secret=None), provider))[0] == "unavailable"


# Staying logged in.


async def test_an_account_is_looked_at_again_by_its_refresh_token(tmp_path: Path) -> None:
    provider = ScriptedProvider(NOW, refresh_token="first")
    provider.claims["groups"] = ["hosts"]
    page = login(provider, tmp_path / "s.sqlite", moderator_groups=("hosts",))
    cookie, session = await enter(page, provider)
    assert await page.session(cookie, NOW + 299) == session
    provider.claims["groups"] = ["staff"]
    provider.time = NOW + 301
    # Two pages ask at once; the second refresh token would be a stolen one to the provider.
    looked = await asyncio.gather(page.session(cookie, NOW + 301), page.session(cookie, NOW + 301))
    assert [each is not None and each.account.moderator for each in looked] == [False, False]
    assert sum("refresh_token" in each for each in provider.asked) == 1
    page.close()
    again = login(provider, tmp_path / "s.sqlite", moderator_groups=("hosts",))  # after a restart
    assert await again.session(cookie, NOW + 400) == looked[0]
    again.close()


async def test_an_account_that_the_provider_closed_is_logged_out() -> None:
    provider = ScriptedProvider(NOW, refresh_token="first")
    page = login(provider)
    cookie, _ = await enter(page, provider)
    provider.refresh_error = "invalid_grant"
    assert await page.session(cookie, NOW + 301) is None
    assert await page.session(cookie, NOW) is None


async def test_somebody_who_left_the_allowed_groups_is_logged_out() -> None:
    provider = ScriptedProvider(NOW, refresh_token="first", id_at_refresh=False, userinfo={"groups": ["staff"]})
    page = login(provider, allowed_groups=("staff",))
    cookie, _ = await enter(page, provider)
    assert await page.session(cookie, NOW + 301) is not None
    provider.userinfo["groups"] = []
    assert await page.session(cookie, NOW + 700) is None


async def test_a_provider_that_is_away_for_a_while_logs_nobody_out() -> None:
    provider = ScriptedProvider(NOW, refresh_token="first")
    page = login(provider)
    cookie, session = await enter(page, provider)
    provider.down = True
    for later in (301, 302):
        looked = await page.session(cookie, NOW + later)
        assert looked is not None
        assert looked.account == session.account
    assert sum("refresh_token" in each for each in provider.asked) == 1


async def test_another_account_at_a_refresh_is_nobody() -> None:
    provider = ScriptedProvider(NOW, refresh_token="first")
    page = login(provider)
    cookie, _ = await enter(page, provider)
    provider.claims["sub"] = "u-2"
    assert await page.session(cookie, NOW + 301) is None


async def test_a_session_ends_and_its_tokens_with_it() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider, session_hours=1)
    cookie, session = await enter(page, provider)
    assert page.token(session, ("x",), NOW + 3590)[1] == NOW + 3600
    assert await page.session(cookie, NOW + 3600) is None


async def test_log_out_is_at_the_provider_too() -> None:
    provider = ScriptedProvider(NOW)
    page = login(provider)
    cookie, session = await enter(page, provider)
    url = await page.end(cookie, NOW)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{ISSUER}/logout?")
    assert query == {
        "client_id": "meet", "post_logout_redirect_uri": f"{PUBLIC}/", "id_token_hint": session.id_token,
    }  # fmt: skip
    assert await page.session(cookie, NOW) is None
    assert await page.end(cookie, NOW) == f"{PUBLIC}/"


def test_the_file_of_sessions_is_its_owners_and_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "s.sqlite"
    sessions = Sessions(file)
    cookie = sessions.add(Session(read({"sub": "u"}, settings()), NOW + 1, NOW), NOW)
    sessions.close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(cookie.encode() not in path.read_bytes() for path in file.parent.iterdir())


# Settings.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"issuer": "http://id.example.org"}, "must begin with https://"),
        ({"issuer": "id.example.org"}, "must be an address"),
        ({"public_url": "https://meet.example.org/rooms"}, "without a path"),
        ({"public_url": "https://user@meet.example.org"}, "must be an address"),
        ({"scopes": ["profile"]}, "scopes must have openid"),
        ({"client_id": ""}, "at least 1 character"),
        ({"group_claim": "x"}, "Extra inputs"),
    ],
)
def test_settings_that_do_not_fit_say_what_to_do(changes: dict[str, Any], message: str) -> None:
    fields = {"issuer": ISSUER, "client_id": "meet", "public_url": PUBLIC, **changes}
    with pytest.raises(ValidationError, match=message):
        OidcSettings.model_validate(fields)


def test_plain_http_is_for_this_machine() -> None:
    found = OidcSettings(issuer="http://127.0.0.1:8000", client_id="a", public_url="http://localhost:8080/")
    assert (found.public_url, found.secure) == ("http://localhost:8080", False)
