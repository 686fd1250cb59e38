"""Entry with Matrix accounts: what Element's tokens are worth, and who is asked."""

import asyncio
import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from pyjitsi.rooms.auth.entry import judge
from pyjitsi.rooms.auth.grant import Grant, Refused
from pyjitsi.rooms.auth.matrix import verifier as verifiers
from pyjitsi.rooms.auth.matrix.power import read_state
from pyjitsi.rooms.auth.matrix.settings import MatrixSettings
from pyjitsi.rooms.auth.matrix.verifier import MatrixVerifier, room_of
from pyjitsi.rooms.auth.settings import AuthSettings
from pyjitsi.rooms.auth.verdicts import Auth
from tests.support.matrix import ADMIN, ROOM, SERVER, Homeserver, element_token, power
from tests.support.tokens import DOMAIN, signed

BASE = "https://matrix.example.org"
SYNAPSE = MatrixSettings(
    homeservers={SERVER: BASE}, synapse_url="http://127.0.0.1:8008", synapse_token=SecretStr(ADMIN)
)
SERVICE = MatrixSettings(
    homeservers={SERVER: None}, verification_service="http://127.0.0.1:3000", verification_token=SecretStr(ADMIN)
)
BOTH = pytest.mark.parametrize("settings", [SYNAPSE, SERVICE], ids=["synapse", "service"])


async def refusal(settings: MatrixSettings, server: Homeserver, token: str) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        await MatrixVerifier(settings, DOMAIN, server).verify(token)
    return caught.value.condition, caught.value.text


async def grant_of(settings: MatrixSettings, server: Homeserver, token: str) -> Grant:
    return await MatrixVerifier(settings, DOMAIN, server).verify(token)


@BOTH
async def test_somebody_of_the_room_enters_its_conference_and_no_other(settings: MatrixSettings) -> None:
    grant = await grant_of(settings, Homeserver(), element_token("t-ann"))
    assert grant.moderator
    assert grant.user["id"] == "@ann:example.org"
    # Element names the conference by the room's id in base32; addresses are in small letters.
    assert base64.b32decode(room_of(ROOM).upper() + "=" * (-len(room_of(ROOM)) % 8)).decode() == ROOM
    assert judge(grant.scope, room_of(ROOM), DOMAIN, verify_domain=True) is None
    for other in (room_of("!other:example.org"), "standup", f"[acme]{room_of(ROOM)}"):
        assert judge(grant.scope, other, DOMAIN, verify_domain=True) is not None


@BOTH
async def test_the_power_level_says_who_moderates(settings: MatrixSettings) -> None:
    assert not (await grant_of(settings, Homeserver(), element_token("t-ben"))).moderator
    stricter = settings.model_copy(update={"moderator_level": 100})
    assert not (await grant_of(stricter, Homeserver(), element_token("t-ann"))).moderator
    lax = settings.model_copy(update={"moderator_level": 0})
    assert (await grant_of(lax, Homeserver(), element_token("t-ben"))).moderator


async def test_the_name_is_the_rooms_and_not_what_the_token_says() -> None:
    assert dict((await grant_of(SYNAPSE, Homeserver(), element_token("t-ann"))).user) == {
        "id": "@ann:example.org",
        "name": "Ann Óg",
    }
    assert dict((await grant_of(SYNAPSE, Homeserver(), element_token("t-ben"))).user) == {"id": "@ben:example.org"}
    assert dict((await grant_of(SERVICE, Homeserver(), element_token("t-ann"))).user) == {"id": "@ann:example.org"}


@BOTH
async def test_who_is_not_let_in(settings: MatrixSettings) -> None:
    server = Homeserver()
    server.tokens["t-eve"] = "@eve:example.org"
    assert await refusal(settings, server, element_token("t-eve")) == ("not-allowed", "Not in this Matrix room")
    assert await refusal(settings, server, element_token("t-ann", "!unknown:example.org")) == (
        "not-allowed", "Not in this Matrix room"
    )  # fmt: skip
    assert await refusal(settings, server, element_token("stolen")) == (
        "not-allowed", "The Matrix server doesn't know this token"
    )  # fmt: skip


async def test_a_service_that_says_no_is_believed_whatever_else_it_says() -> None:
    class Odd(Homeserver):
        async def ask(
            self, url: str, bearer: str | None = None, body: dict[str, Any] | None = None
        ) -> tuple[int, bytes]:
            results = {"user": False, "room_membership": True}
            return 200, json.dumps({"results": results, "user_id": "@ann:example.org"}).encode()

    assert (await refusal(SERVICE, Odd(), element_token("t-ann")))[0] == "not-allowed"


