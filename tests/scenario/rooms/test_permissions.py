"""What moderators restrict, and clients that don't care; over a running Prosody."""

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pytest

from pyjitsi.xmpp import muc
from tests.scenario.prosody.people import Focus, affiliations, body, condition, enter, hears
from tests.scenario.rooms.conftest import NewPerson
from tests.scenario.rooms.test_moderation import Meeting, meeting
from tests.scenario.rooms.wire import JITMEET, message
from tests.support.xmpp_client import CLIENT, XmppClient


@pytest.fixture
async def here(focus: Focus, person: NewPerson) -> Meeting:
    return await meeting(focus, person)


async def restrict(here: Meeting, **flags: bool) -> None:
    request = json.dumps({"type": "room_metadata", "key": "permissions", "data": flags})
    await here.ada.send(message(here.service, f"{{{JITMEET}}}room_metadata", {"room": here.room}, request))
    await here.told(here.bob, metadata={"permissions": flags})


async def refusal(who: XmppClient) -> Element:
    found = await who.expect(lambda s: s.tag == f"{{{CLIENT}}}message" and s.get("type") == "error", "a refusal")
    who.seen.remove(found)
    return found


def edit(room: str) -> Element:
    stanza = Element(f"{{{CLIENT}}}message", to=room, type="groupchat")
    text = json.dumps({"type": "editChat", "messageId": "x", "message": "hello"}).replace("edit", "\\u0065dit")
    SubElement(stanza, f"{{{JITMEET}}}json-message").text = text
    return stanza


async def test_restricted_chat_is_the_moderators(here: Meeting) -> None:
    await restrict(here, groupChatRestricted=True)
    await here.bob.send(body(here.room, "may I?"))
    assert condition(await refusal(here.bob)) == "not-allowed"
    await here.bob.send(edit(here.room))
    assert condition(await refusal(here.bob)) == "not-allowed"
    await here.ada.send(body(here.room, "no"))
    await hears(here.bob, "no")
    assert not [each for each in here.ada.seen if each.findtext(f"{{{CLIENT}}}body") == "may I?"]
    await restrict(here, groupChatRestricted=False)
    await here.bob.send(body(here.room, "now?"))
    await hears(here.ada, "now?")


async def test_restricted_private_chat_is_with_moderators(here: Meeting, person: NewPerson) -> None:
    cleo = await person()
    await enter(cleo, here.room, "c1e0c1e0")
    await here.bob.send(body(f"{here.room}/c1e0c1e0", "psst", "chat"))
    await hears(cleo, "psst")
    await restrict(here, privateChatRestricted=True)
    await here.bob.send(body(f"{here.room}/c1e0c1e0", "again", "chat"))
    assert condition(await refusal(here.bob)) == "not-allowed"
    await here.bob.send(body(f"{here.room}/3fa81c02", "help", "chat"))
    await hears(here.ada, "help")


async def test_what_nobody_reads_is_refused(here: Meeting) -> None:
    for to, kind in ((here.room, "groupchat"), (f"{here.room}/3fa81c02", "chat")):
        await here.bob.send(body(to, "x" * 20_000, kind))
        assert condition(await refusal(here.bob)) == "policy-violation"


async def test_unknown_permissions_are_refused(here: Meeting) -> None:
    for data in ({"everything": True}, {"groupChatRestricted": "yes"}, [True]):
        request: dict[str, Any] = {"type": "room_metadata", "key": "permissions", "data": data}
        await here.ada.send(
            message(here.service, f"{{{JITMEET}}}room_metadata", {"room": here.room}, json.dumps(request))
        )
        assert condition(await refusal(here.ada)) == "bad-request"


def permitted(presence: Element) -> set[str]:
    return {each.get("name", "") for each in presence.iter(f"{{{JITMEET}}}p")}


async def test_own_presence_says_what_one_may_and_nobody_can_claim_it(here: Meeting) -> None:
    own = await here.ada.expect(
        lambda s: s.get("from") == f"{here.room}/3fa81c02" and "recording" in permitted(s), "a moderator's permissions"
    )
    assert "send-groupchat" in permitted(own)
    claim = Element(f"{{{JITMEET}}}permissions")
    SubElement(claim, f"{{{JITMEET}}}p", name="recording", val="true")
    await here.bob.send(muc.presence(f"{here.room}/b7d40e95", [claim, Element(f"{{{CLIENT}}}claimed")]))
    for who in (here.ada, here.bob):
        seen = await who.expect(
            lambda s: s.get("from") == f"{here.room}/b7d40e95" and s.find(f"{{{CLIENT}}}claimed") is not None, "bob"
        )
        assert permitted(seen) == set()


async def test_clients_are_told_what_they_may_and_when_they_may_no_more(here: Meeting) -> None:
    own = f"{here.room}/b7d40e95"

    async def told(role: str) -> set[str | None] | None:
        found = await here.bob.expect(
            lambda s: s.get("from") == own and role in {each.get("role") for each in s.iter()}, f"to be {role}"
        )
        here.bob.seen.remove(found)
        permissions = found.find(f"{{{JITMEET}}}permissions")
        return None if permissions is None else {each.get("name") for each in permissions}

    assert await told("participant") is None
    await here.focus.grant(here.room, here.bob)
    granted = await told("moderator")
    assert granted is not None and "send-groupchat" in granted
    await affiliations(here.ada, here.room, "none", here.bob)
    assert await told("participant") == set()
