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
    """A file is read at each log-in, so that a password changes with it.

    Nobody's account takes as long as somebody's, so that no clock finds one out; but those who try names that
    don't exist wait for each other alone. Where a directory is asked next (``alone`` false) its people don't wait.
    """

    def __init__(self, accounts: Mapping[str, AccountSettings], *, alone: bool = True) -> None:
        self._accounts: Mapping[str, AccountSettings] = accounts
        self._alone: bool = alone
        self._hashing: asyncio.Semaphore = asyncio.Semaphore(AT_ONCE)
        self._pretending: asyncio.Semaphore = asyncio.Semaphore(1)

    async def check(self, name: str, password: str) -> Person | None:
        """See ``Accounts``."""
        account = self._accounts.get(name)
        expected = None if account is None else self._hash(name, account)
        if account is None or expected is None:
            if self._alone:
                async with self._pretending:
                    await asyncio.to_thread(passwords.NOBODYS.fits, password)
            return None
        async with self._hashing:
            fits = await asyncio.to_thread(expected.fits, password)
        return Person(name, account.name, account.email, account.moderator) if fits else None

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
