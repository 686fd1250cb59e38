"""The provider: its description (OpenID Connect Discovery 1.0), its tokens, and whether an ID token is good.

PyJWT checks signatures; the requests are two forms and two documents. Authlib was looked at: its clients come with an
HTTP library beside the one that we have, and what is left of them without it is what stands here.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import quote, urlsplit

import jwt

from pyjitsi.rooms.auth.grant import Refused
from pyjitsi.rooms.auth.keys import FetchError, KeySet
from pyjitsi.rooms.auth.oidc.errors import LoginError
from pyjitsi.rooms.auth.oidc.settings import OidcSettings

Claims = dict[str, Any]
# Public keys alone: with HS256 our own secret, which others may know, would sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = 60.0  # seconds; two servers' clocks differ
DESCRIPTION_SECONDS = 3600.0
PAUSE = 5.0  # between tries at a description that couldn't be read
LONGEST_TOKEN = 65_536


class Http(Protocol):
    """How the provider is asked."""

    async def get(self, url: str, bearer: str | None = None) -> bytes:
        """A document. Raises FetchError."""
        ...

    async def post(self, url: str, form: Mapping[str, str], authorization: str | None) -> tuple[int, bytes]:
        """Status and body of the answer to a form. Raises FetchError."""
        ...


@dataclass(frozen=True, slots=True)
class Description:
    """What we need of a provider's metadata."""

    issuer: str
    authorization: str
    token: str
    jwks: str
    userinfo: str | None = None
    end_session: str | None = None
    basic: bool = True  # our secret in the Authorization header; else in the form
    says_issuer: bool = False  # in the address that leads back to us (RFC 9207)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of a log-in or a refresh; ``seconds`` is for how long it need not be repeated."""

    access: str
    id: str | None
    refresh: str | None
    seconds: float


