"""Asks two bridges to link to each other (2-colibri.md section 4.3)."""

import asyncio
from collections.abc import Callable

import structlog

from pyjitsi.focus.bridge_session import BridgeSession
from pyjitsi.focus.cascade import Cascade, Link, SourcesOf
from pyjitsi.focus.codecs import Codecs
from pyjitsi.focus.wire import Wire
from pyjitsi.xmpp.connection import IqError, IqTimeout
from pyjitsi.xmpp.stanzas import colibri2
from pyjitsi.xmpp.stanzas.errors import StanzaError

log = structlog.get_logger("focus")


class Linker:
    """Whatever is not a result ends the session on that bridge (``failed``): half a relay is worse than none."""

    def __init__(
        self, cascade: Cascade, wire: Wire, failed: Callable[[BridgeSession, str], None], *, codecs: Codecs
    ) -> None:
        self._cascade: Cascade = cascade
        self._wire: Wire = wire
        self._failed: Callable[[BridgeSession, str], None] = failed
        self._codecs: Codecs = codecs

    async def link(self, link: Link, sources_of: SourcesOf) -> None:
        """Both are asked at once, and each learns the other's half as it comes."""
        log.info("linking bridges", room=self._cascade.room, bridge=link.joiner.bridge, to=link.initiator.bridge)
        await asyncio.gather(*(self._half(link, *each) for each in link.requests(sources_of, codecs=self._codecs)))

    async def _half(self, link: Link, session: BridgeSession, request: colibri2.ConferenceModify) -> None:
        answer = await self._ask(session, request)
        if answer is None:
            return
        await asyncio.sleep(0)  # an answer at once must not overtake the other bridge's request
        try:
            other, onward = link.onward(session, answer)
        except StanzaError as error:
            self._failed(session, error.text)
            return
        if self._cascade.has(other):
            await self._ask(other, onward)

    async def _ask(
        self, session: BridgeSession, request: colibri2.ConferenceModify
    ) -> colibri2.ConferenceModified | None:
        try:
            answer = await self._wire.iq(session.bridge, colibri2.build_modify(request), "get")
            return colibri2.ConferenceModified() if answer is None else colibri2.parse_modified(answer)
        except (IqError, IqTimeout, StanzaError) as error:
            if self._cascade.has(session):
                log.warning("no relay", room=self._cascade.room, bridge=session.bridge, reason=str(error))
                self._failed(session, str(error))
            return None
