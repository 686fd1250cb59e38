"""What clients are told of a token that is not taken, in the very shape that lib-jitsi-meet acts on.

At log-in it looks for ``<failure …><not-allowed/><text>…</text></failure>`` (a regular expression over the text), at
the door for children of the error in the namespace http://jitsi.org/jitmeet.
"""

import json
import re
import time
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

import aiohttp
import pytest
from pydantic import SecretStr

from pyjitsi.rooms.auth.settings import JwtSettings
from pyjitsi.xmpp import muc
from tests.scenario.auth.people import person, verdicts
from tests.scenario.prosody.people import Focus, condition, enter, item, knock, text
from tests.support.bosh_client import BoshClient
from tests.support.prosody import Prosody
from tests.support.tokens import SECRET, by_hand, claims, signed, unsigned
from tests.support.xmpp_client import CLIENT, FRAMING, SASL, Refused

JITMEET = "{http://jitsi.org/jitmeet}"
LIB_JITSI_MEET = re.compile(r"<failure.*><not-allowed/><text>(.*)</text></failure>", re.IGNORECASE)
GOOD = '{"alg":"HS256","typ":"JWT"}'
SHARED = JwtSettings(app_id="my_app", secret=SecretStr(SECRET), audiences=("jitsi",))


def fresh(**changes: Any) -> dict[str, Any]:
    return claims(**{"exp": int(time.time()) + 600, **changes})


