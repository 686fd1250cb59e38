"""The options: complete documentation, settings that are the services' own, and a word of help for each mistake."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyjitsi.settings import MODELS
from tests.nix.nix import ROOT, Nix, NixError

TWO_LINES = '{ services.meet = { enable = true; hostName = "meet.example.org"; }; }'


def meet(text: str) -> str:
    """The two lines and something more below services.meet."""
    return f'{{ services.meet = {{ enable = true; hostName = "meet.example.org"; {text} }}; }}'


def alone(text: str) -> str:
    """Something below services.meet on a host that is no meeting server."""
    return f'{{ services.meet = {{ hostName = "meet.example.org"; {text} }}; }}'


def test_two_lines_are_enough(nix: Nix) -> None:
    assert nix.evaluate(TWO_LINES, "failed") == []
    units = nix.evaluate(TWO_LINES, "units")
    assert set(units) == {
        f"meet-{name}"
        for name in ("bridge", "bridge-2", "bridge-handover", "focus", "prosody", "rooms", "secrets", "tls", "web")
    }
    (warning,) = nix.evaluate(TWO_LINES, "warnings")
    assert "security.acme.acceptTerms = true" in warning


def test_nothing_happens_before_it_is_enabled(nix: Nix) -> None:
    for attribute in ("units", "etc", "nginx", "caddy"):
        assert nix.evaluate("{ }", attribute) == {}
    assert nix.evaluate("{ }", "firewall")["allowedUDPPorts"] == []


@pytest.mark.parametrize("service", MODELS)
def test_the_committed_schema_is_the_services_own(service: str) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "pyjitsi.cli", "schema", service], capture_output=True, text=True, check=True
    ).stdout
    file = ROOT / "modules" / "settings" / f"{service}.json"
    assert json.loads(file.read_text()) == json.loads(printed), f"run: pyjitsi schema {service} > {file}"


def test_every_option_is_documented(nix: Nix) -> None:
    options = nix.evaluate(TWO_LINES, "docs")
    assert len(options) > 120
    lacking = [
        (option["name"], part)
        for option in options
        for part in ("type", "default", "example", "description")
        if option[part] is None and not (part == "default" and option["name"] in REQUIRED)
        if not (part == "example" and ".settings." in option["name"])
    ]
    assert lacking == []
    unfinished = [option["name"] for option in options if not option["description"].rstrip().endswith((".", "off"))]
    assert unfinished == []


REQUIRED = {
    "services.meet.hostName",
    "services.meet.bridges.<name>.address",
    "services.meet.auth.accounts.<name>.hashedPasswordFile",
}


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (meet('tls.certFile = "/a.pem";'), "tls.certFile and services.meet.tls.keyFile belong together"),
        (meet("tls.acme = true; tls.selfSigned = true;"), "choose one of acme, selfSigned, and certFile"),
        (meet("tls.acme = true; nginx.enable = false;"), "works through nginx"),
        (
            '{ services.meet = { enable = true; hostName = "localhost"; tls.acme = true; }; }',
            "can't get a certificate by ACME",
        ),
        (meet("secrets.generate = false;"), "services.meet.focus.secretFile must be set"),
        (meet("secrets.generate = false;"), "services.meet.roomServices.secretFile must be set"),
        (meet("secrets.generate = false;"), "services.meet.bridges.host.passwordFile must be set"),
        (meet("nginx.enable = true; caddy.enable = true;"), "exclude each other"),
        (meet("web.enable = false;"), "services.meet.nginx.enable needs services.meet.web.enable"),
        (meet("web.enable = false; nginx.enable = false; caddy.enable = true;"), "caddy.enable needs"),
        (meet("tls.selfSigned = false;"), "services.meet.nginx.enable needs a certificate"),
        (
            meet("focus.enable = false;"),
            "web.enable needs services.meet.prosody.enable, services.meet.focus.enable and",
        ),
        (meet("roomServices.enable = false;"), "services.meet.roomServices.enable on the same host"),
        (alone("roomServices.enable = true;"), "the room services are a component of Prosody"),
        (alone("focus.enable = true;"), "that protocol has no TLS"),
        (alone("bridge.enable = true;"), "services.meet.xmpp.host must name the meeting server"),
        (alone('bridge.enable = true; xmpp.host = "10.0.0.1";'), "bridge.passwordFile must be set"),
        (meet('bridge.passwordFile = "/run/p";'), "set services.meet.bridges.host.passwordFile"),
        (meet('bridge.nat.publicAddresses = [ "203.0.113.7" ];'), "they have 1 and 0"),
        (meet('bridges.eu1.address = "10.0.0.11";'), "listenAddresses must have an address that the bridges eu1"),
        (
            meet('nginx.enable = false; prosody.listenAddresses = [ "10.0.0.1" ];'),
            "listenAddresses needs a certificate",
        ),
        (meet('xmpp.host = "10.0.0.9";'), "names another host, yet"),
        (
            meet(
                'prosody.listenAddresses = [ "10.0.0.1" ];'
                ' bridges = { a.address = "10.0.0.2"; b.address = "10.0.0.2"; };'
            ),
            "two bridges have the same address",
        ),
        (meet('bridges."a.b".address = "127.0.0.1"; bridges."a.b".httpPort = 1;'), "a bridge's name has"),
        (alone("turn.enable = true;"), "turn.enable needs services.meet.prosody.enable"),
        (meet("turn.enable = true; turn.relayPorts.from = 60000; turn.relayPorts.to = 50000;"), "from is above to"),
        (
            "{ imports = [ (" + meet("turn.enable = true;") + ") ]; services.coturn.enable = true; }",
            "turn.port must be another than 3478",
        ),
        (meet("metrics.prometheus = true;"), "needs services.prometheus.enable"),
        (
            alone(
                'bridge = { enable = true; passwordFile = "/run/p"; settings.xmpp.security = lib.mkForce "disabled"; };'
                ' xmpp = { host = "10.0.0.1"; caFile = "/ca"; };'
            ),
            'must stay "required"',
        ),
    ],
)
def test_each_assertion_says_what_to_do(nix: Nix, configuration: str, message: str) -> None:
    text = f"{{ lib, ... }}: {configuration}" if "lib." in configuration else configuration
    failed = nix.evaluate(text, "failed")
    assert any(message in each for each in failed), failed


@pytest.mark.parametrize(
    ("version", "warned"), [("0.12.3", True), ("0.12.6", False), ("13.0.4", True), ("13.0.5", False), ("14.0.0", False)]
)
def test_a_prosody_with_known_holes_is_warned_of(nix: Nix, version: str, warned: bool) -> None:
    package = f'pkgs.prosody // {{ version = "{version}"; }}'
    found = nix.evaluate(f"{{ pkgs, ... }}: {meet(f'prosody.package = {package};')}", "warnings")
    assert any(f"is Prosody {version}" in each for each in found) == warned


def test_a_server_without_bridges_is_warned_of(nix: Nix) -> None:
    assert any("there is no bridge" in each for each in nix.evaluate(meet("bridge.enable = false;"), "warnings"))


@pytest.mark.parametrize(
    ("configuration", "option"),
    [
        (meet("bridge.settings.udp_prot = 1;"), "services.meet.bridge.settings.udp_prot"),
        (meet("bridge.settings.max_endpoints = 0;"), "services.meet.bridge.settings.max_endpoints"),
        (meet('bridge.settings.log_level = "loud";'), "services.meet.bridge.settings.log_level"),
        (meet("focus.settings.initial_timeout_seconds = -1;"), "services.meet.focus.settings.initial_timeout_seconds"),
        (meet('focus.settings.xmpp.secret = "abc";'), "services.meet.focus.settings.xmpp.secret"),
        (meet("bridge.port = 70000;"), "services.meet.bridge.port"),
        (meet('prosody.settings.ice_servers = [ { type = "http"; host = "a"; port = 1; } ];'), "ice_servers"),
        ('{ services.meet = { enable = true; hostName = "Meet.example.org"; }; }', "services.meet.hostName"),
        (meet(f"bridges.b.passwordFile = {ROOT}/Makefile;"), "services.meet.bridges.b.passwordFile"),
        (meet('focus.secretFile = "secret";'), "services.meet.focus.secretFile"),
    ],
)
def test_a_wrong_setting_fails_at_evaluation_by_name(nix: Nix, configuration: str, option: str) -> None:
    assert option in nix.refusal(configuration, "unitFiles")


def test_a_secret_in_the_store_is_refused(nix: Nix) -> None:
    where = f'"{nix.folder}/store/00000000000000000000000000000000-secret"'
    assert "services.meet.focus.secretFile" in nix.refusal(meet(f"focus.secretFile = {where};"), "unitFiles")


def test_what_only_the_service_knows_to_be_wrong_fails_at_build_time(nix: Nix) -> None:
    with pytest.raises(NixError, match="isn't a number with b/s, kb/s or mb/s"):
        nix.build(meet('prosody.settings.client_rate = "fast";'), "unitFiles")


def test_every_setting_of_a_service_can_be_set(nix: Nix) -> None:
    text = meet('bridge.settings.max_endpoints = 7; web.config.p2p.enabled = true; logLevel = "debug";')
    for path in nix.build(text, "unitFiles"):
        for role, key, value in (("bridge", "max_endpoints", 7), ("web", "log_level", "debug")):
            if path.name.endswith(f"meet-{role}.service"):
                config = Path(path.read_text().split("--config ")[1].split()[0])
                assert json.loads(config.read_text())[key] == value


def test_a_bridge_elsewhere_verifies_its_server(nix: Nix) -> None:
    (file,) = (
        path
        for path in nix.build(
            alone('bridge = { enable = true; passwordFile = "/run/p"; }; xmpp.host = "10.0.0.1";'), "unitFiles"
        )
        if path.name.endswith("meet-bridge.service")
    )
    config = json.loads(Path(file.read_text().split("--config ")[1].split()[0]).read_text())
    assert (config["xmpp"]["security"], config["xmpp"]["server_name"]) == ("required", "meet.example.org")


def test_a_neighbouring_prosody_keeps_its_ports(nix: Nix) -> None:
    text = "{ imports = [ (" + TWO_LINES + ") ]; services.prosody.enable = true; }"
    (path,) = (each for each in nix.build(text, "unitFiles") if each.name.endswith("meet-prosody.service"))
    config = Path(path.read_text().split("--config ")[1].split()[0]).read_text()
    for line in ("c2s_ports = { 5322 }", "http_ports = { 5380 }", "component_ports = { 5447 }"):
        assert line in config


@pytest.mark.parametrize("role", ["web", "focus", "rooms", "bridge"])
def test_each_role_can_run_a_package_of_its_own(nix: Nix, role: str) -> None:
    before = nix.evaluate(TWO_LINES, "units")
    other = '(derivation { name = "other"; system = "x"; builder = "x"; }) // { meta.mainProgram = "pyjitsi"; }'
    option = "roomServices" if role == "rooms" else role
    after = nix.evaluate(meet(f"{option}.package = {other};"), "units")
    changed = {unit for unit in after if after[unit] != before[unit]}
    assert changed == {f"meet-{role}"} | ({"meet-bridge-2", "meet-bridge-handover"} if role == "bridge" else set())


def test_a_switch_leaves_the_bridge_alone_and_hands_it_over(nix: Nix) -> None:
    switching = nix.evaluate(TWO_LINES, "switching")
    assert not switching["meet-bridge"]["restartIfChanged"]
    assert not switching["meet-bridge-2"]["restartIfChanged"]
    assert switching["meet-bridge-handover"]["restartIfChanged"]
    handover = "meet-bridge-handover"
    same = nix.evaluate(TWO_LINES, f"units.{handover}")
    other_web = nix.evaluate(meet('web.branding.appName = "Town Hall";'), f"units.{handover}")
    other_bridge = nix.evaluate(meet("bridge.settings.max_endpoints = 7;"), f"units.{handover}")
    assert same == other_web
    assert same != other_bridge
