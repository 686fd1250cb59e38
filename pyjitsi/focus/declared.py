"""Rooms that an admin declares, with their owners, password, lobby and hours; and what of a room is booked."""

import datetime
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from pyjitsi.settings import Section

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
FIELD = "{urn:pyjitsi:rooms}"  # of the owner's form; mod_muc_meet_declared has them


@dataclass(frozen=True, slots=True)
class Booking:
    """What holds for one meeting from its beginning. ``ends`` is in seconds of the epoch, ``id`` a reservation's."""

    owners: tuple[str, ...] = ()
    password: str = ""
    lobby: bool = False
    max_occupants: int | None = None
    ends: float | None = None
    subject: str = ""
    start_muted: tuple[int | None, int | None] = (None, None)
    id: str = ""

    def fields(self) -> dict[str, str]:
        """The owner's form that sets it (XEP-0045 section 10.2)."""
        found = {
            "muc#roomconfig_roomsecret": self.password,
            "muc#roomconfig_roomname": self.subject,
            f"{FIELD}owners": "\n".join(self.owners),
            f"{FIELD}lobby": "1" if self.lobby else "",
            f"{FIELD}max_occupants": "" if self.max_occupants is None else str(self.max_occupants),
            f"{FIELD}ends": "" if self.ends is None else str(int(self.ends)),
        }
        return {name: value for name, value in found.items() if value}


def node_of(name: str) -> str:
    """A room's name as clients make an address of it: NFKC, lower case, percent-encoded, lower case again."""
    return quote(unicodedata.normalize("NFKC", name).lower(), safe="!'()*~-_.").lower()


def _clock(text: str) -> str:
    if not CLOCK.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day; write 09:30 or 17:00")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"{text!r} is no time zone; use a name such as Europe/Brussels") from None
    return text


class Hours(Section):
    """When a room may be used; a time of closing before that of opening is on the next day."""

    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="Days of the week on which it opens.")
    opens: Annotated[str, AfterValidator(_clock)] = Field(default="00:00", description="Time of day, as 09:30.")
    closes: Annotated[str, AfterValidator(_clock)] = Field(default="00:00", description="Time of day, as 17:00.")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(default="UTC", description="Where these times hold.")
    first_day: datetime.date | None = Field(default=None, description="Not before that date; unset: always.")
    last_day: datetime.date | None = Field(default=None, description="Not after that date; unset: for ever.")

    def until(self, now: datetime.datetime) -> datetime.datetime | None:
        """When the present hours end; None where it is closed."""
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        for date in (today - datetime.timedelta(days=1), today):
            if DAYS[date.weekday()] not in self.days or (self.first_day and date < self.first_day):
                continue
            if self.last_day and date > self.last_day:
                continue
            opens = datetime.datetime.combine(date, datetime.time.fromisoformat(self.opens), zone)
            closes = datetime.datetime.combine(date, datetime.time.fromisoformat(self.closes), zone)
            if closes <= opens:
                closes = closes + datetime.timedelta(days=1)
            if opens <= now < closes:
                return closes
        return None


class DeclaredRoom(Section):
    """One room. Who is named as owner is moderator, and passes lobby and password."""

    owners: tuple[str, ...] = Field(
        default=(), description="Moderators, by the id or e-mail address with which they log in."
    )
    password_file: Path | None = Field(
        default=None, description="File whose first line is the room's password, or a credential's name; unset: none."
    )
    lobby: bool = Field(default=False, description="Others wait until a moderator lets them in.")
    subject: str = Field(default="", max_length=200, description="What the room is called; unset: its name.")
    max_occupants: int | None = Field(
        default=None, ge=1, description="People in it at once; unset: the server's limit."
    )
    start_audio_muted: int | None = Field(default=None, ge=0, description="Whoever comes after so many starts muted.")
    start_video_muted: int | None = Field(default=None, ge=0, description="The same for cameras.")
    hours: tuple[Hours, ...] = Field(default=(), description="When it may be used, and when it ends; unset: always.")

    @model_validator(mode="after")
    def _can_be_opened(self) -> Self:
        if self.lobby and not self.owners and self.password_file is None:
            raise ValueError("has a lobby but neither owners nor a password: nobody could open it; name an owner")
        return self

    def book(self, now: float) -> Booking | None:
        """What holds for a meeting that begins now; None where the room is closed. Raises OSError for its password."""
        ends = None
        if self.hours:
            ends = _latest(each.until(datetime.datetime.fromtimestamp(now, datetime.UTC)) for each in self.hours)
            if ends is None:
                return None
        return Booking(
            owners=self.owners,
            password="" if self.password_file is None else first_line(self.password_file),
            lobby=self.lobby,
            max_occupants=self.max_occupants,
            ends=ends,
            subject=self.subject,
            start_muted=(self.start_audio_muted, self.start_video_muted),
        )


def _latest(closings: Iterable[datetime.datetime | None]) -> float | None:
    return max((closing.timestamp() for closing in closings if closing is not None), default=None)


def first_line(file: Path) -> str:
    """A secret's first line; a name without a slash is a systemd credential. Raises OSError."""
    if not file.is_absolute():
        file = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/credentials")) / file
    return file.read_text().partition("\n")[0]
