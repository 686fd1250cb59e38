"""How the server starts, and when it doesn't."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pyjitsi.prosody.config import PLUGINS, render
from tests.support.prosody import MISSING, Prosody, executable

GUARDS = [
    "meet_rate_limit",
    "meet_services_only",
    "meet_unlimited",
    "muc_meet_brewery",
    "muc_meet_focus",
    "muc_meet_hidden",
    "muc_meet_join_rate",
    "muc_meet_nick",
]


@pytest.mark.parametrize("guard", GUARDS)
def test_server_does_not_run_without_one_of_its_guards(tmp_path: Path, guard: str) -> None:
    program = executable()
    if program is None:
        pytest.skip(MISSING)
    server = Prosody(tmp_path)
    server.write()
    plugins = tmp_path / "plugins"
    shutil.copytree(PLUGINS, plugins, ignore=shutil.ignore_patterns("__pycache__"))
    (plugins / f"mod_{guard}.lua").write_text("error('broken')\n")
    file = tmp_path / "prosody.cfg.lua"
    file.write_text(render(server.config, plugins))
    done = subprocess.run([program, "-F", "--config", str(file)], capture_output=True, timeout=20, check=False)
    assert done.returncode == 1
    assert f"mod_{guard} isn't loaded on" in server.log()


def test_nothing_is_written_but_the_log(prosody: Prosody) -> None:
    assert {path.name for path in prosody.directory.iterdir()} == {
        "jvb.password",
        "recorder.password",
        "data",
        "prosody.cfg.lua",
        "prosody.log",
        "rooms.secret",
        "secret",
    }
    stored = [path for path in (prosody.directory / "data").rglob("*") if path.is_file()]
    assert [path.name for path in stored if path.name != "prosody.pid"] == []
    assert prosody.password not in prosody.log()
    assert prosody.secret not in prosody.log()
