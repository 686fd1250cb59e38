"""Tokens that Element makes (``openidtoken-jwt``): a JWT signed with a secret that everybody knows, which carries an
OpenID token of the account and names a Matrix room. Nothing in it counts but that token, which the homeserver judges.

The conference of a Matrix room is named by the room's id in base32; the log-in is for that one. Display name and
picture of the JWT are as good as anything that somebody says of oneself, so they are no part of the identity.
"""

import asyncio
import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, cast

import structlog

from pyjitsi.rooms.auth.grant import Grant, Refused, Scope
from pyjitsi.rooms.auth.matrix.settings import MatrixSettings
from pyjitsi.rooms.auth.matrix.witnesses import (
    Asked,
    HomeserverAndSynapse,
    Http,
    Network,
    VerificationService,
    Witness,
    unavailable,
)
from pyjitsi.rooms.auth.tokens import unverified

log = structlog.get_logger("rooms")

ROOM_ID = re.compile(r"![^\s\x00-\x1f\x7f]{1,254}")
OPENID_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}")
SECONDS = 9.0  # for all questions together; Prosody waits ten
AT_ONCE = 32  # anybody may ask
KEPT = 2_000


def room_of(room_id: str) -> str:
    """The name of a Matrix room's conference."""
    return base64.b32encode(room_id.encode()).decode().rstrip("=").lower()


class MatrixVerifier:
    """Tokens of the declared homeservers; ``domain`` is the clients'."""

    def __init__(self, settings: MatrixSettings, domain: str, http: Http | None = None) -> None:
        self._settings: MatrixSettings = settings
        self._domain: str = domain
        network = http or Network()
        self._witness: Witness = (
            VerificationService(settings, network)
            if settings.verification_service is not None
            else HomeserverAndSynapse(settings, network)
        )
        self._asking: asyncio.Semaphore = asyncio.Semaphore(AT_ONCE)
        self._good: OrderedDict[bytes, Grant] = OrderedDict()

    @staticmethod
    def speaks_of(token: str) -> bool:
        """Whether a token is of this kind, for what it is worth."""
        try:
            return _matrix(unverified(token)) is not None
        except Refused:
            return False

    async def verify(self, token: str, *, resumes: bool = False) -> Grant:
        """What a token grants. Raises Refused.

        OpenID tokens live an hour and can't be renewed from within a meeting. Whoever ``resumes`` a stream of ours, so
        knows its secret, with a token that was good is not sent away because of that.
        """
        asked = self._read(token)
        key = hashlib.sha256(f"{asked.server}\0{asked.token}\0{asked.room}".encode()).digest()
        if resumes and key in self._good:
            return self._good[key]
        try:
            async with asyncio.timeout(SECONDS), self._asking:
                member = await self._witness.member(asked)
        except TimeoutError:
            log.warning("Matrix servers are too slow", server=asked.server)
            raise unavailable() from None
        user = {"id": member.user} | ({"name": member.name} if member.name else {})
        grant = Grant(Scope(room_of(asked.room), self._domain), user, moderator=member.moderator)
        self._good[key] = grant
        self._good.move_to_end(key)
        if len(self._good) > KEPT:
            self._good.popitem(last=False)
        return grant

    def _read(self, token: str) -> Asked:
        fields = _matrix(unverified(token))
        if fields is None:
            raise Refused("token required")
        openid, room, server = (fields.get(name) for name in ("token", "room_id", "server_name"))
        if server is None and len(self._settings.homeservers) == 1:
            (server,) = self._settings.homeservers  # from the time when there was but one
        if not isinstance(openid, str) or not OPENID_TOKEN.fullmatch(openid):
            raise Refused("Invalid token")
        if not isinstance(room, str) or not ROOM_ID.fullmatch(room) or len(room.encode()) > 255:
            raise Refused("Matrix room ID must be given.")
        if not isinstance(server, str) or server not in self._settings.homeservers:
            raise Refused("Accounts of that Matrix server may not enter")
        return Asked(openid, room, server)


def _matrix(claims: Mapping[str, Any]) -> Mapping[str, Any] | None:
    context = claims.get("context")
    found = cast(Mapping[str, Any], context).get("matrix") if isinstance(context, dict) else None
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else None
