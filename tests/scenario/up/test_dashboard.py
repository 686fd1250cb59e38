"""The Grafana dashboard asks for nothing that a running server doesn't have."""

import json
import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.nix.nix import ROOT
from tests.support.server import MeetingServer

PANELS: list[dict[str, Any]] = json.loads((ROOT / "modules" / "grafana.json").read_text())["panels"]


def test_each_query_finds_its_metric(tmp_path: Path) -> None:
    if shutil.which("prosody") is None:
        pytest.skip("no Prosody on this machine; install the package prosody")
    server = MeetingServer(tmp_path / "state")
    server.start()
    try:
        text = ""
        for service in ("web", "focus", "bridge", "rooms"):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.settings(service)['http_port']}/metrics") as page:
                text += page.read().decode()
    finally:
        server.stop()
    # A counter with labels has no sample before the first event; its family is there all the same.
    families = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    known = families | {f"{name}_total" for name in families} | set(re.findall(r"^([a-z_0-9]+)[ {]", text, re.M))
    queries = [target["expr"] for panel in PANELS for target in panel["targets"]]
    assert len(queries) > 20
    for query in queries:
        names = re.findall(r"(?:pyjitsi|jitsi|process)_[a-z0-9_]+", query)
        assert names, query
        assert not [name for name in names if name not in known], query
