"""A log-in on its way through the browser, without sockets: what is sealed into a cookie, and where it leads.

Code injection is met by PKCE (RFC 7636) and the nonce, forged answers by the state, which opens only the cookie of the
same browser; mixed-up providers by ``iss`` (RFC 9207). Where to go afterwards is made of a room's checked name, so
there is no address that an attacker could give.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode

from cryptography.fernet import Fernet, InvalidToken

from pyjitsi.rooms.auth.oidc.errors import LoginError
from pyjitsi.rooms.auth.oidc.provider import Description
from pyjitsi.rooms.auth.oidc.settings import OidcSettings

PART = re.compile(r"(?!\.{1,2}\Z)[^\s/\\?&:'\"<>@%#\x00-\x1f\x7f]{1,200}")
OVERRIDE = re.compile(r"(?:config|interfaceConfig)\.[A-Za-z0-9_.]{1,100}")
SECONDS = 600  # from the first page to the last; people look for their telephone in between
LONGEST_OVERRIDES = 1024
APPS = {"android": "org.jitsi.meet:", "ios": "org.jitsi.meet:", "electron": "jitsi-meet:"}


@dataclass(frozen=True, slots=True)
class Pending:
    """A log-in that was begun. ``place`` is (tenant, room), (room,), or empty for the front page."""

    state: str
    nonce: str
    verifier: str
    place: tuple[str, ...]
    handover: bool = False  # an unmodified client takes the token out of the address
    app: str | None = None
    overrides: dict[str, str] = field(default_factory=dict[str, str])

    def seal(self, key: bytes, now: float) -> str:
        """As a cookie's value, which its bearer can neither read nor change."""
        return Fernet(key).encrypt_at_time(json.dumps(asdict(self)).encode(), int(now)).decode()


def unseal(text: str, key: bytes, state: str, now: float) -> Pending:
    """The log-in of that state. Raises LoginError."""
    try:
        fields = json.loads(Fernet(key).decrypt_at_time(text.encode(), SECONDS, int(now)))
    except (InvalidToken, ValueError):
        raise LoginError("expired", "the log-in was begun too long ago") from None
    fields["place"] = tuple(fields["place"])
    found = Pending(**fields)
    if found.state != state:
        raise LoginError("expired", "the log-in was begun by another page")
    return found


def place_of(room: str, tenant: str = "") -> tuple[str, ...]:
    """Where to go back to; nowhere but the front page for what is no room. ``room`` may be ``tenant/room``."""
    parts = ([tenant] if tenant else []) + room.removeprefix("/").split("/")
    if len(parts) > 2 or not all(PART.fullmatch(each) for each in parts):
        return ()
    return tuple(parts)


def client_state(text: str) -> tuple[str, str | None, dict[str, str]]:
    """Tenant, app and overrides of the ``state`` that Jitsi's clients put into tokenAuthUrl; empty for what isn't."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "", None, {}
    if not isinstance(found, dict):
        return "", None, {}
    fields = cast(dict[str, Any], found)
    app = next((name for name in APPS if fields.get(name) in (True, "true")), None)
    overrides = {
        name: json.dumps(value)
        for name, value in fields.items()
        if OVERRIDE.fullmatch(name) and isinstance(value, str | int | float | bool)
    }
    if sum(len(name) + len(value) for name, value in overrides.items()) > LONGEST_OVERRIDES:
        overrides = {}
    tenant = fields.get("tenant")
    return tenant if isinstance(tenant, str) else "", app, overrides


def authorization_url(description: Description, settings: OidcSettings, pending: Pending, *, fresh: bool) -> str:
    """Where the browser is sent. ``fresh``: the provider asks for the password though somebody is logged in there."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri(settings),
        "scope": " ".join(settings.scopes),
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"prompt": "login"} if fresh else {}),
    }
    return _with_query(description.authorization, query)


def redirect_uri(settings: OidcSettings) -> str:
    """Where the provider sends the browser back to."""
    return f"{settings.public_url}/oidc/callback"


def code_of(query: Mapping[str, str], description: Description) -> str:
    """The code that the provider's answer carries. Raises LoginError."""
    if (said := query.get("iss")) != description.issuer and (said is not None or description.says_issuer):
        raise LoginError("refused", "the answer is another provider's (iss)")
    if "error" in query:
        error = query["error"][:100]
        code = "unavailable" if error in ("server_error", "temporarily_unavailable") else "refused"
        raise LoginError(code, f"the provider refuses: {error!r}")
    code = query.get("code", "")
    if not 0 < len(code) <= 4096:
        raise LoginError("refused", "the answer has no code")
    return code


def back(settings: OidcSettings, pending: Pending, token: str | None) -> str:
    """The address of the room; with the token where an unmodified client wants it. A fragment reaches no server."""
    address = page(settings, pending.place)
    if not pending.handover or token is None:
        return address
    fragment = urlencode({"jwt": json.dumps(token), **pending.overrides}, quote_via=quote)
    if pending.app is not None:
        address = APPS[pending.app] + address.partition(":")[2]
    return f"{address}#{fragment}"


def page(settings: OidcSettings, place: tuple[str, ...], error: str | None = None) -> str:
    """A page of ours; ``error`` is for the client to put in words."""
    path = "/".join(quote(each, safe="") for each in place)
    return f"{settings.public_url}/{path}" + (f"#login-error={error}" if error is not None else "")


def log_out_url(description: Description, settings: OidcSettings, id_token: str | None) -> str:
    """The provider's page of RP-Initiated Logout 1.0; ours where it has none."""
    home = f"{settings.public_url}/"
    if description.end_session is None:
        return home
    query = {"post_logout_redirect_uri": home, "client_id": settings.client_id}
    if id_token is not None:
        query["id_token_hint"] = id_token
    return _with_query(description.end_session, query)


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
