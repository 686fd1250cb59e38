"""The room services as the focus finds them: by the identities of the clients' domain (4-services.md 2.1), so that
Jitsi's own Prosody modules are found as well as ours."""

import json
from collections.abc import Mapping
from typing import Any, cast

import structlog

from pyjitsi.xmpp.connection import Connection, IqError, IqTimeout, Message
from pyjitsi.xmpp.stanzas import disco
from pyjitsi.xmpp.stanzas.presence import NS_JITMEET

log = structlog.get_logger("focus")

TIMEOUT = 5.0
MAX_MESSAGE = 262_144


class RoomServices:
    """Addresses by the services' types; empty until ``find``."""

    def __init__(self) -> None:
        self._addresses: Mapping[str, str] = {}

    @property
    def breakout_domain(self) -> str | None:
        """Where breakout rooms are, if there are any."""
        return self._addresses.get("breakout_rooms")

    async def find(self, connection: Connection, domain: str, own_jid: str) -> None:
        """Ask the clients' domain; a failure leaves the rooms without services."""
        try:
            answer = await connection.iq(domain, disco.build_query(None), kind="get", from_=own_jid, timeout=TIMEOUT)
        except (IqError, IqTimeout) as error:
            log.warning("no room services", domain=domain, reason=str(error))
            return
        self._addresses = disco.parse_components(answer)

    def moderation(self, message: Message) -> Mapping[str, Any] | None:
        """What the service of AV moderation says; None where somebody else says something."""
        if message.kind != "normal" or message.from_ != self._addresses.get("av_moderation"):
            return None
        text = message.element.findtext(f"{{{NS_JITMEET}}}json-message") or ""
        try:
            said = json.loads(text) if len(text) <= MAX_MESSAGE else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(said, dict) or cast(dict[str, Any], said).get("type") != "av_moderation":
            return None
        return cast(dict[str, Any], said)
