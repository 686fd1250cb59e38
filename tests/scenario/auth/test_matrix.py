"""Entry with Matrix accounts against a running Prosody, and a homeserver over HTTP."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from pyjitsi.observe.http import HttpServer
from pyjitsi.rooms.auth.matrix.settings import MatrixSettings
from pyjitsi.rooms.auth.matrix.verifier import room_of
from pyjitsi.rooms.auth.settings import AuthSettings
from pyjitsi.up.state import free_port
from tests.scenario.auth.people import person, verdicts
from tests.scenario.prosody.people import Focus, enter, item, knock, text
from tests.support.matrix import ADMIN, ROOM, SERVER, Homeserver, element_token
from tests.support.xmpp_client import CLIENT, SASL, Refused


@asynccontextmanager
async def matrix(focus: Focus, kind: str) -> AsyncGenerator[Homeserver]:
    """The homeserver, with the room services asking it."""
    homeserver = Homeserver()
    port = free_port(socket.SOCK_STREAM)
    base = f"http://127.0.0.1:{port}"
    server = HttpServer(homeserver.application(), "127.0.0.1", port)
    await server.start()
    who = (
        {"synapse_url": base, "synapse_token": SecretStr(ADMIN)}
        if kind == "synapse"
        else {"verification_service": base, "verification_token": SecretStr(ADMIN)}
    )
    settings = MatrixSettings.model_validate({"homeservers": {SERVER: base}, **who})
    try:
        async with verdicts(focus.prosody, AuthSettings(matrix=settings)):
            yield homeserver
    finally:
        await server.stop()


@pytest.mark.parametrize("kind", ["synapse", "service"])
async def test_people_of_a_matrix_room_meet_in_its_conference(focus: Focus, kind: str) -> None:
    room = f"{room_of(ROOM)}@conference.{focus.prosody.domain}"
    other = f"standup@conference.{focus.prosody.domain}"
    await focus.enter(room)
    await focus.enter(other)
    async with matrix(focus, kind) as homeserver:
        async with (
            person(focus.prosody, element_token("t-ann")) as ann,
            person(focus.prosody, element_token("t-ben")) as ben,
        ):
            assert item(await enter(ann, room, ann.jid[:8]))["role"] == "moderator"
            assert item(await enter(ben, room, ben.jid[:8]))["role"] == "participant"
            seen = await ben.expect(lambda stanza: stanza.get("from") == f"{room}/{ann.jid[:8]}", "Ann")
            user = seen.find(f"{{{CLIENT}}}identity/{{{CLIENT}}}user")
            assert user is not None
            assert user.findtext(f"{{{CLIENT}}}id") == "@ann:example.org"
            assert text(await knock(ben, other, ben.jid[:8])) == "Room and token mismatched"
            # An hour later the homeserver knows the token no more; a lost socket is no reason to be sent away.
            homeserver.tokens.clear()
            await ann.break_socket()
            async with person(focus.prosody, element_token("t-ann"), resume=ann) as back:
                assert back.jid == ann.jid
        for token in (element_token("t-ann"), element_token("t-ann", server="evil.org"), None):
            with pytest.raises(Refused) as caught:
                async with person(focus.prosody, token):
                    pass
            assert caught.value.element is not None
            assert caught.value.element[0].tag == f"{{{SASL}}}not-allowed"
