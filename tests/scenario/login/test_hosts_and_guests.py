"""Guests wait for a host: what Jitsi's clients do with a server on which people log in (4-services.md section 1.6)."""

import asyncio
import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import pytest

from pyjitsi.xmpp.stanzas import conference as requests
from tests.scenario.prosody.people import bare, condition, enter, item, knock
from tests.support.server import MeetingServer
from tests.support.xmpp_client import CLIENT, SASL, Refused, XmppClient

D, GUESTS = "localhost", "guest.localhost"
FOCUS = f"focus.{D}"
MUC_USER = "http://jabber.org/protocol/muc#user"


def socket(server: MeetingServer) -> str:
    return "ws" + server.url.removeprefix("http") + "xmpp-websocket"


@asynccontextmanager
async def guest(server: MeetingServer) -> AsyncGenerator[XmppClient]:
    """Somebody on the anonymous connection."""
    one = XmppClient(socket(server), GUESTS)
    try:
        await one.connect(manage=True)
        yield one
    finally:
        await one.close()


@asynccontextmanager
async def account(server: MeetingServer, name: str, password: str | None = None) -> AsyncGenerator[XmppClient]:
    """Somebody who logged in. Raises Refused."""
    one = XmppClient(socket(server), D, account=(name, password or f"{name} pass"))
    try:
        await one.connect()
        yield one
    finally:
        await one.close()


async def ask(person: XmppClient, room: str, session_id: str | None = None, machine: str = "m1") -> Element:
    """A conference request; the answer's ``<conference/>``. Raises Refused."""
    attributes = {"room": room, "machine-uid": machine} | ({"session-id": session_id} if session_id else {})
    answer = await person.iq(FOCUS, Element(requests.CONFERENCE, attributes))
    found = answer.find(requests.CONFERENCE)
    assert found is not None
    return found


async def session_of(server: MeetingServer, name: str, room: str, machine: str = "m1") -> str:
    """What a log-in on a second connection gives."""
    async with account(server, name) as person:
        return (await ask(person, room, machine=machine)).get("session-id", "")


async def refusal(server: MeetingServer, name: str, password: str) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        async with account(server, name, password):
            pass
    assert caught.value.element is not None
    element = caught.value.element
    return element[0].tag.rpartition("}")[2], element.findtext(f"{{{SASL}}}text")


def identity(presence: Element) -> dict[str, str]:
    user = presence.find(f"{{{CLIENT}}}identity/{{{CLIENT}}}user")
    return {} if user is None else {each.tag.rpartition("}")[2]: each.text or "" for each in user}


def test_the_page_tells_clients_where_to_log_in(server: MeetingServer) -> None:
    with urllib.request.urlopen(f"{server.url}config.js") as page:
        config = json.loads(page.read().decode().removeprefix("var config = ").rstrip(";\n"))
    assert (config["hosts"]["anonymousdomain"], config["hosts"]["authdomain"]) == (GUESTS, D)
    assert "conferenceRequestUrl" not in config


