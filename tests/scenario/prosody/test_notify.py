"""Prosody under systemd: it says when it serves, and that it still does."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from pyjitsi.prosody.config import render
from tests.support.prosody import MISSING, Prosody, executable


def test_it_tells_when_it_serves_and_that_it_still_does(tmp_path: Path) -> None:
    program = executable()
    if program is None:
        pytest.skip(MISSING)
    server = Prosody(tmp_path / "server")
    server.directory.mkdir()
    server.write()
    (server.directory / "prosody.cfg.lua").write_text(render(server.config))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(15)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
        process = subprocess.Popen(
            [program, "-F", "--config", str(server.directory / "prosody.cfg.lua")],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            said = [listener.recv(100) for _ in range(3)]
            with socket.create_connection(("127.0.0.1", server.config.c2s_port), timeout=2):
                pass  # ready means that services can log in
        finally:
            process.terminate()
            process.wait(10)
    assert [line for line in said if line != b"WATCHDOG=1"] == [b"READY=1"], server.log()
    assert said.count(b"WATCHDOG=1") == 2
