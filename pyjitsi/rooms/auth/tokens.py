"""Verifying tokens (RFC 7515, RFC 7519), as strictly as Jitsi's clients allow, with the texts that they show."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from jwt import InvalidKeyError
from jwt.algorithms import get_default_algorithms

from pyjitsi.rooms.auth.grant import Grant, Refused, from_claims
from pyjitsi.rooms.auth.keys import LONGEST_KID
from pyjitsi.rooms.auth.settings import JwtSettings
from pyjitsi.rooms.untrusted import read
from pyjitsi.xmpp.stanzas.errors import StanzaError

LONGEST = 16_384
ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class Keys(Protocol):
    """Where public keys come from."""

    async def key(self, kid: str, now: float) -> PublicKeyTypes:
        """The key of that id. Raises Refused."""
        ...


class Verifier:
    """Tokens of one issuer."""

    def __init__(self, settings: JwtSettings, keys: Keys | None) -> None:
        self._settings: JwtSettings = settings
        self._keys: Keys | None = keys
        self._algorithm = get_default_algorithms()[settings.expected_algorithm]

    async def verify(self, token: str, now: float) -> Grant:
        """What a token grants; ``now`` in seconds of the epoch. Raises Refused."""
        parts = _parts(token)
        header = _part(parts[0], "Invalid header")
        if header.get("typ") != "JWT":
            raise Refused("Invalid typ")
        if header.get("alg") != self._settings.expected_algorithm:
            raise Refused("Invalid or incorrect alg")
        if "crit" in header:  # RFC 7515 section 4.1.11: what must be understood and isn't
            raise Refused("Invalid header")
        key = await self._key(header, now)
        signed, signature = f"{parts[0]}.{parts[1]}".encode(), _decode(parts[2], "Invalid signature")
        if not self._algorithm.verify(signed, key, signature):
            raise Refused("Invalid signature")
        claims = _part(parts[1], "Invalid body")
        self._check(claims, now)
        return from_claims(claims)

    async def _key(self, header: Mapping[str, Any], now: float) -> Any:
        # Nothing else in a header names a key to us: no jku, no jwk, no x5u.
        if self._keys is None:
            assert self._settings.secret is not None
            found: Any = self._settings.secret.get_secret_value()
        else:
            kid = header.get("kid")
            if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
                raise Refused("'kid' claim is missing")
            found = await self._keys.key(kid, now)
        try:
            return self._algorithm.prepare_key(found)
        except (InvalidKeyError, TypeError, ValueError):
            raise Refused("could not obtain public key") from None

    def _check(self, claims: Mapping[str, Any], now: float) -> None:
        settings = self._settings
        for name in ("exp", "nbf"):
            value = claims.get(name)
            if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
                raise Refused(f"{name} must be number")
        # Whole seconds of any size: a number that no float holds must not end in an error of ours.
        exp, nbf, leeway = claims.get("exp"), claims.get("nbf"), settings.leeway_seconds
        if exp is not None and now >= exp + leeway:
            raise Refused(f"Not acceptable by exp ({int(now) - int(exp)} sec since expired)")
        if nbf is not None and now < nbf - leeway:
            raise Refused("Not acceptable by nbf")
        _accept(claims, "iss", settings.issuers or (settings.app_id,))
        _accept(claims, "aud", settings.audiences)
        if settings.require_room_claim and claims.get("room") is None:
            raise Refused("'room' claim is missing", "not-authorized")


def unverified(token: str) -> dict[str, Any]:
    """The claims of a token in which nothing is proved. Raises Refused where there are none."""
    _header, claims, _signature = _parts(token)
    return _part(claims, "Invalid body")


def _parts(token: str) -> list[str]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST:
        raise Refused("Invalid token")
    return parts


def _accept(claims: Mapping[str, Any], name: str, accepted: tuple[str, ...]) -> None:
    value = claims.get(name)
    if value is None:
        raise Refused(f"'{name}' claim is missing")
    values = value if isinstance(value, list) and name == "aud" else [value]
    if "*" not in accepted and not any(each in accepted for each in values):
        raise Refused(f"invalid '{name}' claim")


def _decode(text: str, otherwise: str) -> bytes:
    if not text or not ALPHABET.issuperset(text):
        raise Refused(otherwise)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused(otherwise) from None


def _part(text: str, otherwise: str) -> dict[str, Any]:
    """A part's object. Two keys of one name are refused: others might read the other."""
    try:
        return read(_decode(text, otherwise).decode(), LONGEST)
    except (UnicodeDecodeError, StanzaError):
        raise Refused(otherwise) from None