def parse_description(body: bytes, issuer: str) -> Description:
    """Read a provider's metadata. Raises LoginError."""
    found = _object(body, "its description")
    # Admins forget the slash at the end; whose keys sign is all the same decided by this address.
    if str(found.get("issuer")).rstrip("/") != issuer.rstrip("/"):
        raise LoginError("unavailable", f"{issuer} describes itself as {str(found.get('issuer'))[:200]!r}; mend issuer")
    methods = found.get("token_endpoint_auth_methods_supported")
    return Description(
        issuer=str(found["issuer"]),
        authorization=_endpoint(found, "authorization_endpoint", issuer),
        token=_endpoint(found, "token_endpoint", issuer),
        jwks=_endpoint(found, "jwks_uri", issuer),
        userinfo=_endpoint(found, "userinfo_endpoint", issuer) if "userinfo_endpoint" in found else None,
        end_session=_endpoint(found, "end_session_endpoint", issuer) if "end_session_endpoint" in found else None,
        basic=not isinstance(methods, list) or "client_secret_basic" in methods,
        says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


class Provider:
    """One provider, asked as seldom as possible."""

    def __init__(self, settings: OidcSettings, http: Http) -> None:
        self._settings: OidcSettings = settings
        self._http: Http = http
        self._description: Description | None = None
        self._asked: float | None = None
        self._keys: KeySet | None = None

    async def description(self, now: float) -> Description:
        """The metadata, an hour old at most while the provider answers. Raises LoginError."""
        known = self._description
        age = None if self._asked is None else now - self._asked
        if age is None or age > (DESCRIPTION_SECONDS if known is not None else PAUSE):
            self._asked = now
            issuer = self._settings.issuer
            try:
                body = await self._http.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                self._description = parse_description(body, issuer)
            except (FetchError, LoginError) as error:
                if known is None:
                    raise LoginError("unavailable", f"the provider can't be read: {error}") from None
            else:
                if known is None or known.jwks != self._description.jwks:
                    self._keys = KeySet(self._description.jwks, self._http.get)
        if self._description is None:
            raise LoginError("unavailable", "the provider could not be read some seconds ago")
        return self._description

    async def exchange(self, code: str, verifier: str, redirect: str, now: float) -> Tokens:
        """Tokens for an authorization code (RFC 6749 section 4.1.3, RFC 7636). Raises LoginError."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        return await self._ask(form, now)

    async def refresh(self, token: str, now: float) -> Tokens:
        """New tokens (RFC 6749 section 6). Raises LoginError, ``refused`` where the account is no longer good."""
        return await self._ask({"grant_type": "refresh_token", "refresh_token": token}, now)

    async def _ask(self, form: dict[str, str], now: float) -> Tokens:
        description = await self.description(now)
        form["client_id"] = self._settings.client_id
        authorization = None
        if self._settings.client_secret is not None:
            secret = self._settings.client_secret.get_secret_value()
            if description.basic:
                pair = f"{quote(self._settings.client_id, safe='')}:{quote(secret, safe='')}"
                authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
            else:
                form["client_secret"] = secret
        try:
            status, body = await self._http.post(description.token, form, authorization)
        except FetchError as error:
            raise LoginError("unavailable", f"the provider gives no tokens: {error}") from None
        if status >= 500 or status == 429:
            raise LoginError("unavailable", f"the provider gives no tokens: status {status}")
        found = _object(body, "its tokens")
        if status != 200:
            error = str(found.get("error"))[:100]
            # A wrong secret is our fault, and no word on the account.
            code = "unavailable" if error in ("invalid_client", "unauthorized_client") else "refused"
            raise LoginError(code, f"the provider gives no tokens: {error}")
        return Tokens(
            access=_text(found, "access_token") or "",
            id=_text(found, "id_token"),
            refresh=_text(found, "refresh_token"),
            seconds=_seconds(found.get("expires_in")),
        )

    async def verify(self, token: str, now: float, nonce: str | None) -> Claims:
        """The claims of an ID token (OpenID Connect Core 1.0 section 3.1.3.7); ``nonce`` None: after a refresh.
        Raises LoginError."""
        description = await self.description(now)
        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid", "")
            if algorithm not in ALGORITHMS:
                raise LoginError("refused", f"an ID token of algorithm {str(algorithm)[:20]!r}")
            if not isinstance(kid, str) or len(kid) > 256 or self._keys is None:
                raise LoginError("refused", "an ID token without a usable kid")
            key = await self._keys.key(kid, now)
            claims: Claims = jwt.decode(
                token, cast(Any, key), algorithms=[str(algorithm)],
                audience=self._settings.client_id, issuer=description.issuer,
                # Times are held against our own clock below.
                options={"require": ["iss", "aud", "exp", "iat", "sub"], "verify_exp": False, "verify_iat": False,
                         "verify_nbf": False},
            )  # fmt: skip
        except Refused as error:
            raise LoginError("refused", f"an ID token of an unknown key: {error.text}") from None
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise LoginError("refused", f"an ID token that isn't good: {error}") from None
        self._check(claims, now, nonce)
        return claims

    def _check(self, claims: Claims, now: float, nonce: str | None) -> None:
        times: dict[str, Any] = {name: claims[name] for name in ("exp", "iat", "nbf") if claims.get(name) is not None}
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in times.values()):
            raise LoginError("refused", "an ID token whose times are no numbers")
        if now > times["exp"] + LEEWAY or now < times["iat"] - LEEWAY or now < times.get("nbf", 0) - LEEWAY:
            raise LoginError("refused", "an ID token of another time; compare the servers' clocks")
        audience = claims["aud"]
        party = claims.get("azp")
        if party not in (None, self._settings.client_id) or (
            isinstance(audience, list) and len(cast(list[Any], audience)) > 1 and party is None
        ):
            raise LoginError("refused", "an ID token for somebody else (azp)")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise LoginError("refused", "an ID token for nobody")
        if nonce is not None and claims.get("nonce") != nonce:
            raise LoginError("refused", "an ID token of another log-in (nonce)")

    async def more(self, access: str, subject: str, now: float) -> Claims:
        """What the userinfo endpoint tells of the same person; nothing where it doesn't. Raises LoginError."""
        url = (await self.description(now)).userinfo
        if url is None or not access:
            return {}
        try:
            found = _object(await self._http.get(url, access), "its userinfo")
        except FetchError as error:
            raise LoginError("unavailable", f"the provider tells nothing of the account: {error}") from None
        if found.get("sub") != subject:
            raise LoginError("refused", "the provider tells of another account (sub)")
        return found


def _object(body: bytes, what: str) -> Claims:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise LoginError("unavailable", f"the provider's answer with {what} is no JSON object")
    return cast(Claims, found)


def _endpoint(found: Claims, name: str, issuer: str) -> str:
    """An address; as secret as the issuer's."""
    value = found.get(name)
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if not isinstance(value, str) or parts is None or not parts.hostname or not value.isprintable():
        raise LoginError("unavailable", f"the provider's {name} is no address")
    if parts.scheme != "https" and not (parts.scheme == "http" and issuer.startswith("http:")):
        raise LoginError("unavailable", f"the provider's {name} must begin with https://")
    return value


def _text(found: Claims, name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN else None


def _seconds(value: Any) -> float:
    """A minute at least, so that nobody's renewals are a flood; an hour where nothing was said."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return min(max(float(value), 60.0), 86_400.0) if good else 3600.0
