"""Log-in with name and password: whoever knows it is asked in turn, and nobody may try too often."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from pyjitsi import clock
from pyjitsi.rooms.auth.grant import Grant, Refused
from pyjitsi.rooms.auth.person import Accounts, Unavailable, unescaped
from pyjitsi.rooms.auth.storm import Storm

log = structlog.get_logger("rooms")

LONGEST_NAME = 256
LONGEST_PASSWORD = 1024
MOST_WAITING = 50  # further ones are told to come back: their owners would have given up
LIMIT = 9.0  # seconds, before Prosody gives up

WRONG = "Wrong name or password"
BUSY = "Log-ins can't be judged now"


class PasswordLogin:
    """See the module's text. ``backends`` are asked in order; the first that knows the password decides."""

    def __init__(self, backends: Sequence[Accounts], monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._backends: Sequence[Accounts] = backends
        self._monotonic: Callable[[], float] = monotonic
        self._storm: Storm = Storm()
        self._waiting: int = 0
        self._trying: dict[tuple[str, str], asyncio.Lock] = {}

    async def check(self, user: str, password: str, address: str) -> Grant:
        """What the password opens. Raises Refused."""
        name = unescaped(user).casefold()
        if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME or not 0 < len(password) <= LONGEST_PASSWORD:
            raise Refused(WRONG, "not-authorized")
        place = self._storm.place(address, name, self._monotonic())
        if self._waiting >= MOST_WAITING and not place:
            raise Refused(BUSY, "temporary-auth-failure")
        self._refuse_storm(name, address)
        self._waiting += 1
        try:
            async with asyncio.timeout(LIMIT):
                return await self._in_turn((name, place), password, address)
        except TimeoutError:
            log.warning("a log-in took too long", account=name, address=address)
            raise Refused(BUSY, "temporary-auth-failure") from None
        finally:
            self._waiting -= 1

    async def _in_turn(self, who: tuple[str, str], password: str, address: str) -> Grant:
        """One try at a time for a name: many at once would all be let through before the first has failed."""
        lock = self._trying.setdefault(who, asyncio.Lock())
        try:
            async with lock:
                self._refuse_storm(who[0], address)
                return await self._try(who[0], password, address)
        finally:
            if not lock.locked() and self._trying.get(who) is lock:
                del self._trying[who]

    def _refuse_storm(self, name: str, address: str) -> None:
        wait = self._storm.wait(address, name, self._monotonic())
        if wait > 0:
            log.warning("too many wrong passwords", account=name, address=address, wait=round(wait))
            raise Refused(f"Too many tries; wait {max(1, round(wait))} s", "temporary-auth-failure")

    async def _try(self, name: str, password: str, address: str) -> Grant:
        unavailable: Unavailable | None = None
        for backend in self._backends:
            try:
                person = await backend.check(name, password)
            except Unavailable as error:
                unavailable = error
                continue
            if person is not None:
                self._storm.succeeded(address, name, self._monotonic())
                log.info("logged in", account=person.id, address=address, moderator=person.moderator)
                return person.grant()
        if unavailable is not None:
            log.error("log-ins can't be judged", account=name, reason=str(unavailable))
            raise Refused(BUSY, "temporary-auth-failure")
        self._storm.failed(address, name, self._monotonic())
        log.info("wrong password", account=name, address=address)
        raise Refused(WRONG, "not-authorized")
