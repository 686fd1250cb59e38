"""Every example and template: it evaluates, asserts nothing, and its units stand up to systemd's own judgement."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.nix.examples import files, host
from tests.nix.nix import Nix

EXPOSURE = 15  # tenths, as --threshold has them
# Newer than the oldest systemd that these tests run on; NixOS has them all.
NEWER_KEYS = ("RestartMaxDelaySec", "RestartSteps")

BRIDGE_HTTP = "".join(
    f"iptables -A nixos-fw -p tcp -s 10.0.0.1 --dport {port} -j nixos-fw-accept\n" for port in (9090, 9091)
)
GOLDEN_FIREWALL = {
    "meet": ([80, 443], [10000, 10001], ""),
    "main": (
        [80, 443],
        [],
        "iptables -A nixos-fw -p tcp -s 10.0.0.11 --dport 5222 -j nixos-fw-accept\n"
        "iptables -A nixos-fw -p tcp -s 10.0.0.12 --dport 5222 -j nixos-fw-accept\n",
    ),
    "eu1": ([], [10000, 10001], BRIDGE_HTTP),
    "us1": ([], [10000, 10001], BRIDGE_HTTP),
    "accounts": ([80, 443], [10000, 10001], ""),
    "agenix": ([80, 443], [10000, 10001], ""),
    "jwt": ([80, 443], [10000, 10001], ""),
    "matrix": ([80, 443], [10000, 10001], ""),
    "oidc": ([80, 443], [10000, 10001], ""),
    "behind-nat": ([80, 443], [10000, 10001], ""),
    "behind-proxy": ([], [10000, 10001], ""),
    "caddy": ([80, 443], [10000, 10001, 443], ""),
    "declared-rooms": ([80, 443], [10000, 10001], ""),
    "ldap": ([80, 443], [10000, 10001], ""),
    "laboratory": ([80, 443], [10000, 10001], ""),
    "neighbours": ([80, 443], [10000, 10001], ""),
    "own-certificate": ([80, 443], [10000, 10001], ""),
    "turn": ([80, 443, 3478, 5349], [3478, 10000, 10001], ""),
    "sops": ([80, 443], [10000, 10001], ""),
}

each_example = pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)


@each_example
def test_it_evaluates_and_asserts_nothing(nix: Nix, file: Path) -> None:
    assert nix.evaluate(host(file), "failed") == []


@each_example
def test_the_firewall_is_as_written_down(nix: Nix, file: Path) -> None:
    found = nix.evaluate(host(file), "firewall")
    tcp, udp, commands = GOLDEN_FIREWALL[file.stem]
    assert (sorted(found["allowedTCPPorts"]), sorted(found["allowedUDPPorts"])) == (sorted(tcp), sorted(udp))
    assert found["extraCommands"] == commands


@each_example
def test_systemd_takes_the_units_and_finds_them_closed(nix: Nix, file: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine; install the package systemd")
    for path in nix.build(host(file), "unitFiles"):
        unit = tmp_path / path.name.split("-", 1)[1]
        unit.write_text(path.read_text())
        unit.chmod(0o644)
        verified = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        complaints = [
            line for line in verified.stderr.splitlines() if not any(f"'{key}'" in line for key in NEWER_KEYS)
        ]
        assert complaints == [], unit.name
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(unit)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert judged.returncode == 0, judged.stdout.splitlines()[-1]


@each_example
def test_no_unit_has_a_secret_on_its_command_line_or_in_its_environment(nix: Nix, file: Path) -> None:
    for name, unit in nix.evaluate(host(file), "units").items():
        for line in unit.splitlines():
            if re.match(r"Exec|Environment", line):
                assert not re.search(r"secret|password|token", line.replace("meet-secrets-start", "")), (name, line)


@each_example
def test_the_services_take_the_settings_rendered_for_them(nix: Nix, file: Path) -> None:
    # The build of each settings file runs the service's --check-config, and Prosody's own check on its configuration.
    assert nix.build(host(file), "unitFiles")
