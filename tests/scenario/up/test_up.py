"""``pyjitsi up`` as somebody at a console sees it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyjitsi.up.state import free_port
from tests.support.server import MeetingServer

pytestmark = pytest.mark.skipif(shutil.which("prosody") is None, reason="no Prosody on this machine")


def eventually(check: Callable[[], bool], what: str, seconds: float = 15) -> None:
    ends = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < ends, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MeetingServer]:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "index.html").write_text("<!doctype html>")
    config = tmp_path / "up.toml"
    config.write_text(f'[web]\nclient = "{tmp_path / "client"}"\n')
    made = MeetingServer(tmp_path / "state", options=("--config", str(config)))
    yield made
    made.stop()


def run(*options: str, path: str | None = None) -> tuple[int, list[str]]:
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    done = subprocess.run(
        [sys.executable, "-m", "pyjitsi.cli", "up", *options],
        capture_output=True, text=True, timeout=30, env=environment, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_the_address_is_printed_and_a_term_signal_ends_every_process(server: MeetingServer) -> None:
    server.start()
    children = server.children()
    assert set(children) == {"prosody", "focus", "bridge", "web", "rooms"}
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert not [name for name, pid in children.items() if alive(pid)]


def test_a_second_start_is_quick_and_keeps_the_secrets(server: MeetingServer) -> None:
    server.start()
    secret = (server.state / "focus.secret").read_text()
    server.stop()
    server.start()
    print(f"second start: {server.started_in:.1f} s")
    assert server.started_in < 5
    assert (server.state / "focus.secret").read_text() == secret


def test_no_child_outlives_a_parent_that_was_killed(server: MeetingServer) -> None:
    server.start()
    children = server.children()
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    eventually(lambda: not [pid for pid in children.values() if alive(pid)], "the children's end")


@pytest.mark.parametrize("service", ["prosody", "focus", "bridge", "web", "rooms"])
def test_what_dies_is_said_and_started_again(server: MeetingServer, service: str) -> None:
    server.start()
    before = server.children()[service]
    server.kill(service)
    eventually(lambda: server.children().get(service, before) != before, f"a new {service}")
    assert any(line.startswith(f"{service} ended (signal 9)") and "starting it again" in line for line in server.lines)


def test_a_second_server_on_one_folder_is_refused(server: MeetingServer) -> None:
    server.start()
    status, lines = run("--state", str(server.state), "--listen", f"127.0.0.1:{free_port(socket.SOCK_STREAM)}")
    assert (status, len(lines)) == (1, 1)
    assert "another pyjitsi runs on" in lines[0]


def test_a_taken_udp_port_is_one_line_and_a_failure(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        status, lines = run(
            "--state", str(tmp_path), "--udp-port", str(port), "--listen",
            f"127.0.0.1:{free_port(socket.SOCK_STREAM)}",
        )  # fmt: skip
    assert (status, len(lines)) == (1, 1)
    assert f"UDP port {port}" in lines[0]
    assert "--udp-port" in lines[0]


def test_a_missing_prosody_is_one_line_and_a_failure(tmp_path: Path) -> None:
    status, lines = run("--state", str(tmp_path), path="/nonexistent")
    assert (status, len(lines)) == (1, 1)
    assert "prosody is not installed; on Debian: apt install prosody" in lines[0]


def test_a_folder_that_cannot_be_written_is_one_line_and_a_failure() -> None:
    status, lines = run("--state", "/proc/pyjitsi")
    assert (status, len(lines)) == (1, 1)
    assert "can't be written" in lines[0]


def test_an_unknown_setting_is_one_line_and_a_failure(tmp_path: Path) -> None:
    (tmp_path / "up.toml").write_text("[bridge]\nudp_prot = 1\n")
    status, lines = run(
        "--state", str(tmp_path / "s"), "--config", str(tmp_path / "up.toml"),
        "--listen", f"127.0.0.1:{free_port(socket.SOCK_STREAM)}", "--udp-port", str(free_port(socket.SOCK_DGRAM)),
    )  # fmt: skip
    assert (status, len(lines)) == (2, 1)
    assert "bridge: udp_prot: no such setting" in lines[0]
