"""The bridge's shell: sockets, timers, XMPP and HTTP around ``Bridge``."""

import asyncio
import os
import signal
import time
from collections import Counter

import structlog
from aiohttp import web
from prometheus_client import REGISTRY

from pyjitsi import __version__, clock
from pyjitsi.bridge.brewery import Brewery
from pyjitsi.bridge.bridge import Bridge
from pyjitsi.bridge.candidates import candidates, host_addresses, machine_addresses
from pyjitsi.bridge.colibri import modify
from pyjitsi.bridge.conference_pages import ConferencePages
from pyjitsi.bridge.control import ControlServer
from pyjitsi.bridge.data import DataChannels
from pyjitsi.bridge.dial import Dialer
from pyjitsi.bridge.discovery import Discovery
from pyjitsi.bridge.drain import Drain
from pyjitsi.bridge.http import ChannelServer
from pyjitsi.bridge.last_n import LastNLimits
from pyjitsi.bridge.metrics import BridgeCollector
from pyjitsi.bridge.muc_clients import MucClients
from pyjitsi.bridge.peer import Peer
from pyjitsi.bridge.plane import NotBuilt
from pyjitsi.bridge.plane import create as create_plane
from pyjitsi.bridge.plane.endpoint import Limits
from pyjitsi.bridge.selftest import SelfTest
from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.bridge.stats import INTERVAL, Stat, Stress, stats
from pyjitsi.bridge.traffic import Traffic
from pyjitsi.bridge.transport.certificate import Certificate
from pyjitsi.bridge.udp import MediaPort, ReadingPlane
from pyjitsi.observe.http import Health, HttpServer, add_observability
from pyjitsi.service import StartError
from pyjitsi.xmpp.connection import client
from pyjitsi.xmpp.settings import ClientSettings
from pyjitsi.xmpp.stanzas import colibri2

log = structlog.get_logger("bridge")

TICK = 0.1  # seconds, as often as senders are to have feedback; what a compiled plane can't keep back comes as an event
CONNECTING_TICK = 0.02  # while somebody connects: ICE's pacing
INTERPRETED_TICK = 0.015
IDLE_TICK = 0.1
OWN = "default"  # the id of the server that the settings name
HANDED_OVER = 75  # exit status after a handover: another process is there, and this one is not to be started again
CERTIFICATE_LIFE = 86_400.0  # new endpoints get a new certificate after a day


