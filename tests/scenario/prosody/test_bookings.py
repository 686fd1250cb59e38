"""Rooms that are declared or reserved: the focus itself, a real Prosody, and a reservation system over HTTP."""

import asyncio
import datetime
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from aiohttp import web

from pyjitsi.focus.declared import DeclaredRoom
from pyjitsi.focus.reservations import ReservationSettings
from pyjitsi.focus.service import FocusService
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.up.state import free_port
from tests.scenario.prosody.conftest import NewPerson
from tests.scenario.prosody.people import MUC_USER, condition, enter, knock, text
from tests.support.prosody import Prosody
from tests.support.xmpp_client import Refused, XmppClient

ADA, BOB = "3fa81c02", "b7d40e95"
FOCUS = "http://jitsi.org/protocol/focus"
START = "2026-10-01T09:00:00.000Z"


@asynccontextmanager
async def running(prosody: Prosody, **settings: Any) -> AsyncGenerator[FocusService, None]:
    service = FocusService(
        FocusSettings(
            xmpp=prosody.focus(),
            rooms_domain=f"conference.{prosody.domain}",
            clients_domain=prosody.domain,
            brewery=f"jvbbrewery@internal.auth.{prosody.domain}",
            http_port=free_port(socket.SOCK_STREAM),
            **settings,
        )
    )
    await service.start()
    try:
        async with asyncio.timeout(10):
            await service.ready()
        yield service
    finally:
        await service.stop()


async def asks(person: XmppClient, prosody: Prosody, name: str) -> str:
    """A conference request; the room's address. Raises Refused."""
    room = f"{name}@conference.{prosody.domain}"
    request = Element(f"{{{FOCUS}}}conference", {"room": room, "machine-uid": "m1"})
    await person.iq(f"focus.{prosody.domain}", request)
    return room


def reservation_error(refused: Refused) -> tuple[str, str, str]:
    """Condition, code and text, as clients read them."""
    assert refused.element is not None
    error = refused.element.find(".//{http://jitsi.org/protocol/focus}reservation-error")
    assert error is not None
    return refused.condition, error.get("error-code", ""), text(refused.element)


