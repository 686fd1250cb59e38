"""The room services' shell: the component's stream, timers, and HTTP."""

import asyncio
from collections.abc import Callable
from xml.etree.ElementTree import Element

import structlog
from prometheus_client import Counter, Gauge

from pyjitsi import clock
from pyjitsi.observe.http import Health, HttpServer
from pyjitsi.rooms.actions import NS
from pyjitsi.rooms.core import Core
from pyjitsi.rooms.http import application
from pyjitsi.rooms.settings import RoomsSettings
from pyjitsi.rooms.tap import TapError, parse
from pyjitsi.service import StartError
from pyjitsi.xmpp.connection import IqError, IqTimeout, Message, component

log = structlog.get_logger("rooms")

ROOMS = Gauge("pyjitsi_rooms_rooms", "Rooms that the room services know, breakout rooms and lobbies included")
PEOPLE = Gauge("pyjitsi_rooms_occupants", "People in them")
REFUSED = Counter("pyjitsi_rooms_refused_total", "Clients' requests to a room service that were refused")
SYNC_TIMEOUT = 60.0


class RoomsService:
    """See the module's text."""

    name: str = "rooms"

    def __init__(self, settings: RoomsSettings) -> None:
        self.settings: RoomsSettings = settings
        self.core: Core = Core(settings, self._later)
        self._hosts: tuple[str, ...] = (settings.rooms_domain, settings.breakout_domain, settings.lobby_domain)
        self._synced: asyncio.Event = asyncio.Event()
        self._connection = component(settings.xmpp)
        self._http: HttpServer = HttpServer(application(settings, self.health), settings.http_host, settings.http_port)
        registry = self.core.world.registry
        ROOMS.set_function(lambda: len(registry))
        PEOPLE.set_function(lambda: sum(1 for room in registry for _ in room.people))

    async def start(self) -> None:
        """Open HTTP and begin to connect. Raises StartError."""
        settings = self.settings
        try:
            await self._http.start()
        except OSError as error:
            raise StartError(
                f"{settings.http_host}:{settings.http_port} can't be opened: {error.strerror}; set http_port"
            ) from error
        self._connection.on_message(self._message)
        self._connection.on_connected(self._connected)
        self._connection.on_disconnected(self._disconnected)
        await self._connection.start()

    async def ready(self) -> None:
        """Return once all rooms are known."""
        await self._synced.wait()

    async def drain(self) -> None:
        """Nothing to wait for: what the services remember is with the rooms."""

    async def stop(self) -> None:
        """Close; nobody in any room notices."""
        await self._connection.stop()
        await self._http.stop()

    def health(self) -> Health:
        """Whether the services serve."""
        registry = self.core.world.registry
        details = {"rooms": len(registry)}
        if not self._connection.connected:
            return Health(False, "no connection to Prosody", details)
        if not self._synced.is_set():
            return Health(False, "has yet to learn from Prosody which rooms there are", details)
        return Health(True, details=details)

    async def _connected(self) -> None:
        self.core.lost()
        try:
            for host in self._hosts:
                await self._connection.iq(host, Element(f"{{{NS}}}sync"), kind="get", timeout=SYNC_TIMEOUT)
        except (IqError, IqTimeout) as error:
            log.error("Prosody doesn't tell which rooms there are", reason=str(error))
            return
        log.info("synced", rooms=len(self.core.world.registry))
        self._synced.set()

    def _disconnected(self) -> None:
        self._synced.clear()
        self.core.lost()

    def _message(self, message: Message) -> None:
        now = clock.wall()
        if message.from_ in self._hosts:
            try:
                event = parse(message.element)
            except TapError as error:
                log.error("an event was not understood", host=message.from_, reason=str(error))
                return
            if event is not None:
                self.core.event(event, now)
        elif (refusal := self.core.message(message.from_, message.element, now)) is not None:
            REFUSED.inc()
            self._connection.send(refusal)
        self._flush()

    def _flush(self) -> None:
        for stanza in self.core.world.actions.take():
            self._connection.send(stanza)

    def _later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        def act() -> None:
            self.core.world.now = clock.wall()
            action()
            self._flush()

        return asyncio.get_running_loop().call_later(seconds, act).cancel


def create(settings: RoomsSettings) -> RoomsService:
    """The service, for ``pyjitsi rooms``."""
    return RoomsService(settings)
