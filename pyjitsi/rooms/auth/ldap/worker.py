"""A process that asks one directory at a time: a line of JSON in, a line out. It may hang, and is killed then.

In: ``{settings, url, name, password}``. Out: ``{person: {…} | null}``, or ``{error}`` where nobody can tell.
"""

import json
import signal
import sys
from typing import Any

import bonsai
from bonsai import LDAPClient, LDAPEntry, LDAPSearchScope
from bonsai.ldapconnection import LDAPConnection

from pyjitsi.rooms.auth.ldap.settings import LdapSettings
from pyjitsi.settings import credential

Json = dict[str, Any]
UNREACHED = (-1, -11)  # LDAP_SERVER_DOWN, LDAP_CONNECT_ERROR


class Trouble(Exception):
    """Nobody can tell whether the password is right; the text says why."""


def filled(template: str, name: str, dn: str = "") -> str:
    """A filter with what ``%u`` and ``%d`` stand for; neither can add to it (RFC 4515 section 3)."""
    values = {"%u": bonsai.escape_filter_exp(name), "%d": bonsai.escape_filter_exp(dn)}
    parts = template.split("%")
    return parts[0] + "".join(values.get(f"%{each[:1]}", f"%{each[:1]}") + each[1:] for each in parts[1:])


def check(settings: LdapSettings, url: str, name: str, password: str) -> Json | None:
    """Who that is, None for nobody. Raises Trouble."""
    try:
        with _connect(settings, url, settings.bind_dn, _bind_password(settings)) as connection:
            found = _one(settings, connection, name)
            if found is None:
                return None
            moderator = not settings.moderator_groups or _is_member(settings, connection, name, str(found.dn))
    except bonsai.AuthenticationError as error:
        raise Trouble(f"{url} refuses the bind account {settings.bind_dn or '(anonymous)'}: {error}") from None
    except bonsai.LDAPError as error:
        raise Trouble(f"{url}: {error}{_hint(settings, url, error)}") from None
    try:
        _connect(settings, url, str(found.dn), password).close()
    except bonsai.AuthenticationError:
        return None
    except bonsai.LDAPError as error:
        raise Trouble(f"{url}: {error}") from None
    return {
        "id": (_text(found, settings.id_attribute) if settings.id_attribute else "") or name,
        "name": _text(found, settings.name_attribute),
        "email": _text(found, settings.email_attribute),
        "moderator": moderator,
    }


def _hint(settings: LdapSettings, url: str, error: bonsai.LDAPError) -> str:
    """libldap has few words for a certificate that it doesn't like."""
    encrypted = url.startswith("ldaps:") or (settings.start_tls and url.startswith("ldap:"))
    if not encrypted or error.code not in UNREACHED:
        return ""
    trusted = "the system's authorities" if settings.ca_file is None else str(settings.ca_file)
    return f" (if the server is there: is its certificate for this name, and signed by {trusted}?)"


def _connect(settings: LdapSettings, url: str, dn: str | None, password: str | None) -> LDAPConnection:
    client = LDAPClient(url, tls=settings.start_tls and url.startswith("ldap://"))
    client.set_cert_policy("demand")
    if settings.ca_file is not None:
        client.set_ca_cert(str(settings.ca_file))
    client.set_ignore_referrals(True)  # they might lead anywhere
    if dn is not None:
        # RFC 4513 section 5.1.2: with an empty password a server lets anybody in, as nobody.
        if not password:
            raise Trouble(f"the password of {dn} is empty")
        client.set_credentials("SIMPLE", user=dn, password=password)
    return client.connect(timeout=settings.timeout_seconds)  # pyright: ignore[reportReturnType]


def _bind_password(settings: LdapSettings) -> str | None:
    if settings.bind_password_file is None:
        return None
    path = credential(settings.bind_password_file)
    try:
        return path.read_text().split("\n", 1)[0]
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"the bind account's password in {path} can't be read: {error}") from None


def _one(settings: LdapSettings, connection: LDAPConnection, name: str) -> LDAPEntry | None:
    wanted = [settings.name_attribute, settings.email_attribute, *filter(None, [settings.id_attribute])]
    found = connection.search(
        settings.base, LDAPSearchScope.SUBTREE, filled(settings.filter, name), wanted,
        timeout=settings.timeout_seconds, sizelimit=2,
    )  # fmt: skip
    if len(found) > 1:
        raise Trouble(f"several entries below {settings.base} match {settings.filter} for {name}")
    return found[0] if found else None


def _is_member(settings: LdapSettings, connection: LDAPConnection, name: str, dn: str) -> bool:
    query, limit = filled(settings.group_filter, name, dn), settings.timeout_seconds
    return any(
        connection.search(group, LDAPSearchScope.BASE, query, ["1.1"], timeout=limit)
        for group in settings.moderator_groups
    )


def _text(entry: LDAPEntry, attribute: str) -> str:
    values = entry.get(attribute) or [""]
    return str(values[0])[:254]


def answer(line: str) -> Json:
    """The answer to one line."""
    asked = json.loads(line)
    try:
        settings = LdapSettings.model_validate(asked["settings"])
        return {"person": check(settings, asked["url"], asked["name"], asked["password"])}
    except Trouble as trouble:
        return {"error": str(trouble)}


def main() -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which closes our input
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
