"""Tokens as products make them (4-services.md section 7), down to their header, order and escapes: who gets in, into
which room, under which name and picture, and as what."""

import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from pyjitsi.rooms.auth.entry import node_of
from pyjitsi.rooms.auth.settings import AuthSettings, JwtSettings
from pyjitsi.rooms.auth.verdicts import Auth
from tests.support.tokens import SECRET, by_hand, public_pem, signed_by

HOST = "meet.example.org"  # where people open it, and the clients' domain
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLAIN = '{"typ":"JWT","alg":"HS256"}'


def now() -> int:
    return int(time.time())


def auth(**changes: Any) -> Auth:
    return Auth(AuthSettings(jwt=JwtSettings(app_id="app", secret=SecretStr(SECRET), **changes)), HOST, "x")


def with_keys(audience: str, app_id: str = "app") -> Auth:
    """Public keys at a key server, under any name."""

    async def fetch(url: str) -> bytes:
        assert url.startswith("https://keys/")
        return public_pem(KEY)

    jwt = JwtSettings(key_server="https://keys", app_id=app_id, audiences=(audience,))
    return Auth(AuthSettings(jwt=jwt), HOST, "x", fetch)


def js(value: Any) -> str:
    """JSON as JavaScript and Go write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def php(value: Any) -> str:
    """JSON as PHP writes it by default."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


class Visit:
    """What became of a token: who one is to others, and which rooms are open."""

    def __init__(self, verdicts: Auth, answer: dict[str, Any]) -> None:
        self._verdicts: Auth = verdicts
        self.answer: dict[str, Any] = answer
        self.user: dict[str, str] = answer["identity"]["user"]

    async def owner(self, room: str, tenant: str = "") -> bool | None:
        """Whether one moderates that room; None where one isn't let in."""
        node = node_of(room)
        question = {"node": f"[{tenant}]{node}" if tenant else node, "scope": self.answer["scope"]}
        found = await self._verdicts.enter(question)
        return found["owner"] if found["allow"] else None


async def visit(verdicts: Auth, token: str) -> Visit:
    answer = await verdicts.login({"token": token})
    assert answer["allow"], answer
    return Visit(verdicts, answer)


# Rocket.Chat: Apps.Jitsi, videoConfProvider.ts. Its clock is the one in nbf.


def rocket_chat(user: dict[str, str] | str, *, creator: bool, room: str = "*", aud: str = "RocketChat") -> str:
    claims = {"iss": "app", "sub": HOST, "iat": now(), "nbf": now(), "exp": now() + 3600, "aud": aud, "room": room,
              "context": {"user": user} if user else ""}  # fmt: skip
    return by_hand(PLAIN, js(claims | ({"moderator": True} if creator else {})))


ROCKET_USER = {"name": "Ann Óg", "avatar": "https://chat.example.org/avatar/ann", "email": "user_Zq7@rocket.chat"}


async def test_rocket_chat() -> None:
    verdicts = auth()
    ann = await visit(verdicts, rocket_chat(ROCKET_USER, creator=True))
    assert ann.user == ROCKET_USER
    assert await ann.owner("RocketChat5f3c") is True
    ben = await visit(verdicts, rocket_chat({**ROCKET_USER, "name": "Ben"}, creator=False))
    assert await ben.owner("RocketChat5f3c") is False


async def test_rocket_chat_with_its_tokens_held_to_one_room() -> None:
    token = rocket_chat(ROCKET_USER, creator=False, room="RocketChat5f3cAb")
    ann = await visit(auth(audiences=("RocketChat",)), token)
    assert await ann.owner("RocketChat5f3cAb") is False  # the address has its letters, the server small ones
    assert await ann.owner("RocketChatOther") is None


async def test_rocket_chat_for_somebody_without_an_account() -> None:
    """Then ``context`` is an empty text."""
    guest = await visit(auth(), rocket_chat("", creator=False))
    assert guest.user == {}
    assert await guest.owner("RocketChat5f3c") is False


async def test_rocket_chat_whose_clock_is_ahead() -> None:
    claims = {"iss": "app", "sub": HOST, "nbf": now() + 10, "exp": now() + 3600, "aud": "RocketChat", "room": "*"}
    ahead = by_hand(PLAIN, js(claims))
    assert (await auth().login({"token": ahead}))["text"] == "Not acceptable by nbf"
    await visit(auth(leeway_seconds=15), ahead)


async def test_rocket_chat_as_for_a_service_with_app_ids() -> None:
    """Its other mode: RS256, the app id is the tenant, the feature set is empty."""
    app = "vpaas-magic-cookie-1fc5"
    claims = {"iss": "chat", "sub": app, "iat": now(), "nbf": now(), "exp": now() + 3600, "aud": "jitsi", "room": "*",
              "context": {"user": {**ROCKET_USER, "moderator": True}, "features": {}}}  # fmt: skip
    token = signed_by(KEY, js({"typ": "JWT", "alg": "RS256", "kid": f"{app}/4f4910"}), js(claims))
    ann = await visit(with_keys("jitsi", "chat"), token)
    assert ann.answer["identity"]["features"] == {}
    assert await ann.owner("RocketChat5f3c", app) is True
    assert await ann.owner("RocketChat5f3c") is None


