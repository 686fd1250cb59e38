"""Public keys of tokens: a key server's PEM files by key id, and key sets (RFC 7517)."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from pyjitsi.rooms.auth.grant import Refused

Fetch = Callable[[str], Awaitable[bytes]]
NO_KEY = "could not obtain public key"
LONGEST_KID = 256
KEPT = 128
KEY_SECONDS = 3600.0
SET_SECONDS = 6 * 3600.0
SET_PAUSE = 30.0  # an unknown key id asks again, at most this often


class FetchError(Exception):
    """The key server gave nothing."""


def read_pem(pem: bytes) -> PublicKeyTypes:
    """A public key, or that of a certificate. Raises ValueError."""
    if b"BEGIN CERTIFICATE" in pem:
        return load_pem_x509_certificate(pem).public_key()
    return load_pem_public_key(pem)


class KeyServer:
    """``<base>/<hex sha256(kid)>.pem``, each kept for an hour."""

    def __init__(self, base: str, fetch: Fetch) -> None:
        self._base: str = base.rstrip("/")
        self._fetch: Fetch = fetch
        self._kept: OrderedDict[str, tuple[PublicKeyTypes, float]] = OrderedDict()

    async def key(self, kid: str, now: float) -> PublicKeyTypes:
        """The key of that id. Raises Refused."""
        kept = self._kept.get(kid)
        if kept is not None and now < kept[1]:
            self._kept.move_to_end(kid)
            return kept[0]
        try:
            key = read_pem(await self._fetch(f"{self._base}/{hashlib.sha256(kid.encode()).hexdigest()}.pem"))
        except (FetchError, ValueError):
            raise Refused(NO_KEY) from None
        self._kept[kid] = key, now + KEY_SECONDS
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return key


class KeySet:
    """A JWKS, or an object of certificates by key id; asked again when it is old or lacks a key."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        self._url: str = url
        self._fetch: Fetch = fetch
        self._keys: dict[str, PublicKeyTypes] = {}
        self._asked: float | None = None
        self._missed: float | None = None

    async def key(self, kid: str, now: float) -> PublicKeyTypes:
        """The key of that id. Raises Refused."""
        old = self._asked is None or now - self._asked > SET_SECONDS
        # Anybody can name a key that isn't there; a provider's new one is fetched for the first log-in with it.
        missed = not old and kid not in self._keys and (self._missed is None or now - self._missed > SET_PAUSE)
        if old or missed:
            self._asked = now
            if missed:
                self._missed = now
            try:
                self._keys = parse_set(await self._fetch(self._url))
            except (FetchError, ValueError):
                pass  # the old ones stay good while the server is away
        if kid not in self._keys:
            raise Refused(NO_KEY)
        return self._keys[kid]


def parse_set(body: bytes) -> dict[str, PublicKeyTypes]:
    """Public keys by id; keys of other kinds, private ones and those for encryption are left out. Raises ValueError."""
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("the key set is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("the key set is no object")
    values = cast(dict[str, Any], found)
    listed = values.get("keys")
    if not isinstance(listed, list):
        return {kid: read_pem(pem.encode()) for kid, pem in values.items() if isinstance(pem, str)}
    keys: dict[str, PublicKeyTypes] = {}
    for each in cast(list[Any], listed):
        if not isinstance(each, dict):
            continue
        fields = cast(dict[str, Any], each)
        kid = fields.get("kid", "")  # a set of one key may do without
        if isinstance(kid, str) and fields.get("use", "sig") == "sig" and fields.get("kty") in ("RSA", "EC"):
            try:
                key = jwt.PyJWK(fields).key
            except jwt.PyJWTError:
                continue
            if not hasattr(key, "private_numbers"):
                keys[kid] = key
    return keys
