"""Prosody's questions to the room services: from Lua, and from those who may not ask."""

import json
from xml.etree.ElementTree import Element

import pytest

from tests.scenario.prosody.people import Focus
from tests.scenario.rooms.conftest import NewPerson, RoomsProcess
from tests.support import http


async def test_lua_gets_an_answer(focus: Focus, person: NewPerson) -> None:
    ada = await person()
    question = Element("{urn:test}ask", name="ping")
    question.text = "ação & <b>"
    (answer,) = await ada.iq(focus.prosody.domain, question, "get")
    assert json.loads(answer.text or "") == {"pong": "ação & <b>"}


async def test_no_answer_is_no_verdict(focus: Focus, person: NewPerson, rooms: RoomsProcess) -> None:
    ada = await person()
    (answer,) = await ada.iq(focus.prosody.domain, Element("{urn:test}ask", name="no-such"), "get")
    assert (answer.get("error"), answer.text) == ("refused", "null")
    rooms.kill()
    (answer,) = await ada.iq(focus.prosody.domain, Element("{urn:test}ask", name="ping"), "get")
    assert (answer.get("error"), answer.text) == ("unreachable", "null")
    rooms.start()
    await rooms.healthy()
    assert "No verdict on ping" in focus.prosody.log()


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [("wrong", "{}", 401), ("", "{}", 401), (None, "[1]", 400), (None, "{", 400), (None, "[" * 100_000, 400)],
)
async def test_only_prosody_asks(focus: Focus, secret: str | None, body: str, status: int) -> None:
    url = f"http://127.0.0.1:{focus.prosody.config.rooms_http_port}/verdict/ping"
    bearer = focus.prosody.rooms_secret if secret is None else secret
    async with http.session() as session, session.post(
        url, data=body, headers={"Authorization": f"Bearer {bearer}"}
    ) as answer:  # fmt: skip
        assert answer.status == status
