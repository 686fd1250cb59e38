"""The verdicts on who may enter: ``login`` for SASL, ``enter`` for a room. Prosody keeps ``scope`` between the two."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

import aiohttp
import structlog

from pyjitsi import clock
from pyjitsi.rooms.auth import entry
from pyjitsi.rooms.auth.grant import Refused, Scope
from pyjitsi.rooms.auth.keys import Fetch, FetchError, KeyServer, KeySet
from pyjitsi.rooms.auth.settings import AuthSettings, JwtSettings
from pyjitsi.rooms.auth.tokens import Verifier

log = structlog.get_logger("rooms")

Json = dict[str, Any]
TRIES = 3
FETCH_SECONDS = 3.0  # each; all of them within what Prosody waits
LARGEST = 262_144


async def fetch(url: str) -> bytes:
    """What is there. Raises FetchError."""
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    reason = ""
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for _ in range(TRIES):
            try:
                async with session.get(url, allow_redirects=False) as answer:
                    if answer.status == 200:
                        body = await answer.content.read(LARGEST + 1)
                        if len(body) <= LARGEST:
                            return body
                        reason = "too large"
                        break
                    reason = f"status {answer.status}"
                    if answer.status < 500:
                        break
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = type(error).__name__
            await asyncio.sleep(0.1)
    log.warning("no key", url=url, reason=reason)
    raise FetchError(reason)


class Auth:
    """The verdicts under some settings. ``domain`` is the clients'."""

    def __init__(self, settings: AuthSettings, domain: str, fetch: Fetch = fetch) -> None:
        self._jwt: JwtSettings | None = settings.jwt
        self._domain: str = domain
        self._verifier: Verifier | None = None
        if (jwt := settings.jwt) is not None:
            keys = (
                KeyServer(jwt.key_server, fetch)
                if jwt.key_server is not None
                else KeySet(jwt.jwks_url, fetch)
                if jwt.jwks_url is not None
                else None
            )
            self._verifier = Verifier(jwt, keys)

    async def login(self, question: Json) -> Json:
        """``{token?}`` to ``{allow, identity?, scope?}`` or ``{condition, text}``."""
        token = question.get("token")
        if self._verifier is None or self._jwt is None:
            return {"allow": True}
        try:
            if not isinstance(token, str) or not token:
                if self._jwt.allow_empty:
                    return {"allow": True}
                raise Refused("token required")
            grant = await self._verifier.verify(token, clock.wall())
        except Refused as refusal:
            log.info("log-in refused", reason=refusal.text, address=str(question.get("address", ""))[:64])
            return {"allow": False, "condition": refusal.condition, "text": refusal.text}
        return {
            "allow": True,
            "identity": grant.identity(),
            "scope": json.dumps({**asdict(grant.scope), "moderator": grant.moderator}),
        }

    async def enter(self, question: Json) -> Json:
        """``{node, scope?}`` to ``{allow, owner}`` or ``{text, tag?}``."""
        if self._jwt is None:
            return {"allow": True}
        text = question.get("scope")
        if not isinstance(text, str):
            if self._jwt.allow_empty:
                return {"allow": True, "owner": False}
            return {"allow": False, "text": "Authentication required", "tag": "authentication-required"}
        fields = json.loads(text)
        owner = fields.pop("moderator")
        denied = entry.judge(
            Scope(**fields), str(question["node"]), self._domain, verify_domain=self._jwt.verify_domain
        )
        if denied is None:
            return {"allow": True, "owner": owner}
        return {"allow": False, "text": denied.text, **({"tag": denied.tag} if denied.tag else {})}
