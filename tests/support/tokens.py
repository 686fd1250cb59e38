"""Tokens as somebody else would make them, also wrongly."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import SecretStr

from pyjitsi.rooms.auth.grant import Refused
from pyjitsi.rooms.auth.keys import FetchError
from pyjitsi.rooms.auth.settings import JwtSettings
from pyjitsi.rooms.auth.tokens import Verifier

SECRET = "a shared secret of more than thirty-two bytes"
DOMAIN = "meet.localhost"
NOW = 1_790_000_000


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims; None takes one out."""
    found = {"iss": "my_app", "aud": "jitsi", "sub": DOMAIN, "room": "standup", "exp": NOW + 3600, **changes}
    return {name: value for name, value in found.items() if value is not None}


def signed(body: dict[str, Any], *, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    """A token by PyJWT."""
    return jwt.encode(body, secret, algorithm, headers=header)


def by_hand(header: str, body: str, secret: bytes = SECRET.encode()) -> str:
    """A token of any texts, with a good HS256 signature."""
    text = f"{encoded(header.encode())}.{encoded(body.encode())}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def unsigned(body: dict[str, Any], algorithm: str = "none") -> str:
    """A token without a signature."""
    return f"{encoded(json.dumps({'alg': algorithm, 'typ': 'JWT'}).encode())}.{encoded(json.dumps(body).encode())}."


def signed_by(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, header: str, body: str) -> str:
    """A token of any texts, with a good signature of that key: RS256 or ES256, whatever the header says."""
    text = f"{encoded(header.encode())}.{encoded(body.encode())}"
    if isinstance(key, rsa.RSAPrivateKey):
        signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(text.encode(), key)
    else:
        signature = ECAlgorithm(ECAlgorithm.SHA256).sign(text.encode(), key)
    return f"{text}.{encoded(signature)}"


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, as key servers have it."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def encoded(data: bytes) -> str:
    """Base64 as tokens have it (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class KeyPages:
    """Everything that can be fetched, keys above all; ``asked`` has what was."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages: dict[str, bytes] = pages
        self.asked: list[str] = []

    async def fetch(self, url: str) -> bytes:
        """A page. Raises FetchError."""
        self.asked.append(url)
        if url not in self.pages:
            raise FetchError("status 404")
        return self.pages[url]


def shared(**changes: Any) -> Verifier:
    """Takes tokens that are signed with the shared secret."""
    return Verifier(JwtSettings(app_id="my_app", secret=SecretStr(SECRET), **changes), None)


async def refusal(verifier: Verifier, token: str, now: float = NOW) -> str:
    """What the bearer of a token is told, who does not get in."""
    with pytest.raises(Refused) as caught:
        await verifier.verify(token, now)
    return caught.value.text
