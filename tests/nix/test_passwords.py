"""Accounts with passwords, as options: what each service is given, and that no hash is in the store."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.nix.nix import ROOT, Nix

EXAMPLES = ROOT / "nix" / "templates" / "examples"
ACCOUNTS = f"{{ imports = [ {EXAMPLES / 'accounts.nix'} ]; }}"


def host(text: str) -> str:
    """A server with something below services.meet.auth."""
    return f'{{ services.meet = {{ enable = true; hostName = "meet.example.org"; auth = {{ {text} }}; }}; }}'


def configs(nix: Nix, module: str) -> dict[str, Any]:
    """Each service's settings, and Prosody's configuration as text."""
    files = {path.name.split("-", 1)[1]: path.read_text() for path in nix.build(module, "unitFiles")}
    found: dict[str, Any] = {}
    for name in ("rooms", "focus", "web", "prosody"):
        (file,) = re.findall(r"--config (\S+)", files[f"meet-{name}.service"])
        text = Path(file).read_text()
        found[name] = text if name == "prosody" else json.loads(text)
    return found


def test_every_service_knows_that_people_log_in(nix: Nix) -> None:
    unit = nix.evaluate(ACCOUNTS, "units")["meet-rooms"]
    assert "LoadCredential=account-ada:/run/secrets/meet-ada\n" in unit
    assert "LoadCredential=account-bob:/run/secrets/meet-bob\n" in unit
    assert "IPAddressDeny=any\n" in unit
    found = configs(nix, ACCOUNTS)
    ada = {"password_hash_file": "account-ada", "name": "Ada Lovelace", "email": "", "moderator": True}
    assert found["rooms"]["auth"]["accounts"]["ada"] == ada
    assert found["rooms"]["auth"]["accounts"]["bob"]["moderator"] is False
    assert found["focus"]["authentication"]["login_domain"] == "meet.example.org"
    assert found["web"]["passwords"] == {"guests": True}
    assert 'VirtualHost ("guest.meet.example.org")' in found["prosody"]
    assert 'authentication = "meet_passwords"' in found["prosody"]


def test_without_accounts_nobody_logs_in(nix: Nix) -> None:
    found = configs(nix, host(""))
    assert "authentication" not in found["focus"]
    assert "guest." not in found["prosody"]


def test_members_only(nix: Nix) -> None:
    found = configs(nix, host('guests = false; accounts.ada.hashedPasswordFile = "/run/ada";'))
    assert found["rooms"]["auth"]["guests"] is False
    assert found["focus"]["authentication"]["guests"] is False
    assert found["web"]["passwords"] == {"guests": False}


def test_tokens_and_passwords_are_two_ways(nix: Nix) -> None:
    text = 'accounts.ada.hashedPasswordFile = "/run/ada"; jwt = { enable = true; appId = "a"; secretFile = "/s"; };'
    assert any("one way or the other" in each for each in nix.evaluate(host(text), "failed"))


def test_a_hash_is_not_taken_from_the_store(nix: Nix) -> None:
    assert "hashedPasswordFile" in nix.refusal(host("accounts.ada.hashedPasswordFile = ./ada;"))


LDAP = f"{{ imports = [ {EXAMPLES / 'ldap.nix'} ]; }}"


def test_a_directory_may_be_asked_with_a_password_from_a_credential(nix: Nix) -> None:
    unit = nix.evaluate(LDAP, "units")["meet-rooms"]
    assert "LoadCredential=ldap-password:/run/secrets/meet-ldap\n" in unit
    assert "IPAddressDeny" not in unit
    ldap = configs(nix, LDAP)["rooms"]["auth"]["ldap"]
    assert ldap["urls"] == ["ldap://ldap.example.org", "ldap://ldap2.example.org"]
    assert (ldap["bind_dn"], ldap["bind_password_file"]) == (
        "cn=meet,ou=services,dc=example,dc=org",
        "ldap-password",
    )
    assert (ldap["moderator_groups"], ldap["id_attribute"]) == (["cn=staff,ou=groups,dc=example,dc=org"], "uid")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ldap.enable = true;", "needs urls of its servers"),
        ('ldap = { enable = true; urls = [ "ldap://l" ]; base = "x"; bindDn = "cn=x"; };', "belong together"),
    ],
)
def test_what_a_directory_needs_is_said(nix: Nix, text: str, message: str) -> None:
    assert any(message in each for each in nix.evaluate(host(text), "failed"))
