"""Tokens as somebody else would make them, also wrongly."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt

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
    text = f"{_base64(header.encode())}.{_base64(body.encode())}"
    return f"{text}.{_base64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def unsigned(body: dict[str, Any], algorithm: str = "none") -> str:
    """A token without a signature."""
    return f"{_base64(json.dumps({'alg': algorithm, 'typ': 'JWT'}).encode())}.{_base64(json.dumps(body).encode())}."


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
