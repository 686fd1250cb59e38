"""Log-in, tokens and log-out, without HTTP of our own: what the pages do."""

import asyncio
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from pyjitsi.rooms.auth import own
from pyjitsi.rooms.auth.oidc import account as accounts
from pyjitsi.rooms.auth.oidc import flow
from pyjitsi.rooms.auth.oidc.errors import LoginError
from pyjitsi.rooms.auth.oidc.provider import Provider, Tokens
from pyjitsi.rooms.auth.oidc.sessions import Session, Sessions
from pyjitsi.rooms.auth.oidc.settings import OidcSettings
from pyjitsi.xmpp.tenants import label

log = structlog.get_logger("rooms")

PATIENCE = 60.0  # seconds until a provider that didn't answer is asked about an account again


class Login:
    """Of one provider. ``secret`` is the service's own, ``domain`` the clients'."""

    def __init__(
        self, settings: OidcSettings, provider: Provider, sessions: Sessions, *, secret: str, domain: str
    ) -> None:
        self.settings: OidcSettings = settings
        self._provider: Provider = provider
        self._sessions: Sessions = sessions
        self._secret: str = secret
        self._domain: str = domain
        self._key: bytes = own.derived(secret, "log-in cookies")
        self._looking: dict[str, asyncio.Lock] = {}

    async def begin(
        self, place: tuple[str, ...], now: float, *, client_state: str | None = None, fresh: bool = False
    ) -> tuple[str, str, str]:
        """Where to send the browser, the state, and the cookie that goes with it. Raises LoginError."""
        _, app, overrides = flow.client_state(client_state or "")
        pending = flow.Pending(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            place=place,
            handover=client_state is not None,
            app=app,
            overrides=overrides,
        )
        url = flow.authorization_url(await self._provider.description(now), self.settings, pending, fresh=fresh)
        return url, pending.state, pending.seal(self._key, now)

    def pending(self, cookie: str, state: str, now: float) -> flow.Pending:
        """The log-in that a cookie tells of. Raises LoginError."""
        return flow.unseal(cookie, self._key, state, now)

    async def finish(self, pending: flow.Pending, query: Mapping[str, str], now: float) -> tuple[str, Session]:
        """The answer of the provider: the new session's cookie, and the session. Raises LoginError."""
        code = flow.code_of(query, await self._provider.description(now))
        tokens = await self._provider.exchange(code, pending.verifier, flow.redirect_uri(self.settings), now)
        if tokens.id is None:
            raise LoginError("refused", "the provider gives no ID token; is openid among the scopes?")
        claims = await self._provider.verify(tokens.id, now, pending.nonce)
        found = await self._account(claims, tokens, now)
        if not found.allowed:
            raise LoginError("forbidden", f"{found.id!r} is in none of the allowed groups")
        session = Session(
            account=found,
            ends=now + self.settings.session_hours * 3600,
            look_again=now + tokens.seconds,
            refresh=tokens.refresh,
            id_token=tokens.id,
        )
        log.info("logged in", account=found.id, moderator=found.moderator)
        return self._sessions.add(session, now), session

    async def _account(self, claims: dict[str, Any], tokens: Tokens, now: float) -> accounts.Account:
        """With userinfo where the ID token leaves something out."""
        grouped = bool(self.settings.moderator_groups or self.settings.allowed_groups)
        lacks_groups = grouped and accounts.at(claims, self.settings.groups_claim) is None
        lacks_email = "email" in self.settings.scopes and "email" not in claims
        if "name" not in claims or lacks_groups or lacks_email:
            claims = await self._provider.more(tokens.access, claims["sub"], now) | claims
        return accounts.read(claims, self.settings)

    async def session(self, cookie: str, now: float) -> Session | None:
        """Who somebody is, as the provider sees it now; None where nobody is logged in any more."""
        found = self._sessions.get(cookie, now)
        if found is None or found.refresh is None or now < found.look_again:
            return found
        # Two pages of one browser ask at once, and a provider may take a refresh token but once.
        lock = self._looking.setdefault(cookie, asyncio.Lock())
        try:
            async with lock:
                found = self._sessions.get(cookie, now)
                if found is None or found.refresh is None or now < found.look_again:
                    return found
                return await self._looked(cookie, found, found.refresh, now)
        finally:
            if not lock.locked():
                self._looking.pop(cookie, None)

    async def _looked(self, cookie: str, session: Session, refresh: str, now: float) -> Session | None:
        try:
            tokens = await self._provider.refresh(refresh, now)
            if tokens.id is not None:
                claims = await self._provider.verify(tokens.id, now, None)
            else:
                claims = await self._provider.more(tokens.access, session.account.id, now)
            if claims and claims["sub"] != session.account.id:
                raise LoginError("refused", "the provider tells of another account (sub)")
            # A provider without ID token and userinfo at a refresh has said that the account is good, and no more.
            found = await self._account(claims, tokens, now) if claims else session.account
        except LoginError as error:
            if error.code == "unavailable":
                log.warning("an account was not looked at again", account=session.account.id, reason=error.reason)
                session = replace(session, look_again=now + PATIENCE)
                self._sessions.put(cookie, session)
                return session
            log.info("logged out by the provider", account=session.account.id, reason=error.reason)
            self._sessions.remove(cookie)
            return None
        if not found.allowed:
            log.info("logged out: in none of the allowed groups", account=found.id)
            self._sessions.remove(cookie)
            return None
        session = replace(
            session,
            account=found,
            look_again=now + tokens.seconds,
            refresh=tokens.refresh or refresh,
            id_token=tokens.id or session.id_token,
        )
        self._sessions.put(cookie, session)
        return session

    def token(self, session: Session, place: tuple[str, ...], now: float) -> tuple[str, float]:
        """A token for one room, and when it ends."""
        *tenant, room = place
        seconds = min(self.settings.token_minutes * 60, session.ends - now)
        name = unicodedata.normalize("NFKC", room).lower()
        sub = label(tenant[0]) if tenant else self._domain
        names = (session.account.email,) if session.account.email else ()
        token = own.issue(self._secret, session.account.user(), name, sub, now, seconds, names)
        return token, now + seconds

    async def end(self, cookie: str | None, now: float) -> str:
        """Log out here, and say where the provider's own log-out is."""
        session = self._sessions.get(cookie, now) if cookie else None
        if cookie:
            self._sessions.remove(cookie)
        if session is None:
            return flow.page(self.settings, ())
        log.info("logged out", account=session.account.id)
        try:
            description = await self._provider.description(now)
        except LoginError:
            return flow.page(self.settings, ())
        return flow.log_out_url(description, self.settings, session.id_token)

    def forget(self, cookie: str) -> None:
        """End a session for which another one begins."""
        self._sessions.remove(cookie)

    def close(self) -> None:
        """Close the store."""
        self._sessions.close()
