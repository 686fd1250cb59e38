"""Password hashes: scrypt (RFC 7914), written ``$scrypt$ln=…,r=…,p=…$salt$hash`` as other libraries do.

scrypt is in Python's own library, so nothing has to be kept up to date for it; the cost is one of those that OWASP's
Password Storage Cheat Sheet lists (32 MiB, three passes), some 0.2 s of one core.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import stringprep
import unicodedata
from dataclasses import dataclass

SHAPE = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,128})\$([A-Za-z0-9+/]{22,172})")
LN, R, P = 15, 8, 3
MOST_MEMORY = 128 * 1024 * 1024
MOST_WORK = 10 * R * P * 2**LN
LONGEST_PASSWORD = 1024


class HashError(ValueError):
    """A text that is no hash of a password."""


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash with what it takes to make it again."""

    ln: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def fits(self, password: str) -> bool:
        """Whether it is this password's. Takes a while, without the GIL: run it in a thread."""
        return hmac.compare_digest(_scrypt(password, self), self.digest)

    def __str__(self) -> str:
        return f"$scrypt$ln={self.ln},r={self.r},p={self.p}${_b64(self.salt)}${_b64(self.digest)}"


def read(text: str) -> Hash:
    """Read a hash. Raises HashError, which never holds the text: it may be a password."""
    found = SHAPE.fullmatch(text.strip())
    if found is None:
        raise HashError("is no hash of a password; make one with `pyjitsi hash-password`")
    ln, r, p = (int(found.group(number)) for number in (1, 2, 3))
    if (
        not (1 <= ln <= 24 and r >= 1 and p >= 1)
        or max(r * 2**ln, r * p) * 128 > MOST_MEMORY
        or r * p * 2**ln > MOST_WORK
    ):
        raise HashError("asks for more memory or time than a log-in may take; make one with `pyjitsi hash-password`")
    try:
        salt, digest = (base64.b64decode(each + "=" * (-len(each) % 4)) for each in found.group(4, 5))
    except (binascii.Error, ValueError):
        raise HashError("is cut off; make one with `pyjitsi hash-password`") from None
    return Hash(ln, r, p, salt, digest)


def make(password: str, ln: int = LN) -> Hash:
    """Hash a password; each step of ``ln`` doubles the cost.

    Raises ValueError for a password that nobody could type into a log-in page.
    """
    if not password or len(password) > LONGEST_PASSWORD:
        raise ValueError(f"a password has from 1 to {LONGEST_PASSWORD} characters")
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in password):
        raise ValueError("a password holds no control characters")
    empty = Hash(ln, R, P, secrets.token_bytes(16), bytes(32))
    return Hash(ln, R, P, empty.salt, _scrypt(password, empty))


NOBODYS = Hash(LN, R, P, bytes(16), bytes(32))  # tried where there is no such account: that must take as long


def prepared(password: str) -> str:
    """As XMPP sends it (SASLprep, RFC 4013): what two keyboards write differently is one password."""
    mapped = (" " if stringprep.in_table_c12(c) else "" if stringprep.in_table_b1(c) else c for c in password)
    return unicodedata.normalize("NFKC", "".join(mapped))


def _scrypt(password: str, like: Hash) -> bytes:
    n = 2**like.ln
    return hashlib.scrypt(
        prepared(password).encode(errors="surrogatepass"), salt=like.salt, n=n, r=like.r, p=like.p,
        maxmem=128 * like.r * (n + like.p + 2), dklen=len(like.digest),
    )  # fmt: skip


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
