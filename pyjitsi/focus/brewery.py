"""The focus in the brewery: bridges' presences in, health checks out."""

import asyncio
from collections.abc import Callable

import structlog

from pyjitsi import clock
from pyjitsi.focus.bridges import BridgeRegistry, Found, Lost
from pyjitsi.focus.metrics import BRIDGES
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.xmpp import muc
from pyjitsi.xmpp.connection import Connection, IqError, IqTimeout, Presence
from pyjitsi.xmpp.stanzas import colibri, healthcheck

log = structlog.get_logger("focus")


class Brewery:
    """Keeps the registry true; tells who comes and goes."""

    def __init__(
        self, connection: Connection, settings: FocusSettings, own_jid: str, registry: BridgeRegistry,
        changed: Callable[[Found | Lost], None],
    ) -> None:  # fmt: skip
        self._connection: Connection = connection
        self._settings: FocusSettings = settings
        self._own_jid: str = own_jid
        self.registry: BridgeRegistry = registry
        self._changed: Callable[[Found | Lost], None] = changed
        self.joined: asyncio.Event = asyncio.Event()
        self._checks: dict[str, asyncio.Task[None]] = {}

    @property
    def room(self) -> str:
        """The brewery's address."""
        return self._settings.brewery

    def enter(self) -> None:
        """Join, after each connect."""
        self._connection.send(muc.join(self.room, "focus", from_=self._own_jid))

    def leave(self) -> None:
        """Leave, at the end."""
        self._connection.send(muc.leave(self.room, "focus", from_=self._own_jid))

    def lost(self) -> None:
        """The stream was lost: no bridge can be reached."""
        self.joined.clear()
        for task in self._checks.values():
            task.cancel()
        self._checks.clear()
        for lost in self.registry.clear():
            self._changed(lost)
        BRIDGES.set(0)

    def presence(self, presence: Presence) -> None:
        """A presence of the brewery."""
        nick = presence.from_.partition("/")[2]
        if nick == "focus":
            if presence.kind == "available":
                self.joined.set()
            else:
                log.error("not in the brewery", brewery=self.room, kind=presence.kind)
                self.joined.clear()
            return
        if presence.kind == "available":
            change = self.registry.present(presence.from_, colibri.parse_stats(presence.element), clock.monotonic())
        else:
            change = self.registry.gone(presence.from_)
        BRIDGES.set(len(self.registry.bridges))
        if isinstance(change, Found):
            log.info("bridge found", bridge=change.jid)
            self._checks[change.jid] = asyncio.create_task(self._check(change.jid))
        elif isinstance(change, Lost):
            log.warning("bridge lost", bridge=change.jid, reason=change.reason)
            task = self._checks.pop(change.jid, None)
            if task is not None:
                task.cancel()
        if change is not None:
            self._changed(change)

    async def _check(self, jid: str) -> None:
        """Health checks of one bridge: a timeout is asked about once more, an error moves its people at once."""
        while True:
            await asyncio.sleep(self._settings.health_check_interval_seconds)
            if self._settings.health_by_presence:
                self._judge(jid, self.registry.unwell(jid, clock.monotonic(), self._settings.presence_timeout_seconds))
                continue
            try:
                await self._ask(jid)
            except IqError as error:
                self._judge(jid, f"its health check failed: {error}")
            except IqTimeout:
                log.warning("bridge silent", bridge=jid)
                self.registry.failed(jid, clock.monotonic())
            else:
                self._judge(jid, None)

    def _judge(self, jid: str, problem: str | None) -> None:
        """Move the people of a bridge that is unwell; use one again that was.

        Where there is no other one, it goes on being used: its self-test may have failed for want of processor alone,
        and nobody is helped by a meeting that ends.
        """
        if problem is not None:
            replaceable = self.registry.replaceable(jid, clock.monotonic())
            log.warning("bridge unwell", bridge=jid, reason=problem, kept=not replaceable)
            if not replaceable:
                return
            self.registry.failed(jid, clock.monotonic())
            self._changed(Lost(jid, problem))
            return
        change = self.registry.healthy(jid, clock.monotonic())
        if change is not None:
            log.info("bridge well again", bridge=jid)
            self._changed(change)

    async def _ask(self, jid: str) -> None:
        timeout = self._settings.reply_timeout_seconds
        try:
            await self._connection.iq(jid, healthcheck.build(), kind="get", from_=self._own_jid, timeout=timeout)
        except IqTimeout:
            await asyncio.sleep(5.0)
            await self._connection.iq(jid, healthcheck.build(), kind="get", from_=self._own_jid, timeout=timeout)