async def said(prosody: Prosody, token: str) -> str:
    """What the server says to a log-in with that token, as it is on the wire."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{prosody.websocket}?room=standup&token={token}", protocols=("xmpp",)) as stream,
    ):
        await stream.send_str(f"<open xmlns='{FRAMING}' to='{prosody.domain}' version='1.0'/>")
        await stream.receive()
        await stream.receive()
        await stream.send_str(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        return str((await stream.receive(timeout=10)).data)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(lambda: unsigned(fresh()), "Invalid or incorrect alg", id="none"),
        pytest.param(lambda: unsigned(fresh(), "HS256"), "Invalid signature", id="no signature"),
        pytest.param(lambda: signed(fresh(), secret=SECRET + "!"), "Invalid signature", id="another secret"),
        pytest.param(lambda: by_hand('{"alg":"HS512","typ":"JWT"}', json.dumps(fresh())), "Invalid or incorrect alg",
                     id="HS512"),
        pytest.param(lambda: by_hand('{"alg":"HS256"}', json.dumps(fresh())), "Invalid typ", id="typ"),
        pytest.param(lambda: signed(fresh(), crit=["x"], x=1), "Invalid header", id="crit"),
        pytest.param(lambda: by_hand('{"alg":"none","alg":"HS256","typ":"JWT"}', json.dumps(fresh())),
                     "Invalid header", id="alg twice"),
        pytest.param(lambda: by_hand(GOOD, json.dumps(fresh())[:-1] + ',"room":"*"}'), "Invalid body", id="room twice"),
        pytest.param(lambda: signed(fresh(aud="other")), "invalid 'aud' claim", id="aud"),
        pytest.param(lambda: signed(fresh(nbf=int(time.time()) + 60)), "Not acceptable by nbf", id="nbf"),
    ],
)  # fmt: skip
async def test_a_refused_log_in(prosody: Prosody, token: Any, reason: str) -> None:
    async with verdicts(prosody, SHARED):
        wire = await said(prosody, token())
    found = LIB_JITSI_MEET.search(wire)
    assert found is not None, wire
    assert found.group(1).replace("&apos;", "'") == reason


async def test_the_same_over_bosh(prosody: Prosody) -> None:
    async with verdicts(prosody, SHARED):
        client = BoshClient(f"{prosody.bosh}?room=standup&token={unsigned(fresh())}", prosody.domain)
        with pytest.raises(Refused, match="no login") as caught:
            await client.connect()
        await client.close()
    assert caught.value.element is not None
    (failure,) = caught.value.element.iter(f"{{{SASL}}}failure")
    assert [each.tag for each in failure] == [f"{{{SASL}}}not-allowed", f"{{{SASL}}}text"]
    assert failure[1].text == "Invalid or incorrect alg"


@pytest.mark.parametrize(
    ("settings", "changes", "node", "expected"),
    [
        pytest.param({"verify_domain": False}, {"room": "board"}, "standup", (["room-mismatch"], "Room and token"),
                     id="another room, by name alone"),
        pytest.param({}, {"room": "board"}, "standup", ([], "Room and token mismatched"), id="another room"),
        pytest.param({}, {"room": "team%-%d+", "context": {"room": {"regex": True}}}, "team-x",
                     (["room-name-does-not-match"], "Room and token mismatched"), id="pattern"),
        pytest.param({}, {"room": "team%-(", "context": {"room": {"regex": True}}}, "team-x",
                     (["invalid-regex"], "The room pattern"), id="bad pattern"),
        pytest.param({}, {"sub": "other.example.org"}, "standup", ([], "Room and token mismatched"), id="domain"),
    ],
)  # fmt: skip
async def test_a_room_that_the_token_is_not_for(
    focus: Focus, settings: dict[str, Any], changes: dict[str, Any], node: str, expected: tuple[list[str], str]
) -> None:
    room = f"{node}@conference.{focus.prosody.domain}"
    await focus.enter(room)
    async with (
        verdicts(focus.prosody, SHARED.model_copy(update=settings)),
        person(focus.prosody, signed(fresh(**changes))) as ada,
    ):
        refused = await knock(ada, room, ada.jid[:8])
        error = refused.find(f"{{{CLIENT}}}error")
        assert error is not None
        assert error.get("type") == "cancel"
        assert condition(refused) == "not-allowed"
        assert text(refused).startswith(expected[1])
        assert [each.tag.removeprefix(JITMEET) for each in error if each.tag.startswith(JITMEET)] == expected[0]


# Tenants: https://host/acme/standup, over WebSocket and over BOSH.


@pytest.mark.parametrize("way", ["websocket", "bosh"])
async def test_a_tenants_token_is_for_the_tenants_rooms(focus: Focus, way: str) -> None:
    prosody = focus.prosody
    for node in ("[acme]standup", "[evil]standup", "standup"):
        await focus.enter(f"{node}@conference.{prosody.domain}")
    own = f"standup@conference.acme.{prosody.domain}"
    others = (f"standup@conference.evil.{prosody.domain}", f"standup@conference.{prosody.domain}")
    given = signed(fresh(sub="acme", context={"tenant": "acme", "user": {"id": "u1"}}, moderator=True))
    async with verdicts(prosody, SHARED):
        if way == "bosh":
            await _over_bosh(prosody, given, own, others)
            return
        async with person(prosody, given) as ada:
            assert item(await enter(ada, own, ada.jid[:8]))["role"] == "moderator"
        for other in others:
            async with person(prosody, given) as ada:
                refused = await knock(ada, other, ada.jid[:8])
                assert (refused.get("from", "").partition("/")[0], text(refused)) == (
                    other, "Room and token mismatched"
                )  # fmt: skip


async def _over_bosh(prosody: Prosody, given: str, own: str, others: tuple[str, ...]) -> None:
    for room in (own, *others):
        # The web server makes …/acme/http-bind into this; the name of the room says the tenant.
        ada = BoshClient(f"{prosody.bosh}?prefix=acme&room=standup&token={given}", prosody.domain)
        await ada.connect()
        address = f"{room}/{ada.jid[:8]}"
        first = await ada.send(muc.join(room, ada.jid[:8]))
        answer = await ada.expect(first, partial(_is_answer, address))
        if room == own:
            assert item(answer)["role"] == "moderator"
            assert answer.get("from") == address
        else:
            assert text(answer) == "Room and token mismatched"
        await ada.close()


def _is_answer(address: str, stanza: Element) -> bool:
    room = address.partition("/")[0]
    refused = stanza.get("type") == "error" and stanza.get("from", "").startswith(room)
    return refused or stanza.get("from") == address