def test_the_doctor_finds_the_way_in(server: MeetingServer, tmp_path: Path) -> None:
    services = {name: f"http://127.0.0.1:{server.settings(name)['http_port']}" for name in ("web", "focus", "rooms")}
    bridges = {
        "bridges": {"jvb": ["jvb"]},
        "bridge_places": [f"http://127.0.0.1:{server.settings('bridge')['http_port']}"],
    }
    file = tmp_path / "doctor.json"
    file.write_text(json.dumps({"url": server.url.rstrip("/"), "services": services, **bridges}))
    command = [sys.executable, "-m", "pyjitsi.cli", "doctor", "--host-file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "ok       XMPP: Prosody answers through the web-socket" in done.stdout


async def test_only_with_a_password_one_logs_in(server: MeetingServer) -> None:
    async with account(server, "ada") as ada:
        assert bare(ada) == f"ada@{D}"
    async with account(server, "ADA", "ada pass") as ada:
        assert bare(ada) == f"ada@{D}"
    assert await refusal(server, "ada", "bob pass") == ("not-authorized", "Wrong name or password")
    assert await refusal(server, "eve", "x") == ("not-authorized", "Wrong name or password")
    anonymous = XmppClient(socket(server), D)
    with pytest.raises(Refused):
        await anonymous.connect()
    await anonymous.close()


async def test_a_guest_waits_until_somebody_has_opened_the_room(server: MeetingServer) -> None:
    room = f"waits@conference.{D}"
    async with guest(server) as eve:
        with pytest.raises(Refused) as caught:
            await ask(eve, room)
        assert caught.value.condition == "not-authorized"
        assert caught.value.element is not None
        error = caught.value.element.find(f"{{{CLIENT}}}error")
        assert error is not None
        assert error.get("type") == "auth"
        assert condition(await knock(eve, room, eve.jid[:8])) == "not-allowed"
        async with account(server, "ada") as ada:
            answer = await ask(ada, room)
            assert answer.get("identity") == f"ada@{D}"
            assert answer.findall(f"{{{requests.NS_ROOMS}}}login") == []
            properties = {each.get("name"): each.get("value") for each in answer}
            assert (properties["authentication"], properties["externalAuth"]) == ("true", "false")
            await enter(ada, room, "5eed0001")
            await ask(eve, room)
            eve.seen.clear()
            assert item(await enter(eve, room, eve.jid[:8]))["role"] == "participant"


async def test_a_guest_who_logs_in_while_waiting_comes_in_as_moderator(server: MeetingServer) -> None:
    room = f"upgrade@conference.{D}"
    session_id = await session_of(server, "ada", room)
    async with guest(server) as person, guest(server) as eve:
        answer = await ask(person, room, session_id)
        assert (answer.get("identity"), answer.get("session-id")) == (f"ada@{D}", session_id)
        assert answer.findall(f"{{{requests.NS_ROOMS}}}login") == []  # the server's own
        found = await enter(person, room, person.jid[:8])
        assert item(found)["role"] == "moderator"
        assert identity(found) == {"id": "ada", "name": "Ada Lovelace", "email": "ada@example.org"}
        await ask(eve, room)
        assert item(await enter(eve, room, eve.jid[:8]))["role"] == "participant"


async def test_a_guest_who_logs_in_within_the_room_becomes_moderator(server: MeetingServer) -> None:
    room = f"within@conference.{D}"
    async with account(server, "bob") as bob, guest(server) as person:
        await ask(bob, room)
        assert item(await enter(bob, room, "5eed0002"))["role"] == "participant"
        await ask(person, room)
        assert item(await enter(person, room, person.jid[:8]))["role"] == "participant"
        await ask(person, room, await session_of(server, "ada", room))
        await person.expect(
            lambda each: (
                each.get("from") == f"{room}/{person.jid[:8]}"
                and each.find(f".//{{{MUC_USER}}}item[@role='moderator']") is not None
            ),
            "the own presence as moderator",
        )  # fmt: skip


async def test_an_account_that_does_not_moderate_opens_rooms_all_the_same(server: MeetingServer) -> None:
    room = f"plain@conference.{D}"
    session_id = await session_of(server, "bob", room)
    async with guest(server) as person:
        await ask(person, room, session_id)
        found = await enter(person, room, person.jid[:8])
        assert (item(found)["role"], identity(found)["id"]) == ("participant", "bob")


async def test_a_session_id_is_for_one_machine_until_log_out(server: MeetingServer) -> None:
    room = f"machine@conference.{D}"
    session_id = await session_of(server, "ada", room, "m7")
    async with guest(server) as person:
        for wrong in ({"machine": "m8"}, {"session_id": "x", "machine": "m7"}):
            with pytest.raises(Refused) as caught:
                await ask(person, room, **({"session_id": session_id} | wrong))
            assert caught.value.condition == "not-acceptable"
        await ask(person, room, session_id, "m7")
        await person.iq(FOCUS, Element(requests.LOGOUT, {"session-id": session_id}))
        # Prosody has forgotten it too: who comes in now is a guest.
        assert item(await enter(person, room, person.jid[:8]))["role"] == "participant"
        with pytest.raises(Refused) as caught:
            await ask(person, room, session_id, "m7")
        assert caught.value.element is not None
        assert caught.value.element.find(f".//{{{requests.NS}}}session-invalid") is not None


async def test_a_guest_does_not_prove_anything_by_saying_so(server: MeetingServer) -> None:
    room = f"forged@conference.{D}"
    scope = json.dumps({"room": None, "sub": "*", "regex": False, "tenant": None, "moderator": True})
    async with guest(server) as eve, account(server, "bob") as bob:
        forged = Element(requests.CONFERENCE, {"room": room, "machine-uid": "m1"})
        login = Element(f"{{{requests.NS_ROOMS}}}login", {"moderator": "true"})
        login.text = json.dumps({"identity": {"user": {"id": "ada"}}, "scope": scope})
        forged.append(login)
        with pytest.raises(Refused) as caught:
            await eve.iq(FOCUS, forged)
        assert caught.value.condition == "not-authorized"
        # Nor does somebody with an account make a moderator of himself.
        session_id = (await bob.iq(FOCUS, forged)).find(requests.CONFERENCE)
        assert session_id is not None
        await ask(eve, room, session_id.get("session-id"))
        found = await enter(eve, room, eve.jid[:8])
        assert (item(found)["role"], identity(found)["id"]) == ("participant", "bob")


async def test_an_answer_that_comes_from_no_focus_proves_nothing(server: MeetingServer) -> None:
    room = f"answered@conference.{D}"
    scope = {"room": None, "sub": "*", "regex": False, "tenant": None, "moderator": True, "verify_domain": True}
    proof = escape(json.dumps({"identity": {"user": {"id": "ada"}}, "scope": json.dumps(scope)}))
    async with guest(server) as eve, account(server, "bob") as bob:
        await ask(bob, room)
        await bob.send(
            f"""<iq xmlns="{CLIENT}" type="result" id="x" to="{eve.jid}"><conference xmlns="{requests.NS}">
            <login xmlns="{requests.NS_ROOMS}" moderator="true">{proof}</login></conference></iq>"""
        )
        await eve.expect(lambda each: each.get("id") == "x", "what bob sent")
        found = await enter(eve, room, eve.jid[:8])
        assert (item(found)["role"], identity(found)) == ("participant", {})


async def test_over_http_only_what_is_open_or_a_session_id_opens(server: MeetingServer) -> None:
    def post(body: dict[str, Any]) -> tuple[int, str]:
        url = f"http://127.0.0.1:{server.settings('focus')['http_port']}/conference-request/v1"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    room = f"http@conference.{D}"
    assert post({"room": room, "machineUid": "m1"})[0] == 403
    status, text = post({"room": room, "machineUid": "m1", "sessionId": "x"})
    assert status == 400
    assert text.find("400 invalid-session") > 0
    session_id = await session_of(server, "ada", f"other-http@conference.{D}")
    status, text = post({"room": room, "machineUid": "m1", "sessionId": session_id})
    assert (status, json.loads(text)["identity"]) == (200, f"ada@{D}")


async def test_a_log_in_survives_the_focus(server: MeetingServer) -> None:
    room = f"survives@conference.{D}"
    session_id = await session_of(server, "ada", room)
    server.kill("focus")
    async with guest(server) as person:
        async with asyncio.timeout(30):
            while True:
                try:
                    answer = await ask(person, room, session_id)
                    break
                except Refused as refused:
                    assert refused.condition in ("service-unavailable", "remote-server-timeout")
                    await asyncio.sleep(0.2)
        assert answer.get("identity") == f"ada@{D}"


async def test_a_storm_of_guesses_is_refused_with_a_word(server: MeetingServer) -> None:
    for _ in range(5):
        assert (await refusal(server, "victim", "guess"))[0] == "not-authorized"
    found, text = await refusal(server, "victim", "guess")
    assert found == "temporary-auth-failure"
    assert (text or "").startswith("Too many tries; wait ")


@pytest.mark.parametrize("plain", ["", "AGFkYQ==", base64.b64encode(b"\0" + b"a" * 9000 + b"\0x").decode(), "!!!"])
async def test_what_is_no_log_in_is_refused(server: MeetingServer, plain: str) -> None:
    class Odd(XmppClient):
        async def _log_in(self) -> Element:
            await self._send_text(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{plain}</auth>")
            return await self._receive()

    odd = Odd(socket(server), D)
    with pytest.raises(Refused):
        await odd.connect()
    await odd.close()
    async with account(server, "ada"):
        pass
