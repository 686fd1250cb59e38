"""Who is logged in here: a table that outlives a restart. A stolen file opens nothing here, as it has only hashes of
the cookies; it does hold the provider's refresh tokens, so it is its owner's alone."""

import hashlib
import json
import os
import secrets
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

from pyjitsi.rooms.auth.oidc.account import Account

SCHEMA = "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, ends REAL NOT NULL, data TEXT NOT NULL)"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody logged in; times in seconds of the epoch. ``look_again`` is when the provider is asked once more."""

    account: Account
    ends: float
    look_again: float
    refresh: str | None = None
    id_token: str | None = None


class Sessions:
    """The table, in a file or in memory."""

    def __init__(self, file: Path | None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        self._table: sqlite3.Connection = sqlite3.connect(file or ":memory:", isolation_level=None)
        self._table.execute("PRAGMA journal_mode=WAL")
        self._table.execute("PRAGMA synchronous=NORMAL")
        self._table.execute(SCHEMA)

    def add(self, session: Session, now: float) -> str:
        """A new session's cookie value. Those that have ended go."""
        self._table.execute("DELETE FROM sessions WHERE ends <= ?", (now,))
        cookie = secrets.token_urlsafe(32)
        self.put(cookie, session)
        return cookie

    def put(self, cookie: str, session: Session) -> None:
        """Keep a session as it is now."""
        row = _hash(cookie), session.ends, json.dumps(asdict(session))
        self._table.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", row)

    def get(self, cookie: str, now: float) -> Session | None:
        """The session of a cookie that is still good."""
        found = self._table.execute("SELECT data FROM sessions WHERE id = ? AND ends > ?", (_hash(cookie), now))
        row = found.fetchone()
        if row is None:
            return None
        fields = json.loads(row[0])
        fields["account"] = Account(**fields["account"])
        return Session(**fields)

    def remove(self, cookie: str) -> None:
        """Forget one."""
        self._table.execute("DELETE FROM sessions WHERE id = ?", (_hash(cookie),))

    def close(self) -> None:
        """Close the file."""
        self._table.close()


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
