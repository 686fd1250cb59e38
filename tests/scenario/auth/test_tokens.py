"""Log-in with tokens against a running Prosody: who gets in, into which room, as what, and what the others are told."""

import hashlib
import socket
import time
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from pyjitsi.rooms.auth.settings import JwtSettings
from pyjitsi.up.state import free_port
from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import NS_CLIENT
from tests.scenario.auth.people import pages, person, verdicts
from tests.scenario.prosody.people import Focus, condition, enter, item, knock, text
from tests.support.prosody import Prosody
from tests.support.tokens import SECRET, claims, signed
from tests.support.xmpp_client import FRAMING, SASL, Refused, XmppClient

JITMEET = "http://jitsi.org/jitmeet"
SHARED = JwtSettings(app_id="my_app", secret=SecretStr(SECRET))


def token(**changes: Any) -> str:
    return signed(claims(**{"exp": int(time.time()) + 600, **changes}))


def sasl_failure(refused: Refused) -> tuple[str, str | None]:
    """Condition and text, shaped as lib-jitsi-meet's expression wants them: text is bare, and last."""
    assert refused.element is not None
    assert refused.element.tag == f"{{{SASL}}}failure"
    names = [each.tag.rpartition("}")[2] for each in refused.element]
    assert names[1:] in ([], ["text"])
    assert all(not each.attrib for each in refused.element)
    return names[0], refused.element.findtext(f"{{{SASL}}}text")


async def refusal(prosody: Prosody, given: str | None) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        async with person(prosody, given):
            pass
    return sasl_failure(caught.value)


async def room_named(focus: Focus, node: str) -> str:
    room = f"{node}@conference.{focus.prosody.domain}"
    await focus.enter(room)
    return room


async def test_refusals_are_those_that_clients_act_on(prosody: Prosody) -> None:
    async with verdicts(prosody, SHARED):
        assert await refusal(prosody, None) == ("not-allowed", "token required")
        assert await refusal(prosody, "nonsense") == ("not-allowed", "Invalid token")
        assert await refusal(prosody, token(iss="other")) == ("not-allowed", "invalid 'iss' claim")
        assert await refusal(prosody, token(sub=None)) == ("not-authorized", "'sub' claim is missing")
        found = await refusal(prosody, token(exp=int(time.time()) - 5))
        assert found[0] == "not-allowed"
        assert (found[1] or "").startswith("Not acceptable by exp (")


