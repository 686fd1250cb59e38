"""Fuzz: the data plane's C, as Cython made it, reads no byte that is not there, and nothing undefined happens.

A short run over the seeds and what is like them; ``make fuzz`` runs for as long as one likes, guided by coverage.
"""

import subprocess
import sys

import pytest

from tests.fuzz.native.__main__ import TARGETS
from tests.fuzz.native.build import ROOT, MissingTool, build, plain
from tests.fuzz.native.seeds import load

SECONDS = 14


@pytest.mark.timeout(900)  # after a change to the plane its C is compiled first
def test_no_input_is_read_beyond_its_end() -> None:
    try:
        toolchain = plain()
        build(toolchain)
    except MissingTool as missing:
        pytest.skip(f"no sanitizers: {missing}")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.native.replay", str(SECONDS)], env=toolchain.environment, cwd=ROOT,
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[:6000]
    counts = dict(line.rsplit(" ", 1) for line in ran.stdout.splitlines())
    assert set(counts) == set(TARGETS)
    assert all(int(counts[target]) >= len(load(target)) > 0 for target in TARGETS)
