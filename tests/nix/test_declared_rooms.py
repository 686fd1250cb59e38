"""Declared rooms: what the focus is given, and what is refused with a word of help."""

import json
import re
from pathlib import Path
from typing import Any

from tests.nix.nix import ROOT, Nix

EXAMPLE = f"{{ imports = [ {ROOT / 'nix' / 'templates' / 'examples' / 'declared-rooms.nix'} ]; }}"


def test_the_focus_gets_rooms_and_passwords_as_credentials(nix: Nix) -> None:
    unit = nix.evaluate(EXAMPLE, "units")["meet-focus"]
    loaded = dict(re.findall(r"LoadCredential=([^:\n]+):(.+)", unit))
    (room,) = (name for name in loaded if name.startswith("room-"))
    assert loaded[room] == "/run/secrets/meet-briefing"
    found = next(path for path in nix.build(EXAMPLE, "unitFiles") if path.name.endswith("meet-focus.service"))
    (file,) = re.findall(r"--config (\S+)", found.read_text())
    settings: dict[str, Any] = json.loads(Path(file).read_text())
    assert settings["undeclared_rooms"] is False
    assert settings["rooms"]["Board"]["owners"] == ["ann@example.org"]
    assert settings["rooms"]["Monday briefing"]["password_file"] == room
    assert settings["rooms"]["Monday briefing"]["hours"][0]["closes"] == "10:00"


def test_a_lobby_that_nobody_could_open_is_refused(nix: Nix) -> None:
    host = """{ services.meet = { enable = true; hostName = "meet.example.org"; rooms.board.lobby = true; }; }"""
    (failure,) = nix.evaluate(host, "failed")
    assert "services.meet.rooms.board.lobby" in failure