@BOTH
async def test_a_server_speaks_for_its_own_people_alone(settings: MatrixSettings) -> None:
    server = Homeserver()
    server.rooms[ROOM][0].extend(["@ann:other.org", "@ann:example.org.evil", "ann:example.org"])
    for user in ("@ann:other.org", "@ann:example.org.evil", "ann:example.org", "@ann", 7, ["@ann:example.org"], ""):
        server.tokens["t"] = user
        assert await refusal(settings, server, element_token("t")) == (
            "not-allowed", "The Matrix server doesn't know this token"
        )  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    "name",
    ["evil.org", "EXAMPLE.ORG", "example.org:8448", "127.0.0.1", "example.org@evil.org", "example.org/..", "", 7, []],
)  # fmt: skip
async def test_no_token_has_us_ask_a_server_that_is_not_declared(settings: MatrixSettings, name: Any) -> None:
    server = Homeserver()
    assert await refusal(settings, server, element_token("t-ann", ROOM, name)) == (
        "not-allowed", "Accounts of that Matrix server may not enter"
    )  # fmt: skip
    assert server.asked == []


async def test_the_server_may_be_unnamed_where_there_is_but_one() -> None:
    assert (await grant_of(SYNAPSE, Homeserver(), element_token("t-ann", server=None))).moderator
    two = SYNAPSE.model_copy(update={"homeservers": {SERVER: BASE, "other.org": None}})
    assert (await refusal(two, Homeserver(), element_token("t-ann", server=None)))[0] == "not-allowed"


@pytest.mark.parametrize(
    ("token", "room"),
    [
        ("", ROOM), ("t ann", ROOM), ("t\r\nHost: evil", ROOM), ("t" * 2000, ROOM), (7, ROOM), (None, ROOM),
        ("t-ann", ""), ("t-ann", "#alias:example.org"), ("t-ann", "!" + "x" * 300), ("t-ann", 7), ("t-ann", "!a\nb"),
    ],
)  # fmt: skip
async def test_texts_that_are_none_ask_nobody(token: Any, room: Any) -> None:
    server = Homeserver()
    assert (await refusal(SYNAPSE, server, element_token(token, room)))[0] == "not-allowed"
    assert server.asked == []


async def test_what_is_asked_stays_within_its_place() -> None:
    """Neither token nor room makes a path or a query of its own, and strangers have Synapse asked nothing."""
    server = Homeserver()
    server.tokens["a&b/../c?d#e"] = "@ann:example.org"
    await refusal(SYNAPSE, server, element_token("a&b/../c?d#e", "!../../v1/users?x#y:example.org"))
    admin = "http://127.0.0.1:8008/_synapse/admin/v1/rooms/%21..%2F..%2Fv1%2Fusers%3Fx%23y%3Aexample.org"
    userinfo = f"{BASE}/_matrix/federation/v1/openid/userinfo?access_token=a%26b%2F..%2Fc%3Fd%23e"
    assert server.asked == [userinfo, f"{admin}/members", f"{admin}/state"]
    server.asked.clear()
    await refusal(SYNAPSE, server, element_token("stolen"))
    assert all(url.startswith(BASE) for url in server.asked)


