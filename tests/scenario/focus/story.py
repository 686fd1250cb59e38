"""A conference with a clock of its own, a bridge and clients that a test plays."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pyjitsi.focus.bridges import BridgeRegistry
from pyjitsi.focus.choice import BridgeChoice
from pyjitsi.focus.conference import Conference
from pyjitsi.focus.record import ConferenceRecord
from pyjitsi.focus.service import rules_of
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.xmpp.connection import IqError, IqTimeout
from pyjitsi.xmpp.settings import ComponentSettings
from pyjitsi.xmpp.stanzas import colibri2, disco, ice_udp, jingle, json_sources, mute, ssma
from pyjitsi.xmpp.stanzas.presence import Occupant
from tests.scenario.focus.jvb import Jvbs

ROOM = "atrium@conference.talk.example"
BREWERY = "jvbbrewery@internal.auth.talk.example"
FEATURES = (disco.AUDIO, disco.VIDEO, disco.TCC, disco.RTX, disco.JSON_SOURCES)
FINGERPRINT = ice_udp.Fingerprint("sha-256", "AB:CD", "actpass")
CANDIDATE = ice_udp.Candidate("1", 1, "udp", 7, "198.51.100.2", 10000, "host")
BRIDGE_TRANSPORT = ice_udp.IceUdpTransport(
    "bu", "bp", (CANDIDATE,), (FINGERPRINT,), (ice_udp.WebSocket("wss://talk.example/colibri-ws/j/c/e?pwd=x"),), True
)
CLIENT_TRANSPORT = ice_udp.IceUdpTransport(
    "clientufrag", "client+password/of22ch", (), (ice_udp.Fingerprint("sha-256", "EF:01", "active"),)
)


class Story:
    """The world around one conference; ``sent`` is what clients were told, ``asked`` what bridges were."""

    def __init__(self, record: ConferenceRecord | None = None, **settings: Any) -> None:
        self.time: float = 1000.0
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.tasks: set[asyncio.Task[object]] = set()
        self.sent: list[tuple[str, jingle.Jingle]] = []
        self.asked: list[tuple[str, colibri2.ConferenceModify]] = []
        self.jvbs: Jvbs = Jvbs()
        self.properties: list[tuple[Mapping[str, str], bool]] = []
        self.owners: list[str] = []
        self.muted: list[tuple[str, str, str | None]] = []
        self.is_over: bool = False
        self.moderator_is_elsewhere: bool = False
        self.features: dict[str, tuple[str, ...]] = {}
        self.bridge_answer: Callable[[colibri2.ConferenceModify], colibri2.ConferenceModified | Exception] = allocate
        self.client_error: Exception | None = None
        xmpp = ComponentSettings.model_validate({"domain": "focus.talk.example", "secret": "s"})
        domains = {"rooms_domain": "conference.talk.example", "clients_domain": "talk.example", "brewery": BREWERY}
        self.settings: FocusSettings = FocusSettings.model_validate({"xmpp": xmpp, **domains, **settings})
        self.bridges: BridgeRegistry = BridgeRegistry(quarantine=60.0)
        self.choice: BridgeChoice = BridgeChoice(self.bridges, rules_of(self.settings))
        self.changes: int = 0
        self.conference: Conference = Conference(
            ROOM, "focus@focus.talk.example/focus", self.settings, self.choice, self, record
        )
        if record is None:
            self.conference.entered()

    # Wire.

    def now(self) -> float:
        return self.time

    async def iq(self, to: str, payload: Element, kind: str = "set") -> Element | None:
        if payload.tag == colibri2.CONFERENCE_MODIFY:
            request = colibri2.parse_modify(payload)
            bridge = to.partition("/")[2]
            assert to == f"{BREWERY}/{bridge}" and bridge, "bridges are asked as occupants of the brewery"
            self.asked.append((bridge, request))
            self.jvbs.check(bridge, request)
            answer = self.bridge_answer(request)
            if isinstance(answer, Exception):
                self.jvbs.refused(bridge, request, answer)
                raise answer
            self.jvbs.note(bridge, request)
            return colibri2.build_modified(answer)
        nick = to.partition("/")[2]
        if payload.tag in mute.TAGS:
            self.muted.append((nick, mute.TAGS[payload.tag], payload.get("actor")))
            raise IqTimeout("clients don't answer that")
        if payload.tag == disco.QUERY:
            query = Element(disco.QUERY)
            for feature in self.features.get(nick, FEATURES):
                query.append(Element(f"{{{disco.NS}}}feature", var=feature))
            return query
        self.sent.append((nick, jingle.parse(payload)))
        if self.client_error is not None:
            raise self.client_error
        return None

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)

    def later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        entry = (self.time + seconds, action)
        self.timers.append(entry)
        return lambda: self.timers.remove(entry) if entry in self.timers else None

    def publish(self, properties: Mapping[str, str], bridge_available: bool) -> None:
        self.properties.append((properties, bridge_available))

    async def grant_owner(self, jid: str) -> None:
        self.owners.append(jid)

    def moderated_elsewhere(self) -> bool:
        return self.moderator_is_elsewhere

    def moderator_left(self, *, switching: bool) -> None:
        self.moderator_is_elsewhere = switching

    def changed(self) -> None:
        self.changes += 1

    def ended(self) -> None:
        self.is_over = True

    # What happens.

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(20):
            await asyncio.sleep(0)
        for task in [task for task in self.tasks if task.done()]:
            self.tasks.discard(task)
            task.result()
        self.jvbs.check_links()

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, and ring what is due."""
        self.time += seconds
        for entry in [entry for entry in self.timers if entry[0] <= self.time]:
            self.timers.remove(entry)
            entry[1]()
        await self.settle()

    async def bridge_appears(self, name: str = "oslo", *, stress: str = "0.1", **stats: str) -> None:
        figures = {"drain": "false", "stress_level": stress, **stats}
        change = self.bridges.present(f"{BREWERY}/{name}", figures)
        if change is not None:
            self.conference.bridge_found()
        await self.settle()

    async def bridge_dies(self, name: str = "oslo") -> None:
        lost = self.bridges.gone(f"{BREWERY}/{name}")
        assert lost is not None
        self.jvbs.forget(name)
        self.conference.bridge_lost(lost.jid, lost.reason)
        await self.settle()

    async def joins(self, *nicks: str, affiliation: str = "none", region: str | None = None) -> None:
        for nick in nicks:
            jid = f"{nick}@talk.example/r"
            occupant = Occupant(jid, "participant", affiliation, region=region, stats_id=f"{nick}-x")
            self.conference.present(nick, occupant)
        await self.settle()

    async def leaves(self, nick: str) -> None:
        self.conference.gone(nick)
        await self.settle()

    def told(self, nick: str, action: str) -> list[jingle.Jingle]:
        """What a client was told of one kind."""
        return [each for to, each in self.sent if to == nick and each.action == action]

    def sid(self, nick: str) -> str:
        return self.told(nick, "session-initiate")[-1].sid

    async def says(self, nick: str, action: str, **parts: Any) -> None:
        """A client's Jingle to the focus. Raises StanzaError."""
        self.conference.jingle(nick, jingle.Jingle(action, parts.pop("sid", None) or self.sid(nick), **parts))
        await self.settle()

    async def accepts(self, nick: str, *ssrcs: int, transport: ice_udp.IceUdpTransport = CLIENT_TRANSPORT) -> None:
        """A client accepts, with one audio source and one video source of the given SSRCs (layers low to high)."""
        audio, *video = ssrcs or (len(self.sent) * 1000 + 1, len(self.sent) * 1000 + 2)
        await self.says(nick, "session-accept", contents=contents(nick, audio, video, transport))