# Mattermost: mattermost-plugin-jitsi, plugin.go. One audience is written as a text; unknown values are empty texts.


def mattermost(user: dict[str, str]) -> str:
    claims = {"aud": "app", "exp": now() + 1800, "iss": "app", "sub": HOST, "context": {"user": user, "group": ""},
              "room": "standup-Qd8Lk0sTfT1LPUHWfwMH"}  # fmt: skip
    return by_hand('{"alg":"HS256","typ":"JWT"}', js(claims))


async def test_mattermost() -> None:
    verdicts = auth(audiences=("app",))
    picture = f"https://chat.example.org/api/v4/users/{'a' * 26}/image?_=1790000000"
    full = {"avatar": picture, "name": "Ann", "email": "", "id": "a" * 26}
    ann = await visit(verdicts, mattermost(full))
    assert ann.user == {"avatar": picture, "name": "Ann", "id": "a" * 26}
    assert "group" not in ann.answer["identity"]
    assert await ann.owner("standup-Qd8Lk0sTfT1LPUHWfwMH") is False  # the first to come moderates: focus.auto_owner
    assert await ann.owner("standup") is None


async def test_mattermost_by_the_link_that_everybody_got() -> None:
    nobody = await visit(auth(), mattermost(dict.fromkeys(("avatar", "name", "email", "id"), "")))
    assert nobody.user == {}


# Moodle: mod_jitsi, lib.php. A kid though the secret is shared; the room's name as PHP's urlencode writes it.


def moodle(room: str, *, teacher: bool) -> str:
    user = {"affiliation": "owner" if teacher else "member", "avatar": "https://moodle.example.org/pluginfile.php/5/f1",
            "name": "Zoë Ann", "email": "zoe@example.org", "id": ""}  # fmt: skip
    claims = {"context": {"user": user, "group": ""}, "aud": "jitsi", "iss": "app", "sub": HOST, "room": room,
              "exp": now() + 86_400, "moderator": teacher}  # fmt: skip
    header = '{"kid":"jitsi/custom_key_name","typ":"JWT","alg":"HS256"}'
    return by_hand(header, json.dumps(claims, separators=(",", ":")))


@pytest.mark.parametrize(
    ("name", "urlencoded"),
    [("Course-7-Session", "Course-7-Session"), ("CaféÑ-7", "Caf%C3%A9%C3%91-7"), ("Year+2", "Year%2B2"),
     ("A+B", "A+B"), ("100%25", "100%2525")],
)  # fmt: skip
async def test_moodle(name: str, urlencoded: str) -> None:
    verdicts = auth(audiences=("jitsi",))
    teacher = await visit(verdicts, moodle(urlencoded, teacher=True))
    assert teacher.user["name"] == "Zoë Ann"
    assert teacher.user["avatar"] == "https://moodle.example.org/pluginfile.php/5/f1"
    assert "id" not in teacher.user  # empty for everybody there: it names nobody
    assert await teacher.owner(name) is True
    pupil = await visit(verdicts, moodle(urlencoded, teacher=False))
    assert await pupil.owner(name) is False
    assert await pupil.owner("Another") is None


# Nextcloud: the app jitsi, RoomController.php. No nbf, sub is any, and a guest's name may be null.


@pytest.mark.parametrize("name", ["Ann / Óg", None])
async def test_nextcloud(name: str | None) -> None:
    room = "0f7c9f0e-8a4f-4d9b-9c0e-4a1b7f0f2a11"
    claims = {"context": {"user": {"name": name}}, "aud": "jitsi", "iss": "app", "sub": "*", "room": room,
              "exp": now() + 43_200}  # fmt: skip
    ann = await visit(auth(audiences=("jitsi",)), by_hand(PLAIN, php(claims)))
    assert ann.user == ({"name": name} if name else {})
    assert await ann.owner(room) is False  # everybody is alike there, unless focus.auto_owner
    assert await ann.owner("another") is None


# Slack: jitsi-slack, token.go. RS256 with a key server, a team is a tenant.


async def test_slack() -> None:
    claims = {"aud": "slack", "context": {"user": {"id": "U024BE7LH", "name": "ann", "avatar": "https://s/u.png"},
              "group": "acme"}, "exp": now() + 86_400, "iss": "app", "nbf": now(), "room": "quietwolvesmeet",
              "sub": "acme"}  # fmt: skip
    token = signed_by(KEY, js({"alg": "RS256", "kid": "slack/prod", "typ": "JWT"}), js(claims))
    ann = await visit(with_keys("slack"), token)
    assert ann.user == {"id": "U024BE7LH", "name": "ann", "avatar": "https://s/u.png"}
    assert ann.answer["identity"]["group"] == "acme"
    assert await ann.owner("QuietWolvesMeet", "acme") is False
    assert await ann.owner("QuietWolvesMeet") is None
    assert await ann.owner("QuietWolvesMeet", "other") is None
