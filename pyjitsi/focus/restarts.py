"""What a client says and asks when its way to the bridge fails: restart ICE in place, or invite it anew.

In place (2-colibri.md section 3.12) the client keeps its session, and media goes on over the old way while there is
one: the bridge makes a new ICE agent, its transport goes to the client with a generation, and the client's answer
with the same generation to the bridge.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import structlog

from pyjitsi.focus.bridge_session import BridgeSession
from pyjitsi.focus.membership import Member
from pyjitsi.focus.metrics import FAILED_ICE, ICE_RESTARTS
from pyjitsi.focus.propagation import Propagation
from pyjitsi.focus.session import Session
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.stanzas import colibri2, ice_udp
from pyjitsi.xmpp.stanzas.errors import StanzaError
from pyjitsi.xmpp.stanzas.jingle import Content, Jingle, build

log = structlog.get_logger("focus")

Ask = Callable[
    [BridgeSession, colibri2.ConferenceModify, Member | None], Coroutine[Any, Any, colibri2.ConferenceModified | None]
]


class Restarts:
    """``ask`` asks a bridge, and has done what follows where it answers None; ``move`` invites a participant anew.

    ``requested`` is told of the bridge that somebody could not reach. A restart in place says nothing of the bridge:
    mostly it is the client's network that changed.
    """

    def __init__(
        self, own_jid: str, wire: Wire, ask: Ask, propagation: Propagation, move: Callable[[Member], None],
        requested: Callable[[str, float], None], *, in_place: bool,
    ) -> None:  # fmt: skip
        self._own_jid: str = own_jid
        self._wire: Wire = wire
        self._ask: Ask = ask
        self._propagation: Propagation = propagation
        self._move: Callable[[Member], None] = move
        self._requested: Callable[[str, float], None] = requested
        self._in_place: bool = in_place

    def info(self, member: Member, session: Session, request: Jingle) -> None:
        """A session-info; what says nothing of this is acknowledged, as XEP-0166 has it. Raises StanzaError."""
        wanted = request.bridge_session
        named = None if wanted is None else wanted.id
        if wanted is not None and wanted.ice_restart:
            ICE_RESTARTS["requested"].inc()
            try:
                self._accept(member, session, named)
            except StanzaError:
                ICE_RESTARTS["failed"].inc()
                raise
            self._wire.spawn(self._restart(member, session))
        elif request.ice_failed and (wanted is None or named == session.bridge.id):  # of an earlier bridge: old news
            self._failed(member, session)

    def _accept(self, member: Member, session: Session, named: str | None) -> None:
        """In Jicofo's order. Restarts in place have a budget of their own."""
        if not self._in_place:
            raise StanzaError("feature-not-implemented", "in-place ICE restart is disabled")
        if not member.ice_restarts.allow(self._wire.now()):
            raise StanzaError("resource-constraint", "rate-limited")
        if named != session.bridge.id:
            raise StanzaError("item-not-found", "that is not the current bridge session")

    async def _restart(self, member: Member, session: Session) -> None:
        wanted = colibri2.Endpoint(member.endpoint, transport=colibri2.Transport(ice_restart=True))
        request = colibri2.ConferenceModify(session.bridge.meeting_id, endpoints=(wanted,))
        answer = await self._ask(session.bridge, request, member)
        if answer is None or member.session is not session or session.state == "ended":
            ICE_RESTARTS["failed"].inc()
            return
        found = next((each.transport for each in answer.endpoints if each.id == member.endpoint), None)
        ice = None if found is None else found.ice
        if ice is None or not ice.ufrag or not ice.pwd:
            log.info("the bridge restarts no ICE", endpoint=member.endpoint, bridge=session.bridge.bridge)
            ICE_RESTARTS["failed"].inc()
            self._move(member)
        elif ice.ice_generation is None:
            ICE_RESTARTS["not_needed"].inc()  # it has not connected yet, and goes on trying
        elif ice.ice_generation <= session.ice_generation:
            ICE_RESTARTS["failed"].inc()  # overtaken by the answer to a later one
        else:
            session.ice_generation = ice.ice_generation
            log.info("ICE restarts", endpoint=member.endpoint, generation=ice.ice_generation)
            ICE_RESTARTS["relayed"].inc()
            content = Content("audio", senders=None, transport=replace(ice, web_sockets=()))
            payload = Jingle("transport-info", session.sid, initiator=self._own_jid, contents=(content,))
            await self._propagation.tell(member, build(payload), payload.action)

    def transport(self, member: Member, session: Session, request: Jingle) -> None:
        """A transport-info: the client's half of a restart, or what it found out later. Raises StanzaError."""
        transport = request.transport()
        if transport is None:
            raise StanzaError("bad-request", "a transport-info needs a transport")
        check_credentials(transport)
        update = session.bridge.update(member.endpoint, transport=transport)
        self._wire.spawn(self._ask(session.bridge, update, member))

    def _failed(self, member: Member, session: Session) -> None:
        """A client of 2024 can't reach its bridge: it is invited anew."""
        FAILED_ICE.inc()
        log.warning("ICE failed", endpoint=member.endpoint, bridge=session.bridge.bridge)
        if not member.restarts.allow(self._wire.now()):
            raise StanzaError("resource-constraint", "rate-limited")
        self._requested(session.bridge.bridge, self._wire.now())
        asyncio.get_running_loop().call_soon(self._move, member)


def check_credentials(transport: ice_udp.IceUdpTransport) -> None:
    """Refuse what only the bridge would: its errors are about more people than the sender. Raises StanzaError."""
    problem = None
    if transport.ufrag or transport.pwd:
        problem = ice_udp.credential_problem("ufrag", transport.ufrag or "")
        problem = problem or ice_udp.credential_problem("pwd", transport.pwd or "")
    if problem is not None:
        raise StanzaError("bad-request", problem)
