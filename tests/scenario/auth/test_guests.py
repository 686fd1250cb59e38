"""Accounts of a provider, and guests beside them (``allow_guests``), against a running Prosody."""

import time
from pathlib import Path
from typing import Any

import pytest

from pyjitsi.rooms.auth import own
from pyjitsi.rooms.auth.settings import AuthSettings
from tests.scenario.auth.people import person, verdicts
from tests.scenario.prosody.people import Focus, condition, enter, item, knock, text
from tests.support.scripted_provider import settings as provider
from tests.support.xmpp_client import Refused

USER = {"id": "u-1", "name": "Ada"}


def auth(*, guests: bool) -> AuthSettings:
    return AuthSettings(oidc=provider(allow_guests=guests))


async def test_guests_come_in_beside_accounts_as_ordinary_people(focus: Focus, tmp_path: Path) -> None:
    prosody = focus.prosody
    room = f"standup@conference.{prosody.domain}"
    await focus.enter(room)
    moderator = own.issue(
        own.secret_of(tmp_path), USER | {"moderator": "true"}, "standup", prosody.domain, time.time(), 60
    )
    async with verdicts(prosody, auth(guests=True), tmp_path):
        async with person(prosody, None) as guest, person(prosody, moderator) as ada:
            assert item(await enter(guest, room, guest.jid[:8]))["role"] == "participant"
            assert item(await enter(ada, room, ada.jid[:8]))["role"] == "moderator"
        elsewhere = f"board@conference.{prosody.domain}"
        await focus.enter(elsewhere)
        async with person(prosody, moderator) as ada, person(prosody, None) as guest:
            assert text(await knock(ada, elsewhere, ada.jid[:8])) == "Room and token mismatched"
            await enter(guest, elsewhere, guest.jid[:8])


async def test_without_guests_nobody_enters_who_did_not_log_in(focus: Focus, tmp_path: Path) -> None:
    async with verdicts(focus.prosody, auth(guests=False), tmp_path):
        with pytest.raises(Refused, match="no login"):
            async with person(focus.prosody, None):
                pass


async def test_a_guest_whose_leave_ended_meanwhile_is_told_to_log_in(focus: Focus, tmp_path: Path) -> None:
    """The server was set otherwise while the stream stood."""
    room = f"standup@conference.{focus.prosody.domain}"
    await focus.enter(room)
    async with verdicts(focus.prosody, auth(guests=True), tmp_path):
        guest = person(focus.prosody, None)
        stream = await guest.__aenter__()
    async with verdicts(focus.prosody, auth(guests=False), tmp_path):
        refused = await knock(stream, room, stream.jid[:8])
    await guest.__aexit__(None, None, None)
    assert condition(refused) == "not-allowed"
    assert any(each.tag == "{http://jitsi.org/jitmeet}authentication-required" for each in refused.iter())


@pytest.mark.parametrize("of", ["prosody", "nobody"])
async def test_prosodys_secret_makes_no_tokens(focus: Focus, tmp_path: Path, of: str) -> None:
    prosody = focus.prosody
    secret: Any = prosody.rooms_secret if of == "prosody" else "guess"
    forged = own.issue(secret, USER, "standup", prosody.domain, time.time(), 60)
    async with verdicts(prosody, auth(guests=True), tmp_path):
        with pytest.raises(Refused, match="no login"):
            async with person(prosody, forged):
                pass
