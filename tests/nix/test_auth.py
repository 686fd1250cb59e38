"""Who may enter, as options: what the services are given, and what is refused with a word of help."""

import json
import re
from pathlib import Path

import pytest

from tests.nix.nix import ROOT, Nix

EXAMPLE = f"{{ imports = [ {ROOT / 'nix' / 'templates' / 'examples' / 'jwt.nix'} ]; }}"


def host(text: str) -> str:
    """A server with something below services.meet.auth.jwt."""
    return f'{{ services.meet = {{ enable = true; hostName = "meet.example.org"; auth.jwt = {{ {text} }}; }}; }}'


def test_the_room_services_get_the_secret_as_a_credential(nix: Nix) -> None:
    unit = nix.evaluate(EXAMPLE, "units")["meet-rooms"]
    assert "LoadCredential=auth__jwt__secret:/run/secrets/meet-jwt\n" in unit
    assert "IPAddressDeny=any\n" in unit
    files = {path.name.split("-", 1)[1]: path.read_text() for path in nix.build(EXAMPLE, "unitFiles")}

    def config(name: str) -> str:
        (file,) = re.findall(r"--config (\S+)", files[f"meet-{name}.service"])
        return Path(file).read_text()

    jwt = json.loads(config("rooms"))["auth"]["jwt"]
    assert (jwt["app_id"], jwt["audiences"]) == ("my_app", ["jitsi"])
    assert json.loads(config("focus"))["auto_owner"] is False
    assert json.loads(config("web"))["config"] == {
        "tokenAuthUrl": "https://portal.example.org/meet?room={room}",
        "tokenLogoutUrl": "https://portal.example.org/logout",
        "accounts": {"required": True},
    }
    assert "meet_login_asks = true" in config("prosody")


def test_a_key_server_may_be_reached(nix: Nix) -> None:
    text = host('enable = true; appId = "a"; keyServer = "https://keys.example.org";')
    assert nix.evaluate(text, "failed") == []
    assert "IPAddressDeny" not in nix.evaluate(text, "units")["meet-rooms"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('enable = true; secretFile = "/s";', "auth.jwt.appId must be the issuer"),
        ('enable = true; appId = "a";', "exactly one of secretFile, keyServer and jwksUrl"),
        ('enable = true; appId = "a"; secretFile = "/s"; keyServer = "https://k";', "exactly one of"),
    ],
)
def test_what_does_not_fit_is_refused(nix: Nix, text: str, message: str) -> None:
    assert any(message in each for each in nix.evaluate(host(text), "failed"))


MATRIX = f"{{ imports = [ {ROOT / 'nix' / 'templates' / 'examples' / 'matrix.nix'} ]; }}"


def test_entry_with_matrix_accounts_reaches_all_who_take_part_in_it(nix: Nix) -> None:
    unit = nix.evaluate(MATRIX, "units")["meet-rooms"]
    assert "LoadCredential=auth__matrix__synapse_token:/run/secrets/meet-synapse\n" in unit
    assert "verification_token" not in unit
    assert "IPAddressDeny" not in unit
    files = {path.name.split("-", 1)[1]: path.read_text() for path in nix.build(MATRIX, "unitFiles")}

    def config(name: str) -> str:
        (file,) = re.findall(r"--config (\S+)", files[f"meet-{name}.service"])
        return Path(file).read_text()

    matrix = json.loads(config("rooms"))["auth"]["matrix"]
    assert matrix["homeservers"] == {"example.org": "https://matrix.example.org"}
    assert matrix["synapse_url"] == "http://127.0.0.1:8008"
    assert "synapse_token" not in matrix
    web = json.loads(config("web"))
    assert (web["matrix"], web["embedders"]) == (True, ["element.example.org"])
    assert json.loads(config("focus"))["auto_owner"] is False
    assert "meet_login_asks = true" in config("prosody")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('verificationService.url = "http://u";', "homeservers must name the servers"),
        ("homeservers.a = null;", "exactly one of synapse.url and verificationService.url"),
        ('homeservers.a = null; synapse.url = "http://s";', "url and tokenFile together"),
    ],
)
def test_matrix_servers_that_do_not_fit_are_refused(nix: Nix, text: str, message: str) -> None:
    settings = f'enable = true; hostName = "m.example.org"; auth.matrix = {{ enable = true; {text} }};'
    assert any(message in each for each in nix.evaluate(f"{{ services.meet = {{ {settings} }}; }}", "failed"))


OIDC = f"{{ imports = [ {ROOT / 'nix' / 'templates' / 'examples' / 'oidc.nix'} ]; }}"


def provider(text: str) -> str:
    """A server with something below services.meet.auth.oidc."""
    return f'{{ services.meet = {{ enable = true; hostName = "meet.example.org"; auth.oidc = {{ {text} }}; }}; }}'


def test_log_in_at_a_provider_reaches_all_who_take_part_in_it(nix: Nix) -> None:
    unit = nix.evaluate(OIDC, "units")["meet-rooms"]
    assert "LoadCredential=auth__oidc__client_secret:/run/secrets/meet-oidc\n" in unit
    assert "StateDirectory=meet-rooms\n" in unit
    assert "StateDirectoryMode=0700\n" in unit
    assert "IPAddressDeny" not in unit
    files = {path.name.split("-", 1)[1]: path.read_text() for path in nix.build(OIDC, "unitFiles")}

    def config(name: str) -> str:
        (file,) = re.findall(r"--config (\S+)", files[f"meet-{name}.service"])
        return Path(file).read_text()

    rooms = json.loads(config("rooms"))
    assert rooms["state_directory"] == "/var/lib/meet-rooms"
    assert rooms["auth"]["oidc"]["public_url"] == "https://meet.example.org"
    assert rooms["auth"]["oidc"]["moderator_groups"] == ["staff"]
    assert "client_secret" not in rooms["auth"]["oidc"]
    assert json.loads(config("web"))["accounts"] == {"url": "http://127.0.0.1:8890", "required": True}
    assert json.loads(config("focus"))["auto_owner"] is False
    assert "meet_login_asks = true" in config("prosody")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("enable = true;", "auth.oidc.issuer must be the address"),
        ('enable = true; issuer = "http://id.example.org";', "begin with https://"),
        ('enable = true; issuer = "https://id"; scopes = [ "profile" ];', "scopes must have openid"),
    ],
)
def test_a_provider_that_does_not_fit_is_refused(nix: Nix, text: str, message: str) -> None:
    assert any(message in each for each in nix.evaluate(provider(text), "failed"))
