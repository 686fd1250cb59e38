"""One conference: ties members, sources, offers and its bridges together.

Presence and Jingle come in as parsed stanzas; what goes out goes through ``Wire``, which the tests replace.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from pyjitsi.focus import offer
from pyjitsi.focus.bridge_session import BridgeSession, Verdict, verdict
from pyjitsi.focus.cascade import Cascade, Request
from pyjitsi.focus.choice import BridgeChoice
from pyjitsi.focus.features import Features
from pyjitsi.focus.linker import Linker
from pyjitsi.focus.membership import Member, Membership
from pyjitsi.focus.metrics import BRIDGES_REMOVED, JINGLE, JOINED, PARTICIPANTS_MOVED, RESTARTED
from pyjitsi.focus.muting import FREE, Muting
from pyjitsi.focus.ownership import Ownership
from pyjitsi.focus.placing import Placing
from pyjitsi.focus.propagation import Propagation
from pyjitsi.focus.record import ConferenceRecord
from pyjitsi.focus.restarts import Restarts, check_credentials
from pyjitsi.focus.resumption import Resumption, record_of, refresh
from pyjitsi.focus.session import Session
from pyjitsi.focus.settings import FocusSettings
from pyjitsi.focus.signalling import session_initiate
from pyjitsi.focus.sources import BRIDGE, ConferenceSources, Limits, of_contents
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.connection import IqError, IqTimeout
from pyjitsi.xmpp.stanzas import colibri2, disco
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle import BridgeSession as BridgeSessionElement
from pyjitsi.xmpp.stanzas.jingle import Jingle, build, unknown_session
from pyjitsi.xmpp.stanzas.presence import Occupant

log = structlog.get_logger("focus")


class Conference:
    """See the module's text. ``room`` is the bare address of the room."""

    def __init__(
        self, room: str, own_jid: str, settings: FocusSettings, bridges: BridgeChoice, wire: Wire,
        record: ConferenceRecord | None = None, is_host: Callable[[str], bool] | None = None,
    ) -> None:  # fmt: skip
        self.room: str = room
        self.members: Membership = Membership(settings.restart_min_interval_seconds, settings.restart_max_per_minute)
        self.sources: ConferenceSources = ConferenceSources(
            Limits(settings.max_ssrcs_per_user, settings.max_ssrc_groups_per_user)
        )
        self.cascade: Cascade = Cascade(room)
        self.start_muted: tuple[int | None, int | None] = (None, None) if record is None else record.start_muted
        self.closed: bool = False
        self._own_jid: str = own_jid
        self._settings: FocusSettings = settings
        self._bridges: BridgeChoice = bridges
        self._wire: Wire = wire
        self.placing: Placing = Placing(room, self.cascade, self.members, bridges, wire, self.publish, record)
        self._propagation: Propagation = Propagation(room, own_jid, self.members, self.sources, wire)
        self._entered: bool = False
        self._unsent: int = 0  # requests to bridges that were decided on and are not on their way yet
        self._resumption: Resumption = Resumption(record, self.cascade)
        self._features: Features = Features(room, wire)
        self.ownership: Ownership = Ownership(room, self.members, settings, wire, is_host)
        self.muting: Muting = Muting(room, self.members, wire)
        self._linker: Linker = Linker(self.cascade, wire, self._bridge_failed, codecs=settings.codecs)
        self._restarts: Restarts = Restarts(
            own_jid,
            wire,
            self._ask,
            self._propagation,
            self.move,
            bridges.restart_requested,
            in_place=settings.ice_restart,
        )
        self._cancel_timer: Callable[[], None] | None = None
        self.log = log.bind(room=room)
        self.await_first()

    # The room.

    def entered(self) -> None:
        """The focus is in the room, and has seen everybody who was there before it: go on, then invite."""
        if self._entered:
            return
        self._entered = True
        for bridge, endpoint in self._resumption.leftovers(self.members):
            self._send(self.cascade.withdraw(bridge, endpoint))
        for session in self.cascade:
            if session.bridge not in self._bridges.registry.bridges:
                self.bridge_lost(session.bridge, "it is not in the brewery")
        for member in self.members:
            request = refresh(member, self.sources)
            if request is not None and member.session is not None:
                self._wire.spawn(self._ask(member.session.bridge, request, member))
        self._propagation.catch_up_all()
        self._invite_all()

    def record(self) -> ConferenceRecord:
        """What to write down of it."""
        return record_of(self.placing, self.start_muted, self.cascade, self.members, self.sources)

    def await_first(self) -> None:
        """A request: the room may stand empty for a while."""
        if not self.members:
            self._timer(self._settings.initial_timeout_seconds, self._nobody_came)

    def publish(self) -> None:
        """Show the focus's presence."""
        self._wire.publish(
            {
                "support-terminate-restart": "true",
                "bridge-count": str(len(self.cascade)),
                "visitors-enabled": "false",
            },
            self.placing.available,
        )

    def present(self, nick: str, occupant: Occupant) -> None:
        """An occupant's presence."""
        member = self.members.present(nick, occupant)
        if member is not None:
            resumed = not self._entered and self._resumption.resume(member, self.sources)
            self.log.info("resumed" if resumed else "joined", endpoint=nick)
            if not resumed:
                JOINED.inc()
            self.ownership.joined(member)
            self._invite_all()
            return
        self.enforce()
        if occupant.affiliation != "owner":
            self.ownership.elect()

    def gone(self, nick: str, *, switching: bool = False) -> None:
        """An occupant left; ``switching`` to another room of the same meeting, where it stays who it is."""
        member = self.members.gone(nick)
        if member is None:
            return
        if member.moderator:
            self._wire.moderator_left(switching=switching)
        self.log.info("left", endpoint=nick)
        self._end_session(member, forget=True)
        for other in self.members:
            if other.session is not None:
                other.session.forget(nick)
        self.ownership.elect()
        if not len(self.members):
            self.stop()
        elif len(self.members) < self._settings.min_participants:
            self._timer(self._settings.single_participant_timeout_seconds, self._single_participant)

    def moderation(self, said: Mapping[str, Any]) -> None:
        """The room services say who may unmute."""
        if self.muting.moderation(said):
            self.enforce()

    def enforce(self) -> None:
        """Have the bridges drop what nobody may send."""
        for member in self.members:
            session, forced = member.session, self.muting.forced(member)
            if session is not None and session.state in ("pending", "active") and session.forced != forced:
                session.forced = forced
                self._wire.spawn(
                    self._ask(session.bridge, session.bridge.update(member.endpoint, forced=forced), member)
                )

    def stop(self) -> None:
        """End the conference."""
        if self.closed:
            return
        self.closed = True
        self._timer(None, self._nobody_came)
        self._leave_bridges()
        self._wire.ended()

    def _timer(self, seconds: float | None, action: Callable[[], None]) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
        self._cancel_timer = None if seconds is None else self._wire.later(seconds, action)

    def _nobody_came(self) -> None:
        if not len(self.members):
            self.log.info("nobody came")
            self.stop()

    def _single_participant(self) -> None:
        if len(self.members) >= self._settings.min_participants:
            return
        for member in self.members:
            self._terminate(member, "expired", "Idle session timeout")
            self._end_session(member)
        self._leave_bridges()

    # Inviting.

    def bridge_found(self) -> None:
        """A bridge can be used: invite those who wait for one."""
        self._invite_all()

    def bridge_lost(self, bridge: str, reason: str) -> None:
        """A bridge went: its people are invited again, on another one or when one is back."""
        session = self.cascade.sessions.get(bridge)
        if session is None:
            return
        self.log.warning("bridge lost", bridge=bridge, reason=reason)
        BRIDGES_REMOVED.inc()
        self._reinvite(session)

    def _reinvite(self, lost: BridgeSession) -> None:
        """Invite everybody of one bridge again, wherever the choice then falls."""
        moved = [member for member in self.members if member.session is not None and member.session.bridge is lost]
        everybody = len(moved) == sum(member.session is not None for member in self.members)
        PARTICIPANTS_MOVED.inc(len(moved))
        self._send(self.cascade.drop(lost))
        for member in moved:
            self._terminate(member, "success", "moving")
            # Where everybody's session ends, nobody need be told that others' sources go.
            self._end_session(member, forget=everybody)
        self._invite_all()

    def move(self, member: Member) -> None:
        """Take a participant from its bridge, and place it anew."""
        if member.session is not None and member.session.state != "ended":
            self._terminate(member, "success", "moving")
            self._end_session(member)
            self._invite(member)

    def _leave_bridges(self) -> None:
        for session in self.cascade:
            self._send(self.cascade.drop(session))

    def _send(self, requests: list[Request]) -> None:
        for session, request in requests:
            self._unsent += 1
            self._wire.spawn(self._deliver(session, request))

    async def _deliver(self, session: BridgeSession, request: colibri2.ConferenceModify) -> None:
        self._unsent -= 1
        await self._ask(session, request, None)

    def _invite_all(self) -> None:
        if self.closed or not self._entered or len(self.members) < self._settings.min_participants:
            return
        self._timer(None, self._nobody_came)
        for member in self.members:
            if member.session is None:
                self._invite(member)

    def _invite(self, member: Member) -> None:
        session = self.placing.choose(member)
        if session is None:
            return
        member.session = Session(session)
        self._wire.spawn(self._offer(member, member.session, session))

    async def _offer(self, member: Member, session: Session, bridge: BridgeSession) -> None:
        features = await self._features.of(member)
        # A bridge refuses a conference that it was not yet told to end.
        while self._unsent:  # noqa: ASYNC110 (they leave within this turn of the loop)
            await asyncio.sleep(0)
        if session.state != "inviting":
            return
        if not self.cascade.keep(bridge):
            member.session = None
            self._invite(member)
            return
        audio = offer.audio(features, self._settings.codecs) if disco.AUDIO in features else None
        video = offer.video(features, self._settings.codecs) if disco.VIDEO in features else None
        sctp = self._settings.sctp and disco.SCTP in features
        if not bridge.created:
            for link in self.cascade.links(bridge):
                self._wire.spawn(
                    self._linker.link(link, self.sources.of)
                )  # after the request that opens the conference there
        session.forced = self.muting.forced(member)
        session.rewriting = self._settings.ssrc_rewriting and disco.SSRC_REWRITING in features
        request = bridge.create(
            member.endpoint, member.occupant.stats_id, audio, video, sctp=sctp,
            forced=None if session.forced == FREE else session.forced, rewriting=session.rewriting,
            mids=self._settings.rtp_mid_demux and disco.RTP_MID_DEMUX in features,
        )  # fmt: skip
        answer = await self._ask(bridge, request, member)
        if answer is None or session.state != "inviting":
            return
        try:
            allocation = bridge.allocation(member.endpoint, answer)
        except StanzaError as error:
            self._bridge_failed(bridge, error.text)
            return
        told = {BRIDGE: allocation.feedback, **session.offer(self.sources.others(member.endpoint))}
        session.state = "pending"
        self.enforce()
        payload = session_initiate(
            session.sid, self._own_jid, member.features, {"audio": audio, "video": video}, allocation,
            BridgeSessionElement(bridge.id, bridge.region), told, offer.start_muted(self.start_muted, member.order),
        )  # fmt: skip
        try:
            await self._wire.iq(f"{self.room}/{member.endpoint}", build(payload))
        except IqTimeout:
            pass  # it may still accept, as with Jicofo
        except IqError as error:
            if session.state == "pending":
                self.log.warning("offer refused", endpoint=member.endpoint, reason=str(error))
                self._terminate(member, "general-error", "the offer was refused")
                self._end_session(member, keep=True)

    # The bridge.

    async def _ask(
        self, bridge: BridgeSession, request: colibri2.ConferenceModify, member: Member | None
    ) -> colibri2.ConferenceModified | None:
        """Ask the bridge; None where it refused, and what follows from that has been done."""
        allocating = any(each.create for each in request.endpoints)
        try:
            answer = await self._wire.iq(bridge.bridge, colibri2.build_modify(request), "get")
            return colibri2.ConferenceModified() if answer is None else colibri2.parse_modified(answer)
        except IqError as error:
            found = verdict(error.condition, colibri2.parse_error(error.error), allocating=allocating)
            reason = str(error)
        except IqTimeout as error:
            found, reason = ("bridge-failed" if allocating else "ignore"), str(error)
        except StanzaError as error:
            found, reason = "bridge-failed", error.text
        if self.cascade.has(bridge) and not self.closed:
            self.log.warning("the bridge refused", bridge=bridge.bridge, verdict=found, reason=reason)
            self._act(found, bridge, member, reason)
        return None

    def _act(self, found: Verdict, bridge: BridgeSession, member: Member | None, reason: str) -> None:
        match found:
            case "participant" if member is not None:
                bridge.endpoints.discard(member.endpoint)
                self._end_session(member, keep=True)
            case "reinvite" if member is not None:
                bridge.endpoints.discard(member.endpoint)
                self._terminate(member, "success", "moving")
                self._end_session(member)
                self._invite(member)
            case "bridge":
                self._reinvite(bridge)
            case "bridge-failed":
                self._bridge_failed(bridge, reason)
            case _:
                pass

    def _bridge_failed(self, bridge: BridgeSession, reason: str) -> None:
        self._bridges.registry.failed(bridge.bridge, self._wire.now())
        self.bridge_lost(bridge.bridge, reason)

    def _end_session(self, member: Member, *, forget: bool = False, keep: bool = False) -> None:
        """End a member's session here and on the bridge. ``keep``: it is not invited again by itself."""
        session = member.session
        if session is None:
            return
        session.state = "ended"
        if not keep:
            member.session = None
        self.sources.forget(member.endpoint)
        self._wire.changed()
        if self.cascade.has(session.bridge):
            self._send(self.cascade.withdraw(session.bridge, member.endpoint))
        if not forget:
            self._propagation.changed(member)

    def _terminate(self, member: Member, reason: str, text: str) -> None:
        session = member.session
        if session is None or session.state not in ("pending", "active"):
            return
        payload = Jingle("session-terminate", session.sid, initiator=self._own_jid, reason=reason, reason_text=text)
        self._wire.spawn(self._propagation.tell(member, build(payload), payload.action))

    # Jingle from members.

    def jingle(self, nick: str, request: Jingle) -> None:
        """A member's Jingle request; returning is the result. Raises StanzaError."""
        if (counted := JINGLE["received"].get(request.action)) is not None:
            counted.inc()
        member = self.members.get(nick)
        session = None if member is None else member.session
        if member is None or session is None or session.sid != request.sid:
            raise unknown_session()
        if session.state == "ended":
            raise StanzaError("gone", "the session has ended")
        match request.action:
            case "session-accept":
                self._accept(member, session, request)
            case "source-add" | "source-remove" if session.state == "active":
                self._change_sources(member, request)
            case "session-terminate":
                self._terminated(member, request)
            case "session-info":
                self._restarts.info(member, session, request)
            case "transport-info":
                self._restarts.transport(member, session, request)
            case "source-add" | "source-remove":
                raise StanzaError("unexpected-request", "sources before the session was accepted")
            case _:
                raise StanzaError("feature-not-implemented", f"{request.action[:40]} is not offered")

    def _accept(self, member: Member, session: Session, request: Jingle) -> None:
        if session.state != "pending":
            raise StanzaError("unexpected-request", "the session was accepted before")
        bridge = session.bridge
        if not self.cascade.has(bridge):
            raise StanzaError("gone", "session has been replaced")
        transport = request.transport()
        if transport is None or not transport.ufrag or not transport.pwd:
            raise StanzaError("bad-request", "the answer has no ICE credentials")
        check_credentials(transport)
        if not transport.fingerprints:
            raise StanzaError("bad-request", "the answer has no DTLS fingerprint")
        self.sources.add(member.endpoint, of_contents(request.contents, request.json, member.endpoint))
        session.state = "active"
        self._wire.changed()
        last_n = next((each.initial_last_n for each in request.contents if each.initial_last_n is not None), None)
        update = bridge.update(
            member.endpoint, transport=transport, sources=self.sources.of(member.endpoint), initial_last_n=last_n
        )
        self._wire.spawn(self._ask(bridge, update, member))
        self._send(self.cascade.announce(bridge, member.endpoint, self.sources.of(member.endpoint)))
        self.log.info("accepted", endpoint=member.endpoint)
        self._propagation.changed(member)
        self._propagation.catch_up(member)

    def _change_sources(self, member: Member, request: Jingle) -> None:
        changed = of_contents(request.contents, request.json, member.endpoint)
        if not changed:
            return
        if request.action == "source-add":
            if any(each.video_type == "desktop" for each in changed.video) and not self.muting.may_unmute(
                member, "desktop"
            ):
                raise StanzaError("not-allowed", "a moderator has to allow a screen first")
            self.sources.add(member.endpoint, changed)
        else:
            self.sources.remove(member.endpoint, changed)
        self._wire.changed()
        bridge = None if member.session is None else member.session.bridge
        if bridge is not None and self.cascade.has(bridge):
            sources = self.sources.of(member.endpoint)
            self._wire.spawn(self._ask(bridge, bridge.update(member.endpoint, sources=sources), member))
            self._send(self.cascade.announce(bridge, member.endpoint, sources))
        self._propagation.changed(member)

    def _terminated(self, member: Member, request: Jingle) -> None:
        wanted = request.bridge_session
        bridge = None if member.session is None else member.session.bridge
        if wanted is not None and wanted.id != (None if bridge is None else bridge.id):
            raise StanzaError("item-not-found", "that is not the current bridge session")
        restart = wanted is not None and wanted.restart
        self.log.info("terminated", endpoint=member.endpoint, reason=request.reason, restart=restart)
        self._end_session(member, keep=not restart)
        if restart:
            RESTARTED.inc()
            if not member.restarts.allow(self._wire.now()):
                raise StanzaError("resource-constraint", "rate-limited")
            if bridge is not None:
                self._bridges.restart_requested(bridge.bridge, self._wire.now())
            asyncio.get_running_loop().call_soon(self._invite_again, member)

    def _invite_again(self, member: Member) -> None:
        """After the result of the terminate has gone out."""
        if self.members.get(member.endpoint) is member and member.session is None:
            self._invite(member)