async def test_a_declared_room_has_its_password_and_limit_from_the_first_moment(
    prosody: Prosody, person: NewPerson, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("open sesame\n")
    board = DeclaredRoom(password_file=tmp_path / "password", max_occupants=1, subject="The board")
    async with running(prosody, rooms={"Vorstand Süd": board}):
        ada = await person()
        room = await asks(ada, prosody, "vorstand%20s%c3%bcd")
        assert condition(await knock(await person(), room, BOB)) == "not-authorized"
        await enter(ada, room, ADA, password="open sesame")
        assert condition(await knock(await person(), room, BOB, password="open sesame")) == "service-unavailable"


async def test_nobody_slips_into_a_declared_room_before_it_is_set_up(prosody: Prosody, person: NewPerson) -> None:
    async with running(prosody, rooms={"held": DeclaredRoom(lobby=True, owners=("ada@example.org",))}):
        people = [await person() for _ in range(8)]
        room = f"held@conference.{prosody.domain}"
        answers = await asyncio.gather(
            asks(people[0], prosody, "held"),
            *(knock(one, room, f"{n}bcdef00", name="X") for n, one in enumerate(people)),
        )
        refusals = {condition(each) for each in answers[1:] if not isinstance(each, str)}
        assert refusals <= {"not-allowed", "registration-required"}
        people[0].seen.clear()
        assert condition(await knock(people[0], room, ADA, name="X")) == "registration-required"


async def test_a_room_outside_its_hours_and_one_that_is_not_declared_stay_closed(
    prosody: Prosody, person: NewPerson
) -> None:
    closed = DeclaredRoom.model_validate({"hours": [{"last_day": "2020-01-01"}]})
    async with running(prosody, rooms={"closed": closed, "open": DeclaredRoom()}, undeclared_rooms=False):
        ada = await person()
        for name, words in (("closed", "This room is closed at this hour"), ("other", "There is no such room here")):
            with pytest.raises(Refused) as refused:
                await asks(ada, prosody, name)
            assert reservation_error(refused.value) == ("service-unavailable", "403", words)
        await enter(ada, await asks(ada, prosody, "open"), ADA)


class ReservationSystem:
    """What a reservation system does, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.bookings: dict[str, dict[str, Any]] = {}
        self.answers: list[web.Response] = []
        self.url: str = ""
        self.released: asyncio.Event = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((request.method, request.path, form))
        if request.method == "DELETE":
            self.released.set()
        if self.answers:
            return self.answers.pop(0)
        if request.method == "POST":
            return web.json_response(self.bookings[form["name"]])
        return web.json_response(next(iter(self.bookings.values()))) if request.method == "GET" else web.Response()


@pytest.fixture
async def reservations() -> AsyncIterator[ReservationSystem]:
    system = ReservationSystem()
    app = web.Application()
    app.router.add_route("*", "/api/{rest:.*}", system.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port(socket.SOCK_STREAM)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    system.url = f"http://127.0.0.1:{port}/api"
    yield system
    await runner.cleanup()


def booking(name: str, seconds: float = 3600, **more: Any) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": 364758328, "name": name.upper(), "mail_owner": "", "start_time": now, "duration": seconds, **more}


def settings_of(system: ReservationSystem, **more: Any) -> ReservationSettings:
    return ReservationSettings(url=system.url, retry_seconds=0.01, **more)


async def test_a_reserved_room_is_as_booked_and_released_afterwards(
    prosody: Prosody, person: NewPerson, reservations: ReservationSystem
) -> None:
    reservations.bookings["standup"] = booking("standup", password="4711", max_occupants=20)
    async with running(prosody, reservations=settings_of(reservations)):
        ada = await person()
        room = await asks(ada, prosody, "standup")
        method, path, form = reservations.asked[0]
        assert (method, path) == ("POST", "/api/conference")
        assert (form["name"], form["mail_owner"]) == ("standup", ada.jid)
        assert abs(datetime.datetime.fromisoformat(form["start_time"]).timestamp() - asyncio_now()) < 60
        assert condition(await knock(await person(), room, BOB)) == "not-authorized"
        await enter(ada, room, ADA, password="4711")
        await asks(await person(), prosody, "standup")
        assert len(reservations.asked) == 1
        await ada.close()
        async with asyncio.timeout(10):
            await reservations.released.wait()
        assert reservations.asked[1][:2] == ("DELETE", "/api/conference/364758328")


def asyncio_now() -> float:
    return datetime.datetime.now(datetime.UTC).timestamp()


async def test_a_reserved_meeting_ends_in_time(
    prosody: Prosody, person: NewPerson, reservations: ReservationSystem
) -> None:
    reservations.bookings["short"] = booking("short", 3)
    async with running(prosody, reservations=settings_of(reservations)):
        ada = await person()
        await enter(ada, await asks(ada, prosody, "short"), ADA)
        left = await ada.expect(lambda stanza: stanza.get("type") == "unavailable", "the end", timeout=15)
        assert left.findtext(f".//{{{MUC_USER}}}reason") == "Scheduled conference duration exceeded."


async def test_a_conflict_is_looked_up(prosody: Prosody, person: NewPerson, reservations: ReservationSystem) -> None:
    reservations.bookings["twice"] = booking("twice")
    reservations.answers = [web.json_response({"conflict_id": 364758328}, status=409)]
    async with running(prosody, reservations=settings_of(reservations)):
        await asks(await person(), prosody, "twice")
    assert [each[:2] for each in reservations.asked[:2]] == [
        ("POST", "/api/conference"), ("GET", "/api/conference/364758328"),
    ]  # fmt: skip


async def test_a_refusal_is_told_in_the_systems_words_and_not_asked_for_again(
    prosody: Prosody, person: NewPerson, reservations: ReservationSystem
) -> None:
    reservations.answers = [web.json_response({"message": "Too early"}, status=403)]
    async with running(prosody, reservations=settings_of(reservations)):
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                await asks(await person(), prosody, "early")
            assert reservation_error(refused.value) == ("service-unavailable", "403", "Too early")
        assert len(reservations.asked) == 1
        assert condition(await knock(await person(), f"early@conference.{prosody.domain}", ADA)) == "not-allowed"


async def test_a_system_that_fails_is_tried_again(
    prosody: Prosody, person: NewPerson, reservations: ReservationSystem
) -> None:
    reservations.bookings["flaky"] = booking("flaky")
    reservations.answers = [web.Response(status=503), web.Response(status=500)]
    async with running(prosody, reservations=settings_of(reservations)):
        await asks(await person(), prosody, "flaky")
        assert len(reservations.asked) == 3


@pytest.mark.parametrize(
    "answer",
    [
        web.json_response([]),
        web.Response(text="<html>"),
        web.Response(text="[" * 100_000),
        web.Response(body=b"\xff" * 70_000),
        web.json_response({"id": 1, "name": "other", "start_time": START, "duration": 60}),
        web.json_response({"id": 1, "name": "flaky", "start_time": "soon", "duration": 60}),
        web.json_response({"id": 1, "name": "flaky", "start_time": START, "duration": -1}),
    ],
)
async def test_nonsense_opens_nothing(
    prosody: Prosody, person: NewPerson, reservations: ReservationSystem, answer: web.Response
) -> None:
    reservations.answers = [answer]
    async with running(prosody, reservations=settings_of(reservations, retries=0)):
        with pytest.raises(Refused) as refused:
            await asks(await person(), prosody, "standup")
        assert reservation_error(refused.value)[1] in ("500", "502")
