"""The focus's shell: the component's stream, its rooms, the brewery, and HTTP."""

import asyncio
from collections.abc import Callable
from functools import partial
from xml.etree.ElementTree import Element

import structlog
from aiohttp import web

from pyjitsi import clock
from pyjitsi.focus.authentication import Admitted, Authentication
from pyjitsi.focus.bookings import Bookings
from pyjitsi.focus.brewery import Brewery
from pyjitsi.focus.bridges import BridgeRegistry, Found, Lost
from pyjitsi.focus.choice import BridgeChoice, Rules
from pyjitsi.focus.conference import Conference
from pyjitsi.focus.control import FocusControl
from pyjitsi.focus.declared import Booking
from pyjitsi.focus.http import add_conference_requests
from pyjitsi.focus.journal import Journal
from pyjitsi.focus.metrics import (
    AS_JICOFO,
    ASKED,
    BRIDGE_ENDPOINTS,
    BRIDGE_FAILING,
    BRIDGE_MOVED,
    BRIDGE_RESTARTS,
    CONFERENCES,
    CREATED,
    DISCONNECTS,
    LOST_BRIDGES,
    NEW,
    PARTICIPANTS,
    REFUSED,
    REQUESTS,
    RESUMING,
)
from pyjitsi.focus.moderators import Moderators
from pyjitsi.focus.moving import Redistribution
from pyjitsi.focus.room import JoinError, Room
from pyjitsi.focus.services import RoomServices
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.observe.http import Health, HttpServer, add_observability
from pyjitsi.service import StartError
from pyjitsi.xmpp.connection import Iq, Message, Presence, component
from pyjitsi.xmpp.stanzas import conference as requests
from pyjitsi.xmpp.stanzas import jingle, mute
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("focus")

MAX_ROOMS = 5000
RESUMED_AT_ONCE = 20


