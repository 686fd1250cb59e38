"""A reservation system asked before a room opens (Jitsi's REST API; 4-services section 2.17).

``POST conference`` with name, start and owner; 200 or 201 books, 409 names a booking that is asked for then; whatever
else refuses, with the system's own words. ``DELETE conference/ID`` when the meeting is over.
"""

import asyncio
import datetime
import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import structlog
from pydantic import Field

from pyjitsi.focus.declared import Booking
from pyjitsi.settings import Section
from pyjitsi.xmpp.stanzas import conference
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("focus")

MAX_ANSWER = 65_536
REFUSED_FOR = 30.0  # seconds: an answer of no is not asked for again


class ReservationSettings(Section):
    """Where bookings are."""

    url: str = Field(pattern=r"^https?://[^\s?#]+$", description="Address of the API, to which /conference is added.")
    timeout_seconds: float = Field(default=20.0, gt=0, description="For each request; Jitsi's.")
    retries: int = Field(default=3, ge=0, description="After a server's error or none at all.")
    retry_seconds: float = Field(default=3.0, ge=0, description="Between two tries.")
    max_occupants: bool = Field(default=True, description="Heed a booking's max_occupants.")
    lobby: bool = Field(default=True, description="Heed a booking's lobby.")
    password: bool = Field(default=True, description="Heed a booking's password.")


class Reservations:
    """The client. ``now`` is the epoch's time in seconds."""

    def __init__(self, settings: ReservationSettings, now: Callable[[], float]) -> None:
        self._settings: ReservationSettings = settings
        self._now: Callable[[], float] = now
        self._refused: dict[str, tuple[float, StanzaError]] = {}

    async def book(self, name: str, owner: str) -> Booking:
        """Book the room of this name now. Raises StanzaError with the error that clients show."""
        now = self._now()
        self._refused = {key: entry for key, entry in self._refused.items() if entry[0] > now}
        if name in self._refused:
            raise self._refused[name][1]
        try:
            return self._read(await self._ask(name, owner), name)
        except StanzaError as error:
            self._refused[name] = (now + REFUSED_FOR, error)
            raise

    async def _ask(self, name: str, owner: str) -> dict[str, Any]:
        start = datetime.datetime.fromtimestamp(self._now(), datetime.UTC).isoformat(timespec="milliseconds")
        form = {"name": name, "start_time": start.replace("+00:00", "Z"), "mail_owner": owner}
        status, answer = await self._request("POST", "/conference", form)
        if status == 409 and isinstance(answer.get("conflict_id"), int | str):
            status, answer = await self._request("GET", f"/conference/{_id(answer['conflict_id'])}")
        if status not in (200, 201):
            raise refusal(status, _text(answer.get("message")) or "The reservation system refused this room")
        return answer

    async def release(self, booking: str) -> None:
        """The meeting is over."""
        try:
            status, _ = await self._request("DELETE", f"/conference/{_id(booking)}")
        except StanzaError as error:
            log.warning("reservation not released", booking=booking, reason=error.text)
            return
        if status not in (200, 202, 204, 404):
            log.warning("reservation not released", booking=booking, status=status)

    async def _request(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        settings = self._settings
        reason = ""
        for attempt in range(settings.retries + 1):
            if attempt:
                await asyncio.sleep(settings.retry_seconds)
            try:
                async with (
                    aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.timeout_seconds)) as session,
                    session.request(
                        method, settings.url.rstrip("/") + path, data=form, allow_redirects=False
                    ) as response,
                ):
                    if response.status < 500:
                        return response.status, await _object(response)
                    reason = f"it answered {response.status}"
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                reason = str(error) or type(error).__name__
        log.warning("the reservation system failed", request=f"{method} {path}", reason=reason)
        raise refusal(500, "The reservation system can't be reached")

    def _read(self, answer: dict[str, Any], name: str) -> Booking:
        settings = self._settings
        try:
            start = datetime.datetime.fromisoformat(_text(answer.get("start_time")))
        except ValueError:
            start = None
        duration, booking, most = answer.get("duration"), answer.get("id"), answer.get("max_occupants")
        fits = (
            _text(answer.get("name")).casefold() == name.casefold()
            and start is not None
            and isinstance(duration, int)
            and duration > 0
            and isinstance(booking, int | str)
        )
        if not fits or start is None or not isinstance(duration, int):
            log.warning("the reservation system answered nonsense", room=name, answer=str(answer)[:500])
            raise refusal(502, "The reservation system's answer can't be read")
        if start.tzinfo is None:
            start = start.replace(tzinfo=datetime.UTC)
        owner = _text(answer.get("mail_owner"))
        return Booking(
            owners=(owner,) if owner else (),
            password=_text(answer.get("password")) if settings.password else "",
            lobby=settings.lobby and answer.get("lobby") is True,
            max_occupants=most if settings.max_occupants and isinstance(most, int) and most > 0 else None,
            ends=start.timestamp() + duration,
            id=str(booking),
        )


def refusal(code: int, text: str) -> StanzaError:
    """What clients show of a refused reservation."""
    extension = conference.reservation_error(code)
    return StanzaError("service-unavailable", text[:300], extension)


def _id(booking: object) -> str:
    return quote(str(booking), safe="")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


async def _object(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The answer's object; an empty one where it is none. Raises ValueError for one that is too long."""
    body = await response.content.read(MAX_ANSWER + 1)
    if len(body) > MAX_ANSWER:
        raise ValueError(f"an answer of more than {MAX_ANSWER} bytes")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}
