"""Runs a VM test's script on Debian machines: ``python -m tests.vm.debian.run single [--keep FOLDER]``."""

import argparse
import contextlib
import json
import re
import shutil
import sys
import sysconfig
import tempfile
import time
import unittest
from collections.abc import Generator
from pathlib import Path
from typing import Any

from tests.nix.nix import ROOT, Nix, library, programs
from tests.vm.debian.guest import Tree, evaluated, fresh
from tests.vm.debian.initrd import build
from tests.vm.debian.machine import Machine
from tests.vm.debian.network import Hub

TESTS = ROOT / "tests" / "vm"


@contextlib.contextmanager
def subtest(name: str) -> Generator[None]:
    """A part of a script, with its time."""
    began = time.monotonic()
    print(f"{name} …", flush=True)
    yield
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)


def nodes_of(nix: Nix, test: Path) -> dict[str, Any]:
    """The evaluated nodes of a test, their files realised."""
    names = " ".join(f'"{name}" = "{path}";' for name, path in programs().items())
    arguments = {"libPath": nix.lib, "test": str(test), "programs": f"{{ {names} }}"}
    words = [part for pair in arguments.items() for part in ("--arg", *pair)]
    expression = str(TESTS / "debian" / "test.nix")
    nix.run("nix-build", "--no-out-link", expression, *words, "--attr", "files")
    return evaluated(nix.run("nix-instantiate", "--eval", "--strict", "--json", expression, *words, "--attr", "nodes"))


def nodes_script(nix: Nix, test: Path) -> str:
    """The test's script, as its module puts it together."""
    return json.loads(nix.run("nix-instantiate", "--eval", "--json", "-E", f"(import {test}).testScript"))


def run(name: str, folder: Path) -> None:
    """Run one test; machines and logs are in ``folder``. Raises AssertionError."""
    nix = Nix(folder / "nix", library())
    nodes = nodes_of(nix, TESTS / f"{name}.nix")
    purelib = sysconfig.get_paths()["purelib"]
    kernel, initrd = build(folder, sys.base_prefix, purelib, str(ROOT))
    hosts = "".join(
        f"{address} {each}\n"
        for each, node in nodes.items()
        for address in ([node["address"]["primaryIPAddress"]] if node["ipv4"] else [])
        + [node["address"]["primaryIPv6Address"]]
    )
    hub = Hub(folder)
    machines: dict[str, Machine] = {}
    for number, (each, node) in enumerate(nodes.items(), start=1):
        place = fresh(folder / each)
        (place / "tree").mkdir()
        Tree(place / "tree", nix.folder / "store").lay_out(each, node, hosts)
        machines[each] = Machine(each, number, place, kernel, initrd, hub.path)

    def start_all() -> None:
        for machine in machines.values():
            machine.start()

    names: dict[str, Any] = {**machines, "start_all": start_all, "subtest": subtest, "t": unittest.TestCase()}
    try:
        exec(compile(nodes_script(nix, TESTS / f"{name}.nix"), f"{name}.py", "exec"), names)
    finally:
        for machine in machines.values():
            machine.stop()
        hub.close()


def names() -> list[str]:
    """All tests that there are."""
    return re.findall(r'"([a-z0-9]+)"', (TESTS / "tests.nix").read_text())


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", choices=names())
    parser.add_argument("--keep", type=Path, help="keep machines and logs in this folder")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="meet-vm-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        run(options.test, folder.absolute())
    finally:
        print(f"{options.test}: {time.monotonic() - began:.0f} s", flush=True)
        if options.keep is None:
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
