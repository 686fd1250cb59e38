"""The real coturn with the configuration that the module makes: it takes the shared secret, and no other."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjitsi.up.state import free_port
from tests.nix.nix import Nix

SECRET = "only-for-this-test"


@pytest.fixture
def turn(nix: Nix, tmp_path: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """coturn's port and process."""
    if shutil.which("turnserver") is None or shutil.which("turnutils_uclient") is None:
        pytest.skip("no coturn on this machine; install the package coturn")
    port = free_port(socket.SOCK_STREAM)
    host = f"""{{ services.meet = {{ enable = true; hostName = "meet.example.org"; nginx.enable = false;
      turn = {{ enable = true; port = {port}; }}; }}; }}"""
    (unit,) = (path for path in nix.build(host, "unitFiles") if path.name.endswith("meet-turn.service"))
    start = re.search(r"ExecStart=(\S+)", unit.read_text())
    assert start is not None
    script = Path(start.group(1)).read_text()
    config = re.search(r"cat (\S+meet-turn.conf)", script)
    assert config is not None
    (tmp_path / "meet-turn.conf").write_text(Path(config.group(1)).read_text().replace("/run/meet-turn", str(tmp_path)))
    script = script.replace(config.group(1), str(tmp_path / "meet-turn.conf")).replace("/run/meet-turn", str(tmp_path))
    (tmp_path / "turn-secret").write_text(f"{SECRET}\n")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", script], env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)}, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 15
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
    yield port, process
    process.terminate()
    process.wait(10)


def asked(port: int, secret: str) -> str:
    """What coturn's own client says of an allocation with credentials made of a secret."""
    command = ["timeout", "5", "turnutils_uclient", "-v", "-p", str(port), "-W", secret, "-n", "1", "-y", "127.0.0.1"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout


def test_it_knows_the_secret_and_no_other(turn: tuple[int, "subprocess.Popen[bytes]"]) -> None:
    port, process = turn
    assert "success" in asked(port, SECRET)
    assert "success" not in asked(port, "wrong")
    assert SECRET not in Path(f"/proc/{process.pid}/cmdline").read_text()


@pytest.mark.parametrize("peer", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1"])
def test_it_relays_into_no_private_network(turn: tuple[int, "subprocess.Popen[bytes]"], peer: str) -> None:
    port, _ = turn
    command = ["timeout", "5", "turnutils_uclient", "-v", "-p", str(port), "-W", SECRET, "-n", "1", "-e", peer]
    done = subprocess.run([*command, "127.0.0.1"], capture_output=True, text=True, timeout=20, check=False)
    assert "403 (Forbidden IP)" in done.stdout + done.stderr


def test_port_443_is_split_by_name(nix: Nix) -> None:
    host = """{ services.meet = { enable = true; hostName = "meet.example.org"; tls.selfSigned = true;
      turn = { enable = true; tls443 = true; }; }; }"""
    assert nix.evaluate(host, "failed") == []
    split = nix.evaluate(host, "nginxStream")
    assert "turn.meet.example.org unix:/run/nginx/meet-turn.sock;" in split
    assert 443 not in [each["port"] for each in nix.evaluate(host, "nginxListen")]
    same = host.replace("tls443 = true;", 'tls443 = true; host = "meet.example.org";')
    (failure,) = nix.evaluate(same, "failed")
    assert "services.meet.turn.host other than" in failure
