"""The secret of the tokens that this service makes itself."""

import stat
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pyjitsi.rooms.auth import own
from pyjitsi.rooms.auth.oidc.account import read
from pyjitsi.rooms.auth.settings import AuthSettings
from pyjitsi.rooms.auth.verdicts import Auth
from tests.support.scripted_provider import settings as provider
from tests.support.tokens import DOMAIN

USER = {"id": "u-1", "name": "Ada"}


async def answer(secret: str, token: str) -> dict[str, Any]:
    return await Auth(AuthSettings(oidc=provider()), DOMAIN, secret).login({"token": token})


def test_it_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = own.secret_of(tmp_path / "rooms")
    assert own.secret_of(tmp_path / "rooms") == first
    file = tmp_path / "rooms" / "tokens.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first) == 64
    assert [path.name for path in file.parent.iterdir()] == ["tokens.secret"]


def test_half_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "tokens.secret").write_text("\n")
    (tmp_path / "tokens.secret.new").write_text("half")
    assert len(own.secret_of(tmp_path)) == 64


def test_without_a_folder_every_start_has_another() -> None:
    assert own.secret_of(None) != own.secret_of(None)


async def test_a_token_is_good_after_a_restart_and_nobody_else_can_make_one(tmp_path: Path) -> None:
    secret = own.secret_of(tmp_path)
    token = own.issue(secret, USER, "standup", DOMAIN, 1e9, 1e10)
    assert (await answer(own.secret_of(tmp_path), token))["allow"]
    prosodys = SecretStr("the secret of the component, which Prosody has").get_secret_value()
    assert not (await answer(own.secret_of(tmp_path), own.issue(prosodys, USER, "standup", DOMAIN, 1e9, 1e10)))["allow"]


def test_only_an_address_that_was_proved_is_anybodys() -> None:
    claims = {"sub": "u-1", "name": "Ada", "email": "ada@example.org"}
    for verified, expected in ((True, "ada@example.org"), (False, ""), ("true", ""), (None, "")):
        account = read({**claims, "email_verified": verified}, provider())
        assert account.email == expected
        assert "email" not in account.user()  # others in the room see that
    assert read({**claims, "email": ["x"], "email_verified": True}, provider()).email == ""
