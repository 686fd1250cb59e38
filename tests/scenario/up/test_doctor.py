"""The doctor and a real server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.prosody import MISSING, executable
from tests.support.server import MeetingServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    if executable() is None:
        pytest.skip(MISSING)
    running = MeetingServer(tmp_path_factory.mktemp("up") / "state")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def host_file(server: MeetingServer, tmp_path: Path) -> Path:
    services = {name: f"http://127.0.0.1:{server.settings(name)['http_port']}" for name in ("web", "focus", "rooms")}
    # The bridge runs in the first of its two places; nobody listens in the second.
    bridge = {
        "bridges": {"jvb": ["jvb", "jvb-2"]},
        "bridge_places": [f"http://127.0.0.1:{server.settings('bridge')['http_port']}", "http://127.0.0.1:1"],
    }
    file = tmp_path / "doctor.json"
    file.write_text(json.dumps({"url": server.url.rstrip("/"), "services": services, **bridge}))
    return file


def doctor(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pyjitsi.cli", "doctor", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_all_is_well(host_file: Path) -> None:
    done = doctor("--host-file", str(host_file))
    assert done.returncode == 0, done.stdout
    for line in (
        "ok       XMPP: Prosody answers through the web-socket",
        "ok       channel: /colibri-ws/jvb/ leads to the bridge",
        "ok       bridges: the focus knows 1",
        "ok       page: ",
        "ok       focus: healthy",
        "ok       rooms: healthy",
        "warning  certificate: plain HTTP",
        "0 problems, 1 warning",
    ):
        assert line in done.stdout


def test_a_dead_bridge_is_named(host_file: Path, tmp_path: Path) -> None:
    host = json.loads(host_file.read_text())
    host["bridge_places"] = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    host["bridges"] = {"gone": ["gone", "gone-2"]}
    host_file.write_text(json.dumps(host))
    done = doctor("--host-file", str(host_file))
    assert done.returncode == 1
    assert "PROBLEM  reach: bridge at http://127.0.0.1:1/about/health does not answer" in done.stdout


def test_a_name_that_is_not_in_dns_is_said_to_be_so() -> None:
    done = doctor("https://meet.invalid", "--host-file", "/nonexistent")
    assert done.returncode == 1
    assert "PROBLEM  name: meet.invalid has no address" in done.stdout


def test_without_anything_to_examine_it_says_how() -> None:
    done = doctor("--host-file", "/nonexistent")
    assert done.returncode == 2
    assert "name the server's address instead" in done.stderr


def test_findings_can_be_read_by_programs(host_file: Path) -> None:
    found = json.loads(doctor("--host-file", str(host_file), "--json").stdout)
    assert {each["verdict"] for each in found} <= {"ok", "warning", "skipped"}
