"""Who one is by token counts for what lasts: a ban follows the account, and a declared room knows its owners."""

import time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from pydantic import SecretStr

from pyjitsi.rooms.auth import own
from pyjitsi.rooms.auth.settings import AuthSettings, JwtSettings
from pyjitsi.xmpp import muc
from tests.scenario.auth.people import person, verdicts
from tests.scenario.prosody.people import (
    Focus,
    affiliations,
    condition,
    configure,
    enter,
    item,
    knock,
    rooms,
    text,
)
from tests.support.scripted_provider import settings as provider
from tests.support.tokens import SECRET, claims, signed

SHARED = JwtSettings(app_id="my_app", secret=SecretStr(SECRET), allow_empty=True)
OFFICE = {"X-Forwarded-For": "198.51.100.7", "User-Agent": "Firefox"}
HOME = {"X-Forwarded-For": "203.0.113.9", "User-Agent": "Chromium"}


def token(user: dict[str, str], *, host: bool = False) -> str:
    return signed(
        claims(room="*", exp=int(time.time()) + 600, moderator=host or None, context={"user": user} if user else None)
    )


async def new_room(focus: Focus) -> str:
    room = f"owned{next(rooms)}@conference.{focus.prosody.domain}"
    await focus.enter(room)
    return room


@pytest.mark.parametrize(
    "who",
    [
        pytest.param({"id": "u-eve", "name": "Eve"}, id="by id"),
        pytest.param({"email": "user_Zq7@rocket.chat", "name": "Eve"}, id="by address, as Rocket.Chat's have no id"),
        pytest.param({"id": "", "email": "eve@example.org"}, id="by address, as Moodle's id is empty"),
        pytest.param({"id": "u-eve", "moderator": "true"}, id="a moderator"),
    ],
)
async def test_a_banned_account_stays_out_whatever_it_connects_with(focus: Focus, who: dict[str, str]) -> None:
    room = await new_room(focus)
    prosody = focus.prosody
    async with verdicts(prosody, SHARED), person(prosody, token({"id": "u-ada"}, host=True)) as ada:
        await enter(ada, room, ada.jid[:8])
        async with person(prosody, token(who), headers=OFFICE) as eve:
            await enter(eve, room, eve.jid[:8])
            await affiliations(ada, room, "outcast", eve)
            await eve.expect(lambda stanza: stanza.get("type") == "unavailable", "the ban")
        async with person(prosody, token(who), headers=HOME) as again:
            refused = await knock(again, room, again.jid[:8])
            assert (condition(refused), text(refused)) == ("forbidden", "Banned from this meeting")
        # Another account in the same office with the same browser is somebody else.
        async with person(prosody, token({"id": "u-ben", "email": "ben@example.org"}), headers=OFFICE) as ben:
            await enter(ben, room, ben.jid[:8])
        # Without an account one is known by network and browser.
        async with person(prosody, None, headers=OFFICE) as guest:
            assert condition(await knock(guest, room, guest.jid[:8])) == "forbidden"
        async with person(prosody, None, headers=HOME) as guest:
            await enter(guest, room, guest.jid[:8])


async def test_people_whose_tokens_name_nobody_are_not_banned_with_one_of_them(focus: Focus) -> None:
    """Moodle gives everybody the empty id."""
    room = await new_room(focus)
    prosody = focus.prosody
    async with verdicts(prosody, SHARED), person(prosody, token({"id": "u-ada"}, host=True)) as ada:
        await enter(ada, room, ada.jid[:8])
        async with person(prosody, token({"id": "", "name": "Eve"}), headers=OFFICE) as eve:
            await enter(eve, room, eve.jid[:8])
            await affiliations(ada, room, "outcast", eve)
        async with person(prosody, token({"id": "", "name": "Ben"}), headers=HOME) as ben:
            await enter(ben, room, ben.jid[:8])


async def declare(focus: Focus, room: str, *owners: str) -> None:
    """What the focus submits of a declared room."""
    query = Element(f"{{{muc.NS_OWNER}}}query")
    form = SubElement(query, f"{{{muc.NS_DATA}}}x", type="submit")
    fields: dict[str, tuple[str, ...]] = {"FORM_TYPE": (f"{muc.NS}#roomconfig",), "{urn:pyjitsi:rooms}owners": owners}
    for name, values in fields.items():
        field = SubElement(form, f"{{{muc.NS_DATA}}}field", var=name)
        for value in values:
            SubElement(field, f"{{{muc.NS_DATA}}}value").text = value
    await focus.iq(room, query)


async def test_owners_of_a_declared_room_are_accounts_of_the_tokens(focus: Focus) -> None:
    room = await new_room(focus)
    prosody = focus.prosody
    await declare(focus, room, "u-ann", "ben@example.org")
    good: list[dict[str, Any]] = [{"id": "u-ann"}, {"id": "u-ben", "email": "ben@example.org"}]
    others: list[dict[str, Any]] = [{"id": "U-ANN"}, {"id": "", "email": ""}, {"name": "u-ann"}, {"id": "u-ann "}]
    async with verdicts(prosody, SHARED):
        async with person(prosody, token({"id": "u-ann"})) as ann:
            await enter(ann, room, ann.jid[:8])
            await configure(ann, room, roomsecret="sesame")
            for user, expected in [(each, True) for each in good] + [(each, False) for each in others]:
                async with person(prosody, token(user)) as one:
                    answer = await knock(one, room, one.jid[:8])
                    found = item(answer).get("role") == "moderator"
                    assert found is expected, user  # owners go past the password, others don't
                    assert found or condition(answer) == "not-authorized"
        # A client's own word for it is nothing.
        async with person(prosody, None) as eve:
            join = muc.join(room, eve.jid[:8])
            user = SubElement(SubElement(join, "{jabber:client}identity"), "{jabber:client}user")
            SubElement(user, "{jabber:client}id").text = "u-ann"
            await eve.send(join)
            answer = await eve.expect(lambda stanza: stanza.get("type") == "error", "a refusal")
            assert condition(answer) == "not-authorized"


async def test_an_address_that_nobody_sees_names_an_owner(focus: Focus, tmp_path: Path) -> None:
    """The room services' own tokens keep it out of the identity."""
    room = await new_room(focus)
    prosody = focus.prosody
    await declare(focus, room, "ann@example.org")
    secret, name = own.secret_of(tmp_path), room.partition("@")[0]

    def made(user: str, *names: str) -> str:
        return own.issue(secret, {"id": user, "name": user}, name, prosody.domain, time.time(), 60, names)

    async with (
        verdicts(prosody, AuthSettings(oidc=provider()), tmp_path),
        person(prosody, made("u-1", "ann@example.org")) as ann,
        person(prosody, made("u-2", "ben@example.org")) as ben,
    ):
        assert item(await enter(ann, room, ann.jid[:8]))["role"] == "moderator"
        assert item(await enter(ben, room, ben.jid[:8]))["role"] == "participant"
        seen = await ben.expect(lambda stanza: stanza.get("from") == f"{room}/{ann.jid[:8]}", "Ann")
        assert "ann@example.org" not in tostring(seen, "unicode")
