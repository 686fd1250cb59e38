"""The VM tests on this machine: the modules' units, files and firewall on Debian machines under QEMU.

``make test`` runs those that fit into ten minutes; ``make vm-tests`` (``PYJITSI_VM_TESTS=all``) runs all. Their scripts
say what an admin sees; the same scripts run on NixOS as checks of the flake.
"""

import os
from pathlib import Path

import pytest

from tests.nix.nix import missing as missing_nix
from tests.vm.debian.initrd import missing as missing_machines
from tests.vm.debian.run import names, run

QUICK = ["single"]
CHOSEN = names() if os.environ.get("PYJITSI_VM_TESTS") == "all" else QUICK


def test_the_quick_ones_are_among_all() -> None:
    assert set(QUICK) < set(names())


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CHOSEN)
def test_machines(name: str, tmp_path: Path) -> None:
    if reason := missing_nix() or missing_machines():
        pytest.skip(reason)
    run(name, tmp_path)
