"""Tokens that this service makes itself, for a room and some minutes, in the shape that Jitsi's clients carry
(4-services.md section 1.3)."""

import base64
import secrets
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from pyjitsi.private_file import write_whole
from pyjitsi.rooms.auth.settings import JwtSettings

ISSUER = "pyjitsi-rooms"
AUDIENCE = "jitsi"


def secret_of(folder: Path | None) -> str:
    """The service's own secret, made at first start and kept in ``folder``; without one, good until it ends.

    It is nobody else's: not even Prosody, which only asks, can make a token. Raises OSError.
    """
    made = secrets.token_hex(32)
    if folder is None:
        return made
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tokens.secret"
    if file.exists() and (found := file.read_text().strip()):
        return found
    write_whole(file, f"{made}\n".encode())
    return made


def derived(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, as URL-safe base64. What it is for can't be confused, nor led back."""
    key = HKDF(hashes.SHA256(), 32, salt=None, info=f"pyjitsi {purpose}".encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(key)


def issue(
    secret: str, user: dict[str, str], room: str, sub: str, now: float, seconds: float, names: tuple[str, ...] = ()
) -> str:
    """A token for one room; ``sub`` is the domain or the tenant, ``secret`` the service's own. ``names`` are those of
    the person that others in the room don't see, and by which declared rooms name their owners."""
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": sub, "room": room,
        "nbf": int(now) - 5, "exp": int(now + seconds), "context": {"user": user},
        **({"owner_names": list(names)} if names else {}),
    }  # fmt: skip
    return jwt.encode(claims, derived(secret, "room tokens"), "HS256")


def accepted(secret: str) -> JwtSettings:
    """The settings under which such tokens, and no others, are good."""
    return JwtSettings(
        app_id=ISSUER,
        secret=SecretStr(derived(secret, "room tokens").decode()),
        algorithm="HS256",
        audiences=(AUDIENCE,),
    )
