"""``pyjitsi hash-password``: the hash of a password, for a file that an account names."""

import argparse
import getpass
import sys

from pyjitsi.rooms.auth import passwords
from pyjitsi.settings import SettingsError


def add_to(_parser: argparse.ArgumentParser) -> None:
    """No options: a password on a command line would be everybody's."""


def main(_options: argparse.Namespace) -> int:
    """Ask twice, or read the first line of what is piped in; print the hash. Raises SettingsError."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise SettingsError("the two differ; nothing was made")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        print(passwords.make(password))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return 0