class FocusService:
    """See the module's text."""

    name: str = "focus"

    def __init__(self, settings: FocusSettings) -> None:
        self.settings: FocusSettings = settings
        self.bare_jid: str = f"focus@{settings.xmpp.domain}"
        self.jid: str = f"{self.bare_jid}/focus"  # the same for ever: Prosody routes a room's IQs to who joined first
        self.rooms: dict[str, Room] = {}
        self._moderators: Moderators = Moderators(
            self.rooms, lambda seconds, action: asyncio.get_running_loop().call_later(seconds, action)
        )
        self._bookings: Bookings = Bookings(settings, clock.wall)
        self.authentication: Authentication | None = (
            None
            if settings.authentication is None
            else Authentication(settings.authentication, settings.xmpp.secret.get_secret_value())
        )
        self._releases: set[asyncio.Task[None]] = set()
        self._journal: Journal = Journal(settings.state_directory)
        self._resuming: asyncio.Task[None] | None = None
        self._unresumed: set[str] = set()
        self._relieving: asyncio.Task[None] | None = None
        self._complained: set[tuple[str, str, str]] = set()
        self._connection = component(settings.xmpp)
        self._services: RoomServices = RoomServices()
        registry = BridgeRegistry(quarantine=settings.bridge_quarantine_seconds)
        self.choice: BridgeChoice = BridgeChoice(registry, rules_of(settings))
        self._brewery: Brewery = Brewery(self._connection, settings, self.jid, registry, self._bridge_changed)
        app = web.Application(client_max_size=65_536)
        add_observability(app, self.health)
        add_conference_requests(app, self.conference_request, settings.rooms_domain)
        self.choice.endpoints_on = self._on_bridge
        FocusControl(self.choice, self._conferences).add_to(app)
        self._http: HttpServer = HttpServer(app, settings.http_host, settings.http_port)
        self._name_as_jicofo()
        RESUMING.set_function(lambda: len(self._unresumed))
        CONFERENCES.set_function(lambda: len(self.rooms))
        PARTICIPANTS.set_function(lambda: sum(len(room.conference.members) for room in self.rooms.values()))

    def _name_as_jicofo(self) -> None:
        registry = self.choice.registry
        figures: dict[str, Callable[[], float]] = {
            "conferences": lambda: len(self.rooms),
            "participants_current": lambda: sum(len(room.conference.members) for room in self.rooms.values()),
            "largest_conference": lambda: max(
                (len(room.conference.members) for room in self.rooms.values()), default=0
            ),
            "bridge_selector_bridge_count": lambda: len(registry.bridges),
            "bridge_selector_bridge_count_operational": lambda: registry.operational_count(clock.monotonic()),
            "bridge_selector_bridge_count_in_shutdown": registry.in_shutdown_count,
            "bridge_selector_bridge_version_count": registry.version_count,
            "participants_pairs": lambda: sum(
                (size := len(room.conference.members)) * (size - 1) for room in self.rooms.values()
            ),
            "healthy": lambda: float(self.health().healthy),
        }
        for name, figure in figures.items():
            AS_JICOFO[name].set_function(figure)

    async def start(self) -> None:
        """Open HTTP and begin to connect. Raises StartError."""
        settings = self.settings
        try:
            await self._http.start()
        except OSError as error:
            raise StartError(
                f"{settings.http_host}:{settings.http_port} can't be opened: {error.strerror}; set http_port"
            ) from error
        connection = self._connection
        connection.on_iq(requests.CONFERENCE, self._conference_iq)
        connection.on_iq(requests.LOGOUT, self._logout)
        connection.on_iq(jingle.JINGLE, self._jingle)
        for tag in mute.TAGS:
            connection.on_iq(tag, self._mute)
        connection.on_message(self._message)
        connection.on_presence(self._presence)
        connection.on_connected(self._connected)
        connection.on_disconnected(self._disconnected)
        await connection.start()
        if settings.load_redistribution.enabled:
            self._relieving = asyncio.create_task(self._relieve())

    def _conferences(self) -> dict[str, Conference]:
        return {name: room.conference for name, room in self.rooms.items()}

    async def _relieve(self) -> None:
        redistribution = Redistribution(self.choice, self._conferences, self.settings.load_redistribution)
        while True:
            await asyncio.sleep(self.settings.load_redistribution.interval_seconds)
            redistribution.run(clock.monotonic())

    async def ready(self) -> None:
        """Return once the focus is in the brewery, where conference requests are answered too."""
        await self._brewery.joined.wait()

    async def drain(self) -> None:
        """Nothing to wait for: meetings outlive this service."""

    async def stop(self) -> None:
        """Leave the brewery and close; rooms stay, so that nobody is thrown out by a restart of the focus alone."""
        for task in (self._resuming, self._relieving):
            if task is not None:
                task.cancel()
        if self._connection.connected:
            self._brewery.leave()
        for room in list(self.rooms.values()):
            room.abandon()
        await self._connection.stop()
        await self._http.stop()

    def health(self) -> Health:
        """Whether conferences can be held."""
        details = {"conferences": len(self.rooms), "bridges": len(self._brewery.registry.bridges)}
        if not self._connection.connected:
            return Health(False, "no connection to Prosody", details)
        if not self._brewery.joined.is_set():
            return Health(False, "not in the brewery", details)
        return Health(True, details=details)

    # The stream.

    async def _connected(self) -> None:
        # Before any room is entered, where the services speak at once.
        await self._services.find(self._connection, self.settings.clients_domain, self.jid)
        self._brewery.enter()
        self._resuming = asyncio.create_task(self._resume())

    async def _resume(self) -> None:
        """Go on with the conferences of the journal, once it is known which bridges there are."""
        await self._brewery.joined.wait()
        began = clock.monotonic()
        waiting = [room for room in self._journal.rooms() if room not in self.rooms]
        at_once = asyncio.Semaphore(RESUMED_AT_ONCE)
        self._unresumed = set(waiting)

        async def resume(address: str) -> None:
            async with at_once:
                try:
                    room = self._room(address)
                    await room.ready()
                except (JoinError, StanzaError) as error:
                    log.warning("not resumed", room=address, reason=str(error))
                    self._journal.forget(address)
                    if (left := self.rooms.get(address)) is not None:
                        left.abandon()
                    return
                finally:
                    self._unresumed.discard(address)
                if not room.conference.members:  # everybody left while we were away
                    room.conference.stop()

        await asyncio.gather(*(resume(address) for address in waiting))
        if waiting:
            log.info("resumed", conferences=len(waiting), seconds=round(clock.monotonic() - began, 1))

    def _disconnected(self) -> None:
        DISCONNECTS.inc()
        if self._resuming is not None:
            self._resuming.cancel()
        self._unresumed.clear()
        for room in list(self.rooms.values()):
            room.abandon()
        self._brewery.lost()

    def _bridge_changed(self, change: Found | Lost) -> None:
        nick = change.jid.partition("/")[2]
        if isinstance(change, Found):
            BRIDGE_ENDPOINTS.labels(nick).set_function(partial(self._on_bridge, change.jid))
            BRIDGE_FAILING.labels(nick).set_function(partial(self._failing, change.jid))
        else:
            LOST_BRIDGES.inc()
            if change.jid not in self.choice.registry.bridges:
                for gone in (BRIDGE_ENDPOINTS, BRIDGE_FAILING, BRIDGE_MOVED, BRIDGE_RESTARTS):
                    gone.remove(nick)
        for room in list(self.rooms.values()):
            if isinstance(change, Found):
                room.conference.bridge_found()
            else:
                room.conference.bridge_lost(change.jid, change.reason)

    def _on_bridge(self, jid: str) -> float:
        return sum(len(room.conference.placing.on(jid)) for room in self.rooms.values())

    def _failing(self, jid: str) -> float:
        bridge = self.choice.registry.bridges.get(jid)
        return float(bridge is not None and self.choice.failing_ice(bridge, clock.monotonic()))

    def _presence(self, presence: Presence) -> None:
        address = presence.from_.partition("/")[0]
        if address == self.settings.brewery:
            self._brewery.presence(presence)
        elif (room := self.rooms.get(address)) is not None:
            room.presence(presence)

    # Requests.

    async def _conference_iq(self, iq: Iq) -> Element:
        try:
            request = requests.parse(iq.payload)
            REQUESTS.labels("iq").inc()
            answer = await self.conference_request(request, iq.from_)
        except StanzaError as error:
            self._refused("conference", error, iq.from_)
            raise
        return requests.build(answer)

    async def conference_request(
        self, request: requests.ConferenceRequest, requester: str = ""
    ) -> requests.ConferenceAnswer:
        """Be in the room, then say so. Over HTTP it is not known who asks. Raises StanzaError."""
        ASKED.inc()
        domain = request.room.partition("@")[2]
        if domain not in (self.settings.rooms_domain, self._services.breakout_domain):
            raise StanzaError("bad-request", f"rooms are on {self.settings.rooms_domain}, not {request.room[:200]}")
        admitted = self._admit(request, requester)
        room = self.rooms.get(request.room)
        if room is None:
            room = self._room(request.room, requester)
            NEW.inc()
            room.conference.start_muted = (
                _count(request.properties.get("startAudioMuted")), _count(request.properties.get("startVideoMuted"))
            )  # fmt: skip
            room.conference.placing.rtcstats = request.properties.get("rtcstatsEnabled") != "false"
        else:
            room.conference.await_first()
        try:
            await room.ready()
        except (JoinError, StanzaError) as error:
            if self.rooms.get(request.room) is room:
                room.abandon()
            if isinstance(error, StanzaError):
                raise
            raise StanzaError("service-unavailable", str(error)) from None
        if requester and admitted.moderator:
            room.conference.ownership.logged_in(requester)
        properties = {"authentication": "false" if self.authentication is None else "true"}
        if self.authentication is not None:
            properties["externalAuth"] = "false"
        properties["visitors-supported"] = "false"
        return requests.ConferenceAnswer(
            request.room, self.bare_jid, properties=properties, identity=admitted.identity,
            session_id=admitted.session_id, login=admitted.login,
        )  # fmt: skip

    def _admit(self, request: requests.ConferenceRequest, requester: str) -> Admitted:
        """Who asks, as far as that matters here. Raises StanzaError for whom the room is not open."""
        # A breakout room is its main room's business.
        if self.authentication is None or request.room.endswith(f"@{self._services.breakout_domain}"):
            return Admitted()
        admitted = self.authentication.admit(request, requester, clock.wall())
        if admitted.identity is None and not (self.authentication.guests and self._is_open(request.room)):
            raise StanzaError("not-authorized", "log in first; only people with an account open a room")
        return admitted

    def _is_open(self, address: str) -> bool:
        """Whether there is a meeting; also one whose people are all in its breakout rooms, or that is being resumed."""
        return (
            address in self.rooms
            or any(room.main == address for room in self.rooms.values())
            or self._journal.read(address) is not None
        )

    async def _logout(self, iq: Iq) -> Element:
        try:
            session_id = requests.parse_logout(iq.payload)
            if self.authentication is None or not self.authentication.log_out(session_id, iq.from_, clock.wall()):
                raise StanzaError("not-acceptable", "no such session", requests.session_invalid())
        except StanzaError as error:
            self._refused("logout", error, iq.from_)
            raise
        return Element(requests.LOGOUT)

    def _room(self, address: str, requester: str = "") -> Room:
        """A conference, made where there is none; nobody asks for one of the journal. Raises StanzaError."""
        room = self.rooms.get(address)
        if room is None:
            if len(self.rooms) >= MAX_ROOMS:
                raise StanzaError("resource-constraint", f"{MAX_ROOMS} conferences are the most here")
            if not self._connection.connected:
                raise StanzaError("service-unavailable", "the focus has no connection to Prosody")
            room = Room(
                address, self.jid, self._connection, self.settings, self.choice, self._journal, self._room_ended,
                partial(self._book, address, requester),
                None if self.authentication is None else self.authentication.is_host, self._moderators,
            )  # fmt: skip
            self.rooms[address] = room
            CREATED.inc()
        return room

    async def _book(self, address: str, requester: str) -> Booking | None:
        if address.partition("@")[2] == self._services.breakout_domain:
            return None  # it belongs to a meeting that was booked
        try:
            return await self._bookings.book(address, requester)
        except StanzaError as error:
            if requester or address not in self._journal.rooms():
                raise
            log.warning("goes on without its booking", room=address, reason=error.text)
            return None

    def _room_ended(self, room: Room) -> None:
        if self.rooms.get(room.address) is room:
            del self.rooms[room.address]
        if room.booking is not None and room.over:
            task = asyncio.get_running_loop().create_task(self._bookings.release(room.booking))
            self._releases.add(task)
            task.add_done_callback(self._releases.discard)

    async def _jingle(self, iq: Iq) -> None:
        address, _, nick = iq.from_.partition("/")
        try:
            request = jingle.parse(iq.payload)
            room = self.rooms.get(address)
            if room is None or not nick:
                raise StanzaError("forbidden", "only those in a conference may talk Jingle to the focus")
            try:
                await room.ready()  # what comes while a conference is being resumed waits for that
            except JoinError as error:
                raise StanzaError("service-unavailable", str(error)) from None
            room.conference.jingle(nick, request)
        except StanzaError as error:
            self._refused("jingle", error, iq.from_)
            raise

    async def _mute(self, iq: Iq) -> None:
        address, _, nick = iq.from_.partition("/")
        try:
            wanted = mute.parse(iq.payload)
            room = self.rooms.get(address)
            if room is None or not nick:
                raise StanzaError("item-not-found", "that is no conference here")
            room.conference.muting.request(nick, wanted)
        except StanzaError as error:
            self._refused("mute", error, iq.from_)
            raise

    def _message(self, message: Message) -> None:
        said = self._services.moderation(message)
        if said is not None and (room := self.rooms.get(str(said.get("room")))) is not None:
            room.conference.moderation(said)

    def _refused(self, what: str, error: StanzaError, sender: str) -> None:
        REFUSED.labels(what, error.condition).inc()
        key = (what, error.condition, sender)
        if key not in self._complained and len(self._complained) < 10_000:
            self._complained.add(key)
            room, _, endpoint = sender.partition("/")
            log.warning("refused", what=what, reason=error.condition, text=error.text, room=room, endpoint=endpoint)


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 9 else None


def rules_of(settings: FocusSettings) -> Rules:
    """What the settings say about choosing bridges."""
    return Rules(
        strategy=settings.bridge_selection_strategy,
        stress_threshold=settings.bridge_stress_threshold,
        participant_stress=settings.average_participant_stress,
        max_participants=settings.max_bridge_participants,
        max_per_interval=settings.max_bridge_participants_per_interval,
        local_region=settings.local_region,
        region_groups=settings.region_groups,
        relays=settings.relays,
        mixed_versions=settings.allow_mixed_versions,
        ice_failures=settings.ice_failure_detection,
    )


def create(settings: FocusSettings) -> FocusService:
    """The focus of these settings."""
    asyncio.get_running_loop()
    return FocusService(settings)
