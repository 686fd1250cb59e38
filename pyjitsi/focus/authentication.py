"""Log-ins as the focus knows them (1-signalling.md section 2.4), without sockets or clocks.

Who asks from the domain on which people log in has logged in, and gets a session id for the anonymous connection on
which it meets the others. The id carries what it stands for, sealed with a key made of the component's secret: a focus
that comes back knows the ids that it gave, and none has to be kept. What is kept is which ids were given up.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

from pyjitsi.focus.settings import AuthenticationSettings
from pyjitsi.xmpp.stanzas.conference import ConferenceRequest, Login, session_invalid
from pyjitsi.xmpp.stanzas.errors import StanzaError

LONGEST_ID = 16_384
KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a request's answer says of who asked; without ``identity`` nobody has logged in."""

    identity: str | None = None
    moderator: bool = False
    session_id: str | None = None
    login: Login | None = None  # for who shows a session id: the server knows this connection as a guest's


@dataclass(frozen=True, slots=True)
class _Session:
    serial: str
    identity: str
    moderator: bool
    proof: str
    machine: str
    ends: float


class Authentication:
    """See the module's text. ``now`` in seconds of the epoch."""

    def __init__(self, settings: AuthenticationSettings, secret: str) -> None:
        self.guests: bool = settings.guests
        self._domain: str = settings.login_domain
        self._lifetime: float = settings.lifetime_hours * 3600
        self._key: bytes = hmac.digest(secret.encode(), b"pyjitsi focus session ids", "sha256")
        self._hosts: OrderedDict[str, str] = OrderedDict()  # full JID to serial
        self._given_up: OrderedDict[str, float] = OrderedDict()  # serial to when it would have ended

    def admit(self, request: ConferenceRequest, requester: str, now: float) -> Admitted:
        """Who asks. Raises StanzaError for a session id that is not, or no longer, good."""
        session, login = None, None
        if request.session_id:
            session = self._open(request.session_id, now)
            if session is None:
                raise StanzaError("not-acceptable", "error 400 invalid-session", session_invalid())
            if not hmac.compare_digest(session.machine, _machine(request.machine_uid or "")):
                raise StanzaError("not-acceptable", "machine-uid is not the one that logged in")
        bare = requester.partition("/")[0]
        if bare.partition("@")[2] == self._domain:
            # What this connection proved counts, whatever id it shows.
            session = self._new(request, bare, now)
        elif session is not None:
            login = Login(session.proof, session.moderator) if session.proof else None
        if session is None:
            return Admitted()
        if session.moderator and requester:
            self._hosts[requester] = session.serial
            self._hosts.move_to_end(requester)
            if len(self._hosts) > KEPT:
                self._hosts.popitem(last=False)
        return Admitted(session.identity, session.moderator, self._seal(session), login)

    def is_host(self, jid: str) -> bool:
        """Whether a full JID has logged in, and moderates."""
        return jid in self._hosts

    def log_out(self, session_id: str, requester: str, now: float) -> bool:
        """Give an id up; False for one that is not good. Who is a moderator of a room stays it there."""
        session = self._open(session_id, now)
        if session is None:
            return False
        self._hosts.pop(requester, None)
        self._given_up[session.serial] = session.ends
        while len(self._given_up) > KEPT or next(iter(self._given_up.values())) <= now:
            self._given_up.popitem(last=False)
        return True

    def _new(self, request: ConferenceRequest, identity: str, now: float) -> _Session:
        if not request.machine_uid:
            raise StanzaError("not-acceptable", "the attribute machine-uid is missing")
        proved = request.login
        return _Session(
            secrets.token_hex(8), identity, proved is None or proved.moderator, "" if proved is None else proved.proof,
            _machine(request.machine_uid), now + self._lifetime,
        )  # fmt: skip

    # Ids.

    def _seal(self, session: _Session) -> str:
        fields = [session.serial, session.identity, session.moderator, session.proof, session.machine, session.ends]
        body = _b64(json.dumps(fields, separators=(",", ":")).encode())
        return f"{body}.{_b64(hmac.digest(self._key, body.encode(), 'sha256'))}"

    def _open(self, text: str, now: float) -> _Session | None:
        body, _, seal = text.partition(".")
        try:
            shown = base64.urlsafe_b64decode(seal + "=" * (-len(seal) % 4))
            good = len(text) <= LONGEST_ID and hmac.compare_digest(
                hmac.digest(self._key, body.encode(), "sha256"), shown
            )
        except (binascii.Error, ValueError):
            return None
        if not good:
            return None
        fields = cast(list[Any], json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
        session = _Session(*fields)
        return None if session.ends <= now or session.serial in self._given_up else session


def _machine(uid: str) -> str:
    return hashlib.sha256(uid.encode(errors="replace")).hexdigest()[:32]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