class BridgeService:
    """See the module's text."""

    name: str = "bridge"
    exit_status: int = 0

    def __init__(self, settings: BridgeSettings) -> None:
        self.settings: BridgeSettings = settings
        hosts = host_addresses(settings, machine_addresses())
        try:
            plane = create_plane(
                settings.plane, settings.plane_threads or min(16, len(os.sched_getaffinity(0))),
                Limits(settings.max_endpoint_packets, settings.max_endpoint_bitrate // 8),
            )  # fmt: skip
        except NotBuilt as error:
            raise StartError(str(error)) from error
        self.bridge: Bridge = Bridge(
            plane,
            Certificate.generate(clock.wall()),
            hosts,
            f"{settings.websocket_base.rstrip('/')}/{settings.server_id}",
            start_bitrate=float(settings.start_bitrate),
            max_endpoints=settings.max_endpoints,
            relay_id=settings.relay_id,
            ice_restart=settings.ice_restart,
            last_n=LastNLimits(settings.conference_last_n_limits, settings.reduce_load),
            loudest=settings.loudest if settings.loudest_only else 0,
            max_ssrcs=(settings.max_video_ssrcs, settings.max_audio_ssrcs),
            relay_websocket_base=f"{_relay_base(settings)}/{settings.server_id}",
        )
        self._certificate_at: float = clock.monotonic()
        self._collector: BridgeCollector = BridgeCollector(self.bridge, self._losses, self.figures)
        self._port: MediaPort = MediaPort(
            [host.ip for host in hosts], settings.udp_port, self.bridge.plane.receive, self._flush,
            optional=not settings.bind_addresses, plane=plane if isinstance(plane, ReadingPlane) else None,
        )  # fmt: skip
        self.discovery: Discovery | None = None
        if settings.stun_servers:
            self.discovery = Discovery(
                self.bridge, settings.stun_servers, settings.stun_interval_seconds, self._port.send_from
            )
        self._self_test: SelfTest = SelfTest(self.bridge, self._port, self._flush, sticky=settings.sticky_health)
        self._stress: Stress = Stress()
        self._traffic: Traffic = Traffic()
        self._drain: Drain = Drain(settings.drain_seconds, held=settings.initial_drain)
        self._drained: asyncio.Event = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._registered: bool = False
        self._next: asyncio.TimerHandle | None = None
        self._pause: float = IDLE_TICK
        self._clients: MucClients = MucClients(self._brewery)
        app = web.Application()
        add_observability(app, self.health)
        app.router.add_get("/colibri/stats", self._colibri_stats)
        ControlServer(self.bridge, self._drain, settings.generation, self.health, self._changed).add_to(app)
        if settings.colibri_http:
            ConferencePages(self.bridge, self.modify).add_to(app)
        self._clients.add_to(app)
        channels = ChannelServer(self.bridge, settings.server_id, __version__, self.refused)
        channels.add_to(app)
        ca_file = settings.xmpp.ca_file
        self._dialer: Dialer = Dialer(channels, __version__, None if ca_file is None else str(ca_file))
        self.bridge.ports = self._port
        self.bridge.on_dial = self._dialer.dial
        self.bridge.on_data = DataChannels(__version__, self.refused, self._flush_peer).open
        self._http: HttpServer = HttpServer(app, settings.http_host, settings.http_port)

    @property
    def refused(self) -> Counter[tuple[str, str]]:
        """What was refused, by what and why."""
        return self._collector.refused

    async def start(self) -> None:
        """Open the ports and begin to connect. Raises StartError."""
        settings = self.settings
        if not candidates(self.bridge.hosts) and self.discovery is None:
            raise StartError(
                "no address to offer to clients; set bind_addresses, static_mappings, stun_servers or "
                "advertise_loopback = true"
            )
        try:
            self._port.open()
        except OSError as error:
            where = ", ".join(host.ip for host in self.bridge.hosts)
            raise StartError(
                f"UDP port {settings.udp_port} can't be opened on {where}: {error.strerror}; "
                "set udp_port to a free one, or bind_addresses to this machine's"
            ) from error
        try:
            await self._http.start()
        except OSError as error:
            raise StartError(
                f"{settings.http_host}:{settings.http_port} can't be opened: {error.strerror}; set http_port"
            ) from error
        REGISTRY.register(self._collector)
        self._registered = True
        await self._clients.put(OWN, settings.xmpp, (settings.brewery,), settings.nickname)
        self._timer()
        self._tasks = [
            asyncio.create_task(self._announce()),
            asyncio.create_task(self._self_test.run()),
        ]
        if self.discovery is not None:
            self._tasks.append(asyncio.create_task(self.discovery.run()))

    async def ready(self) -> None:
        """Return once the bridge is in the brewery."""
        await self._clients.breweries[0].joined.wait()

    async def drain(self) -> None:
        """Refuse new meetings, and return once the others are over or the bound is."""
        self._drain.begin(clock.monotonic(), refuse=True)
        self._changed()
        if self.bridge.conferences:
            seconds = round(self._drain.remaining(clock.monotonic()))
            log.info("draining", conferences=len(self.bridge.conferences), seconds=seconds)
        await self._drained.wait()

    def _changed(self) -> None:
        """The drain began, or became stricter: say so at once."""
        self.bridge.graceful_shutdown = self._drain.refusing
        self._publish()

    async def stop(self) -> None:
        """Leave the brewery, then close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._next is not None:
            self._next.cancel()
        await self._clients.stop()
        await self._dialer.close()
        await self._http.stop()
        self._port.close()
        if self._registered:
            REGISTRY.unregister(self._collector)
            self._registered = False

    def health(self) -> Health:
        """Whether the bridge can serve."""
        details = {"conferences": len(self.bridge.conferences), "endpoints": self.bridge.endpoint_count}
        if not self._joined:
            return Health(False, "not in the brewery", details)
        if any(task.done() for task in self._tasks):
            return Health(False, "a timer ended; see the log", details)
        if not candidates(self.bridge.hosts):
            return Health(False, "no address to offer: no STUN server has answered", details)
        if self.settings.require_stun and self.discovery is not None and not self.discovery.found:
            return Health(False, "no STUN server has answered", details)
        if self._self_test.failure is not None:
            return Health(False, f"the self-test failed: {self._self_test.failure}", details)
        return Health(True, details=details)

    # XMPP.

    def _brewery(self, settings: ClientSettings, room: str, nickname: str) -> Brewery:
        connection = client(settings)
        connection.on_disconnected(self._disconnected)
        return Brewery(connection, room, nickname, self.modify, self.health, self.figures, self.refused)

    def _disconnected(self) -> None:
        self._collector.disconnects += 1

    def modify(self, request: colibri2.ConferenceModify) -> colibri2.ConferenceModified:
        """Carry out a focus's request, and send what follows. Raises StanzaError."""
        try:
            return modify(self.bridge, request, clock.monotonic())
        finally:
            self._flush()

    def _publish(self) -> None:
        for brewery in self._clients.breweries:
            brewery.publish()

    @property
    def _joined(self) -> bool:
        return any(each.joined.is_set() for each in self._clients.breweries)

    def figures(self) -> dict[str, Stat]:
        """The bridge's statistics now, as in its presence."""
        settings = self.settings
        return stats(
            self.bridge, self._stress.level, __version__, settings.region, settings.relay_id, clock.wall(),
            self._traffic,
            healthy=self.health().healthy, drain=self._drain.announced,
            shutting_down=self._drain.moving,
        )  # fmt: skip

    async def _announce(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            now = clock.monotonic()
            self._traffic.sample(self.bridge, now)
            self._stress.sample(now, time.process_time(), self._traffic.packets)
            self.bridge.sample_load(self._stress.level, now)
            self._publish()
            if clock.monotonic() - self._certificate_at > CERTIFICATE_LIFE:
                self._certificate_at = clock.monotonic()
                self.bridge.certificate = Certificate.generate(clock.wall())

    async def _colibri_stats(self, _request: web.Request) -> web.Response:
        return web.json_response(self.figures())

    # Media.

    def _losses(self) -> dict[str, int]:
        return {"unsent": self._port.unsent, "fault": self._port.failed}

    def _flush(self) -> None:
        self.bridge.pump(clock.monotonic())
        self._port.send(self.bridge.take_transmits())

    def _flush_peer(self, peer: Peer) -> None:
        self.bridge.collect(peer, clock.monotonic())
        self._flush()

    def _tick(self) -> None:
        now = clock.monotonic()
        connecting = self.bridge.tick(now)
        self._flush()
        if not self._drained.is_set() and self._drain.over(now, len(self.bridge.conferences)):
            self._drained.set()
            log.info("drained", conferences=len(self.bridge.conferences))
            if not self._drain.refusing:
                self.exit_status = HANDED_OVER
            if not self._drain.refusing or self._drain.ends_process:
                os.kill(os.getpid(), signal.SIGTERM)
        if not self.bridge.conferences:
            self._pause = IDLE_TICK
        elif self.settings.plane == "compiled":
            self._pause = CONNECTING_TICK if connecting else TICK
        else:
            self._pause = INTERPRETED_TICK

    def _timer(self) -> None:
        # A plain timer: a task that sleeps would wake the loop twice. The next one is set whatever this one does.
        try:
            self._tick()
        finally:
            self._next = asyncio.get_running_loop().call_later(self._pause, self._timer)


def _relay_base(settings: BridgeSettings) -> str:
    """Where other bridges open their channel; beside the clients' unless it was set."""
    beside = settings.websocket_base.rstrip("/").removesuffix("/colibri-ws") + "/colibri-relay-ws"
    return (settings.relay_websocket_base or beside).rstrip("/")


def create(settings: BridgeSettings) -> BridgeService:
    """The bridge of these settings."""
    return BridgeService(settings)