async def test_a_second_try_on_the_same_stream_is_judged_too(prosody: Prosody) -> None:
    async with (
        verdicts(prosody, SHARED),
        aiohttp.ClientSession() as session,
        session.ws_connect(prosody.websocket, protocols=("xmpp",)) as stream,
    ):
        await stream.send_str(f"<open xmlns='{FRAMING}' to='{prosody.domain}' version='1.0'/>")
        await stream.receive()
        await stream.receive()
        for _ in range(3):
            await stream.send_str(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
            assert "<not-allowed" in (await stream.receive(timeout=10)).data


async def test_nobody_enters_while_nobody_judges(prosody: Prosody) -> None:
    assert (await refusal(prosody, token()))[0] == "temporary-auth-failure"


async def test_the_token_in_a_header_serves_too(focus: Focus) -> None:
    prosody = focus.prosody
    async with (
        verdicts(prosody, SHARED),
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token()}"}) as session,
        session.ws_connect(prosody.websocket, protocols=("xmpp",)) as stream,
    ):
        await stream.send_str(f"<open xmlns='{FRAMING}' to='{prosody.domain}' version='1.0'/>")
        await stream.receive()
        await stream.receive()
        await stream.send_str(f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        assert "success" in (await stream.receive(timeout=10)).data


async def test_a_token_opens_its_room_and_no_other(focus: Focus) -> None:
    standup, board = await room_named(focus, "standup"), await room_named(focus, "board")
    tenants = await room_named(focus, "[acme]standup")
    async with verdicts(focus.prosody, SHARED), person(focus.prosody, token()) as ada:
        assert item(await enter(ada, standup, ada.jid[:8]))["role"] == "participant"
        for other in (board, tenants):
            refused = await knock(ada, other, ada.jid[:8])
            assert (condition(refused), text(refused)) == ("not-allowed", "Room and token mismatched")


@pytest.mark.parametrize("changes", [{"moderator": True}, {"context": {"user": {"affiliation": "owner"}}}])
async def test_a_moderator_by_token_is_one(focus: Focus, changes: dict[str, Any]) -> None:
    room = await room_named(focus, "standup")
    async with verdicts(focus.prosody, SHARED), person(focus.prosody, token(**changes)) as ada:
        found = item(await enter(ada, room, ada.jid[:8]))
        assert (found["role"], found["affiliation"]) == ("moderator", "owner")


async def test_identity_is_the_tokens_and_never_the_clients(focus: Focus) -> None:
    room = await room_named(focus, "standup")
    context = {"user": {"id": "u-42", "name": "Ann <b>", "avatar": "https://a/a.png"}, "group": "g-17"}
    async with (
        verdicts(focus.prosody, SHARED),
        person(focus.prosody, token(context=context)) as ada,
        person(focus.prosody, token()) as eve,
    ):
        await enter(ada, room, ada.jid[:8])
        join = muc.join(room, "e7e00000")
        forged = SubElement(join, f"{{{NS_CLIENT}}}identity")
        SubElement(SubElement(forged, f"{{{NS_CLIENT}}}user"), f"{{{NS_CLIENT}}}id").text = "u-42"
        await eve.send(join)
        seen = await ada.expect(lambda stanza: stanza.get("from") == f"{room}/e7e00000", "Eve")
        (own,) = _identities(seen)  # her token names nobody
        assert [each.tag for each in own.iter()][1:] == [f"{{{NS_CLIENT}}}user"]
        seen = await eve.expect(lambda stanza: stanza.get("from") == f"{room}/{ada.jid[:8]}", "Ada")
        (identity,) = _identities(seen)
        user = identity[0]
        assert {each.tag.rpartition("}")[2]: each.text for each in user} == context["user"]
        assert identity.findtext(f"{{{NS_CLIENT}}}group") == "g-17"


def _identities(presence: Element) -> list[Element]:
    return [each for each in presence if each.tag.endswith("identity")]


async def test_guests_may_be_let_in_without_a_token_as_ordinary_people(focus: Focus) -> None:
    room = await room_named(focus, "standup")
    open_to_guests = SHARED.model_copy(update={"allow_empty": True})
    async with verdicts(focus.prosody, open_to_guests), person(focus.prosody, None) as bob:
        assert item(await enter(bob, room, "b7d40e95"))["role"] == "participant"
        assert (await refusal(focus.prosody, token(iss="other")))[0] == "not-allowed"


async def test_a_newer_token_at_a_resumption_counts(focus: Focus) -> None:
    standup, board = await room_named(focus, "standup"), await room_named(focus, "board")
    prosody = focus.prosody
    async with verdicts(prosody, SHARED), person(prosody, token()) as ada:
        await enter(ada, standup, ada.jid[:8])
        await ada.break_socket()
        late = XmppClient(f"{prosody.websocket}?token={token(exp=int(time.time()) - 1)}", prosody.domain)
        with pytest.raises(Refused):
            await late.connect(resume=ada)
        await late.close()
        async with person(prosody, token(room="board"), resume=ada) as back:
            assert back.jid == ada.jid
            await enter(back, board, back.jid[:8])


async def test_keys_come_from_a_key_server(focus: Focus) -> None:
    room = await room_named(focus, "standup")
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    path = f"/{hashlib.sha256(b'slack/1').hexdigest()}.pem"
    port = free_port(socket.SOCK_STREAM)
    settings = JwtSettings(app_id="my_app", key_server=f"http://127.0.0.1:{port}")
    body = claims(exp=int(time.time()) + 600)
    good = signed(body, secret=pem.decode(), algorithm="RS256", kid="slack/1")
    async with verdicts(focus.prosody, settings), pages({path: public}, port) as asked:
        async with person(focus.prosody, good) as ada:
            await enter(ada, room, ada.jid[:8])
        assert asked == [path]
        other = signed(body, secret=pem.decode(), algorithm="RS256", kid="other")
        assert await refusal(focus.prosody, other) == ("not-allowed", "could not obtain public key")
        assert await refusal(focus.prosody, token()) == ("not-allowed", "Invalid or incorrect alg")
