"""An OpenID Connect provider without sockets that does as it is told, also wrongly. It holds clients to PKCE."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from pydantic import SecretStr

from pyjitsi.rooms.auth.keys import FetchError
from pyjitsi.rooms.auth.oidc.settings import OidcSettings

ISSUER = "https://id.example.org"
PUBLIC = "https://meet.example.org"
CLIENT, CLIENT_SECRET = "meet", "a secret: of ours"
KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def settings(**changes: Any) -> OidcSettings:
    """A client of this provider."""
    return OidcSettings(
        issuer=ISSUER, client_id=CLIENT, client_secret=SecretStr(CLIENT_SECRET), public_url=PUBLIC
    ).model_copy(update=changes)


@dataclass
class ScriptedProvider:
    """What it says can be changed at any time; ``asked`` is what it was asked, ``time`` its clock."""

    time: float
    key: int = 0
    down: bool = False
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "name": "Ada Lovelace"})  # of the ID token
    userinfo: dict[str, Any] = field(default_factory=dict[str, Any])
    wrong: dict[str, Any] = field(default_factory=dict[str, Any])  # claims in place of the right ones; None: left out
    header: dict[str, Any] = field(default_factory=dict[str, Any])
    describes: dict[str, Any] = field(default_factory=dict[str, Any])
    refresh_error: str | None = None
    id_at_refresh: bool = True
    asked: list[str] = field(default_factory=list[str])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    refresh_token: str | None = None

    def description(self) -> dict[str, Any]:
        found = {
            "issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "authorization_endpoint": f"{ISSUER}/authorize?kind=meet",
            "token_endpoint": f"{ISSUER}/token", "userinfo_endpoint": f"{ISSUER}/userinfo",
            "end_session_endpoint": f"{ISSUER}/logout", "authorization_response_iss_parameter_supported": True,
        }  # fmt: skip
        return {name: value for name, value in (found | self.describes).items() if value is not None}

    def consent(self, url: str) -> dict[str, str]:
        """Somebody logs in on the page at ``url``: the query that leads back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return {"code": code, "state": query["state"], "iss": ISSUER}

    async def get(self, url: str, bearer: str | None = None) -> bytes:
        self.asked.append(url)
        if self.down:
            raise FetchError("TimeoutError")
        if url.endswith("/.well-known/openid-configuration"):
            return json.dumps(self.description()).encode()
        if url == f"{ISSUER}/keys":
            key = RSAAlgorithm.to_jwk(KEYS[self.key].public_key(), as_dict=True)
            return json.dumps({"keys": [{**key, "kid": f"k{self.key}", "use": "sig"}]}).encode()
        assert url == f"{ISSUER}/userinfo"
        assert bearer == "access"
        return json.dumps({"sub": self.claims["sub"], **self.userinfo}).encode()

    async def post(self, url: str, form: Mapping[str, str], authorization: str | None) -> tuple[int, bytes]:
        self.asked.append(f"{url} {form['grant_type']}")
        if self.down:
            raise FetchError("TimeoutError")
        # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
        name, _, secret = base64.b64decode((authorization or "").removeprefix("Basic ")).decode().partition(":")
        ((_, name), (_, secret)) = parse_qsl(f"a={name}&b={secret}", keep_blank_values=True)
        if (name, secret) != (CLIENT, CLIENT_SECRET):
            return 401, b'{"error": "invalid_client"}'
        if form["grant_type"] == "refresh_token":
            if self.refresh_error is not None:
                return 400, json.dumps({"error": self.refresh_error}).encode()
            if form["refresh_token"] != self.refresh_token:
                return 400, b'{"error": "invalid_grant"}'
            return self._tokens(None)
        begun = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        good = begun is not None and begun["code_challenge"] == challenge.decode()
        if begun is None or not good or begun["redirect_uri"] != form["redirect_uri"]:
            return 400, b'{"error": "invalid_grant"}'
        return self._tokens(begun["nonce"])

    def _tokens(self, nonce: str | None) -> tuple[int, bytes]:
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 300}
        if nonce is not None or self.id_at_refresh:
            answer["id_token"] = self.id_token(nonce)
        if self.refresh_token is not None:
            self.refresh_token = answer["refresh_token"] = secrets.token_urlsafe(8)
        return 200, json.dumps(answer).encode()

    def id_token(self, nonce: str | None) -> str:
        body = {"iss": ISSUER, "aud": CLIENT, "iat": int(self.time), "exp": int(self.time) + 300, "nonce": nonce}
        body = {name: value for name, value in (body | self.claims | self.wrong).items() if value is not None}
        key: Any = KEYS[self.key]
        algorithm = self.header.get("alg", "RS256")
        if algorithm == "none":
            key = None
        elif algorithm.startswith("HS"):
            key = CLIENT_SECRET * 2
        header = {"kid": f"k{self.key}", **self.header}
        return jwt.encode(
            body, key, algorithm, headers={name: each for name, each in header.items() if each is not None}
        )
