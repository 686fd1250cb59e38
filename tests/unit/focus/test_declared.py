"""Declared rooms: names, hours, what is refused."""

import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from pyjitsi.focus.declared import DeclaredRoom, Hours, node_of


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "node"),
    [("Standup", "standup"), ("Café Süd", "caf%c3%a9%20s%c3%bcd"), ("ﬁnance", "finance"), ("a(b)!", "a(b)!")],
)
def test_a_name_becomes_the_address_that_clients_make_of_it(name: str, node: str) -> None:
    assert node_of(name) == node


def test_hours_are_those_of_their_zone_summer_and_winter() -> None:
    hours = Hours(days=("mon", "thu"), opens="09:00", closes="17:30", timezone="Europe/Brussels")
    assert hours.until(at("2026-07-02T07:00:00Z")) == at("2026-07-02T15:30:00Z")
    assert hours.until(at("2026-07-02T06:59:59Z")) is None
    assert hours.until(at("2026-11-26T08:00:00Z")) == at("2026-11-26T16:30:00Z")
    assert hours.until(at("2026-11-26T16:30:00Z")) is None
    assert hours.until(at("2026-11-25T12:00:00Z")) is None


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    hours = Hours(days=("fri",), opens="22:00", closes="02:00")
    assert hours.until(at("2026-11-28T01:59:00Z")) == at("2026-11-28T02:00:00Z")
    assert hours.until(at("2026-11-27T01:59:00Z")) is None


def test_hours_have_a_first_and_a_last_day() -> None:
    hours = Hours.model_validate({"first_day": "2026-12-01", "last_day": "2026-12-02"})
    open_on = [day for day in range(29, 34) if hours.until(at("2026-11-01T12:00:00Z") + datetime.timedelta(day))]
    assert open_on == [30, 31]


def test_the_latest_of_several_hours_counts() -> None:
    room = DeclaredRoom(hours=(Hours(closes="12:00"), Hours(opens="11:00", closes="13:00")))
    booking = room.book(at("2026-11-25T11:30:00Z").timestamp())
    assert booking is not None
    assert booking.ends == at("2026-11-25T13:00:00Z").timestamp()


def test_a_booking_is_a_form_of_what_is_set(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("4711\n")
    booking = DeclaredRoom(owners=("ada", "bob"), password_file=tmp_path / "p", lobby=True).book(0)
    assert booking is not None
    assert booking.fields() == {
        "muc#roomconfig_roomsecret": "4711",
        "{urn:pyjitsi:rooms}owners": "ada\nbob",
        "{urn:pyjitsi:rooms}lobby": "1",
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lobby": True}, "nobody could open it"),
        ({"hours": [{"opens": "9"}]}, "is no time of day"),
        ({"hours": [{"timezone": "Mars/Olympus"}]}, "is no time zone"),
        ({"max_occupants": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        DeclaredRoom.model_validate(values)
