"""The verdicts on who may enter: ``login`` (tokens) and ``password`` for SASL, ``enter`` for a room.

Prosody keeps ``scope`` between log-in and entry.
"""

import json
from dataclasses import asdict
from typing import Any

import structlog

from pyjitsi import clock
from pyjitsi.rooms.auth import entry, own
from pyjitsi.rooms.auth.accounts import DeclaredAccounts
from pyjitsi.rooms.auth.asking import fetch
from pyjitsi.rooms.auth.grant import Grant, Refused, Scope
from pyjitsi.rooms.auth.keys import Fetch, KeyServer, KeySet
from pyjitsi.rooms.auth.ldap.accounts import LdapAccounts
from pyjitsi.rooms.auth.matrix.verifier import MatrixVerifier
from pyjitsi.rooms.auth.password_login import PasswordLogin
from pyjitsi.rooms.auth.person import Accounts
from pyjitsi.rooms.auth.settings import AuthSettings, JwtSettings
from pyjitsi.rooms.auth.tokens import Verifier

log = structlog.get_logger("rooms")

Json = dict[str, Any]
SHORT = 32


class Auth:
    """The verdicts under some settings. ``domain`` is the clients', ``secret`` the service's own."""

    def __init__(self, settings: AuthSettings, domain: str, secret: str, fetch: Fetch = fetch) -> None:
        self._books: list[Accounts] = backends(settings)
        self._passwords: PasswordLogin = PasswordLogin(self._books)
        self._domain: str = domain
        self._verifiers: list[tuple[JwtSettings, Verifier]] = []
        if settings.oidc is not None:
            self._add(own.accepted(secret), fetch)
        if settings.jwt is not None:
            self._add(settings.jwt, fetch)
            _warn(settings.jwt)
        self._matrix: MatrixVerifier | None = (
            MatrixVerifier(settings.matrix, domain) if settings.matrix is not None else None
        )
        self._tokens: bool = settings.tokens
        self._empty: bool = not (settings.tokens or settings.passwords) or settings.allows_guests

    def _add(self, jwt: JwtSettings, fetch: Fetch) -> None:
        keys = (
            KeyServer(jwt.key_server, fetch)
            if jwt.key_server is not None
            else KeySet(jwt.jwks_url, fetch)
            if jwt.jwks_url is not None
            else None
        )
        self._verifiers.append((jwt, Verifier(jwt, keys)))

    async def _verify(self, token: str, *, resumes: bool) -> tuple[Grant, bool]:
        """What a token grants, and whether its domain counts. Of several refusals the last is told, which is about
        others' tokens. Raises Refused."""
        if self._matrix is not None and self._matrix.speaks_of(token):
            return await self._matrix.verify(token, resumes=resumes), True
        refusal = Refused("Invalid token")
        for settings, verifier in self._verifiers:
            try:
                return await verifier.verify(token, clock.wall()), settings.verify_domain
            except Refused as error:
                refusal = error
        raise refusal

    async def login(self, question: Json) -> Json:
        """``{token?, resumes?}`` to ``{allow, identity?, scope?}`` or ``{condition, text}``; ``resumes`` is for who
        knows the secret of a stream that was lost."""
        token = question.get("token")
        if not self._tokens:
            return {"allow": True}
        try:
            if not isinstance(token, str) or not token:
                if self._empty:
                    return {"allow": True}
                raise Refused("token required")
            grant, verify_domain = await self._verify(token, resumes=question.get("resumes") is True)
        except Refused as refusal:
            log.info("log-in refused", reason=refusal.text, address=str(question.get("address", ""))[:64])
            return _refused(refusal)
        return _granted(grant, verify_domain=verify_domain)

    async def password(self, question: Json) -> Json:
        """``{user, password, address?}`` to what ``login`` answers; ``user`` as in a JID (XEP-0106)."""
        user, password, address = (question.get(name) for name in ("user", "password", "address"))
        if not isinstance(user, str) or not isinstance(password, str):
            return {"allow": False, "condition": "malformed-request"}
        try:
            grant = await self._passwords.check(user, password, address if isinstance(address, str) else "")
        except Refused as refusal:
            return _refused(refusal)
        return _granted(grant, verify_domain=True)

    async def stop(self) -> None:
        """Nobody asks any more."""
        for book in self._books:
            await book.stop()

    async def enter(self, question: Json) -> Json:
        """``{node, scope?}`` to ``{allow, owner}`` or ``{text, tag?}``."""
        text = question.get("scope")
        if not isinstance(text, str):
            if self._empty:
                return {"allow": True, "owner": False}
            return {"allow": False, "text": "Authentication required", "tag": "authentication-required"}
        fields = json.loads(text)
        owner, verify_domain = fields.pop("moderator"), fields.pop("verify_domain")
        denied = entry.judge(Scope(**fields), str(question["node"]), self._domain, verify_domain=verify_domain)
        if denied is None:
            return {"allow": True, "owner": owner}
        return {"allow": False, "text": denied.text, **({"tag": denied.tag} if denied.tag else {})}


def _warn(settings: JwtSettings) -> None:
    """RFC 7518 section 3.2 wants as many bytes as the hash has; Jitsi takes any, so that we can't but say it."""
    if settings.secret is not None and len(settings.secret.get_secret_value().encode()) < SHORT:
        log.warning("the secret of auth.jwt is short; whoever has a token can guess it at leisure", needs=SHORT)


def backends(settings: AuthSettings) -> list[Accounts]:
    """Who knows passwords, under these settings."""
    found: list[Accounts] = []
    if settings.accounts:
        found.append(DeclaredAccounts(settings.accounts, alone=settings.ldap is None))
    if settings.ldap is not None:
        found.append(LdapAccounts(settings.ldap))
    return found


def _granted(grant: Grant, *, verify_domain: bool) -> Json:
    return {
        "allow": True,
        "identity": grant.identity(),
        "scope": json.dumps({**asdict(grant.scope), "moderator": grant.moderator, "verify_domain": verify_domain}),
        "moderator": grant.moderator,
        **({"names": list(grant.names)} if grant.names else {}),
    }


def _refused(refusal: Refused) -> Json:
    return {"allow": False, "condition": refusal.condition, "text": refusal.text}