@BOTH
async def test_servers_that_are_away_or_hang(settings: MatrixSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Homeserver(down=True)
    expected = ("temporary-auth-failure", "The Matrix server can't be asked now")
    assert await refusal(settings, server, element_token("t-ann")) == expected

    class Hanging(Homeserver):
        async def ask(
            self, url: str, bearer: str | None = None, body: dict[str, Any] | None = None
        ) -> tuple[int, bytes]:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(verifiers, "SECONDS", 0.01)
    assert await refusal(settings, Hanging(), element_token("t-ann")) == expected


@BOTH
async def test_a_token_of_ours_that_is_not_taken_is_no_fault_of_peoples(settings: MatrixSettings) -> None:
    wrong = settings.model_copy(update={"synapse_token": SecretStr("x"), "verification_token": SecretStr("x")})
    assert (await refusal(wrong, Homeserver(), element_token("t-ann")))[0] == "temporary-auth-failure"


async def test_a_lost_stream_comes_back_after_the_tokens_hour_but_nobody_else() -> None:
    server = Homeserver()
    verifier = MatrixVerifier(SYNAPSE, DOMAIN, server)
    grant = await verifier.verify(element_token("t-ann"))
    server.tokens.clear()
    assert await verifier.verify(element_token("t-ann"), resumes=True) == grant
    for token, resumes in ((element_token("t-ann"), False), (element_token("t-ann", "!other:example.org"), True)):
        with pytest.raises(Refused):
            await verifier.verify(token, resumes=resumes)


def versions() -> list[tuple[str, list[Any], dict[str, bool]]]:
    ann, ben, eve = "@ann:a", "@ben:a", "@eve:a"

    def create(**content: Any) -> dict[str, Any]:
        return {"type": "m.room.create", "state_key": "", "sender": ann, "content": content}

    return [
        ("!r:a", [power({ann: 100, ben: 50})], {ann: True, ben: True, eve: False}),
        ("!r:a", [power({ann: 100, ben: 50}, state_default=75)], {ann: True, ben: False}),
        ("!r:a", [power({ann: "100", ben: " 7"}, state_default="60")], {ann: True, ben: False}),
        ("!r:a", [power({ann: True, ben: 49.9}, users_default=50)], {ann: True, eve: True}),
        ("!r:a", [create(creator=ann)], {ann: True, ben: False}),
        ("!r:a", [create(), power({ben: 50})], {ann: False, ben: True}),
        ("!hash", [create(additional_creators=[ben, 7]), power({eve: 50}, state_default=1000)],
         {ann: True, ben: True, eve: False}),
        ("!hash", [{**power({eve: 100}), "state_key": "x"}, None, {"type": []}, power([eve])], {eve: False}),
        ("!hash", [], {ann: False, "": False}),
    ]  # fmt: skip


@pytest.mark.parametrize(("room", "state", "expected"), versions())
def test_power_in_rooms_of_all_versions(room: str, state: list[Any], expected: dict[str, bool]) -> None:
    found = read_state(state, room)
    assert {user: found.level_of(user) >= found.needed for user in expected} == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("@ann:example.org"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["sub", "members", "state", "results", "user", "room_membership", "user_id", "power_levels",
                             "room", "type", "content", "users", "state_key", "displayname"]), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@BOTH
@given(answers=st.lists(anything.map(json.dumps) | st.text(max_size=9), min_size=3, max_size=3), status=st.just(200))
async def test_whatever_servers_answer_it_is_a_person_or_a_refusal(
    settings: MatrixSettings, answers: list[str], status: int
) -> None:
    class Odd(Homeserver):
        async def ask(
            self, url: str, bearer: str | None = None, body: dict[str, Any] | None = None
        ) -> tuple[int, bytes]:
            return status, answers[(len(url) + len(self.asked)) % 3].encode("utf-8", "replace")

    try:
        grant = await grant_of(settings, Odd(), element_token("t-ann"))
    except Refused:
        return
    assert grant.user["id"] == "@ann:example.org"


@given(text=st.text())
def test_any_text_may_be_asked_whether_it_is_of_this_kind(text: str) -> None:
    assert not MatrixVerifier.speaks_of(text)
    assert not MatrixVerifier.speaks_of(f"{text}.{text}.{text}")


async def test_settings_say_who_knows() -> None:
    with pytest.raises(ValidationError, match="exactly one of synapse_url"):
        MatrixSettings(homeservers={SERVER: None})
    with pytest.raises(ValidationError, match="belong together"):
        MatrixSettings(homeservers={SERVER: None}, synapse_url="http://s")
    with pytest.raises(ValidationError, match="is no server name"):
        MatrixSettings(homeservers={"https://x": None}, verification_service="http://s")
    with pytest.raises(ValidationError, match="choose one way"):
        AuthSettings.model_validate({
            "matrix": {"homeservers": {SERVER: None}, "verification_service": "http://s"},
            "accounts": {"a": {"password_hash_file": "/a"}},
        })  # fmt: skip


async def test_beside_matrix_nobody_enters_with_a_token_of_ones_own() -> None:
    """A JWT that names no Matrix room is nobody's, and without any there is no entry."""
    auth = Auth(AuthSettings(matrix=SYNAPSE), DOMAIN, "x")
    for token in (signed({"iss": "a", "aud": "b", "sub": "*", "room": "*"}), "x", "", None):
        assert not (await auth.login({"token": token}))["allow"]
    assert not (await auth.enter({"node": "standup"}))["allow"]
    guests = Auth(AuthSettings(matrix=SYNAPSE.model_copy(update={"allow_guests": True})), DOMAIN, "x")
    assert (await guests.login({}))["allow"]
