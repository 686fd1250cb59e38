"""Accounts that an admin declares, each with the hash of its password in a file of its own."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from pyjitsi.rooms.auth import passwords
from pyjitsi.rooms.auth.person import Person
from pyjitsi.rooms.auth.settings import AccountSettings
from pyjitsi.settings import credential

log = structlog.get_logger("rooms")

AT_ONCE = 2  # each hash takes 32 MiB


class DeclaredAccounts:
    """A file is read at each log-in, so that a password changes with it."""

    def __init__(self, accounts: Mapping[str, AccountSettings]) -> None:
        self._accounts: Mapping[str, AccountSettings] = accounts
        self._hashing: asyncio.Semaphore = asyncio.Semaphore(AT_ONCE)

    async def check(self, name: str, password: str) -> Person | None:
        """See ``Accounts``; nobody's account takes as long as somebody's."""
        account = self._accounts.get(name)
        expected = None if account is None else self._hash(name, account)
        async with self._hashing:
            fits = await asyncio.to_thread((expected or passwords.NOBODYS).fits, password)
        if account is None or expected is None or not fits:
            return None
        return Person(name, account.name, account.email, account.moderator)

    async def stop(self) -> None:
        """Nothing to end."""

    def _hash(self, name: str, account: AccountSettings) -> passwords.Hash | None:
        path: Path = credential(account.password_hash_file)
        try:
            return passwords.read(path.read_text().split("\n", 1)[0])
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            log.error("an account can't be used", account=name, file=str(path), reason=reason)
            return None