def contents(
    nick: str, audio: int, video: list[int], transport: ice_udp.IceUdpTransport | None = None
) -> tuple[jingle.Content, ...]:
    """Contents of an accept: simulcast where there are several video SSRCs."""
    name, msid = f"{nick}-v0", f"{nick}-v s"
    groups = (ssma.SsrcGroup("SIM", tuple(video)),) if len(video) > 1 else ()
    return (
        jingle.Content("audio", "responder", media="audio", transport=transport,
                       sources=(ssma.Source(audio, f"{nick}-a0", f"{nick}-a s"),)),
        jingle.Content("video", "responder", media="video", transport=transport, groups=groups,
                       sources=tuple(ssma.Source(ssrc, name, msid, "camera") for ssrc in video)),
    )  # fmt: skip


def allocate(request: colibri2.ConferenceModify) -> colibri2.ConferenceModified:
    """A bridge that does as asked."""
    made = tuple(
        colibri2.Endpoint(each.id, transport=colibri2.Transport(BRIDGE_TRANSPORT) if each.create else None)
        for each in request.endpoints
    )
    feedback = (
        colibri2.MediaSource("audio", "jvb-a0", (ssma.Source(71, "jvb-a0"),)),
        colibri2.MediaSource("video", "jvb-v0", (ssma.Source(72, "jvb-v0"),)),
    )
    relays = tuple(
        colibri2.Relay(each.id, transport=colibri2.Transport(BRIDGE_TRANSPORT) if each.create else None)
        for each in request.relays
    )
    created = any(each.create for each in request.endpoints)
    return colibri2.ConferenceModified(made, feedback if created else None, relays)


def refuse(condition: str, reason: str | None = None) -> IqError:
    """An error of a bridge; without ``reason`` as the MUC makes it."""
    error = Element("{jabber:client}error")
    if reason is not None:
        error.append(Element(f"{{{colibri2.NS}}}error", reason=reason))
    return IqError(condition, "", error)


def owners_told(message: jingle.Jingle) -> dict[str, json_sources.EndpointSources]:
    """The sources in a message, by owner."""
    return json_sources.parse(message.json or '{"sources":{}}')


TIMEOUT = IqTimeout("no answer")
