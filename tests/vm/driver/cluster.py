"""The machines of one test on one Ethernet, and the running of a test's script."""

import contextlib
import shutil
import tempfile
import time
import unittest
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.vm.driver.errors import MachineError
from tests.vm.driver.machine import Machine
from tests.vm.driver.network import Switch
from tests.vm.driver.node import Node
from tests.vm.driver.qemu import Places


class Cluster:
    """A context manager: at its end no QEMU is left. Logs of each machine are in ``logs/‹name›``."""

    def __init__(self, nodes: Iterable[Node], logs: Path) -> None:
        self.nodes: list[Node] = list(nodes)
        self.logs: Path = logs
        self.machines: dict[str, Machine] = {}

    def __enter__(self) -> Self:
        self._run = Path(tempfile.mkdtemp(prefix="vm-"))
        self._switch = Switch(self._run / "switch")
        for number, node in enumerate(self.nodes, 1):
            places = Places(self._run / str(number), self.logs / node.name)
            places.run.mkdir()
            self.machines[node.name] = Machine(node, places, number, self._switch.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for machine in self.machines.values():
            machine.crash()
        self._switch.close()
        shutil.rmtree(self._run, ignore_errors=True)

    def start_all(self) -> None:
        """Switch all machines on, without waiting."""
        start_all(self.machines)


def start_all(machines: Mapping[str, Machine]) -> None:
    """Switch all machines on, without waiting."""
    for machine in machines.values():
        machine.start()


@contextlib.contextmanager
def subtest(name: str) -> Iterator[None]:
    """A part of a script: prints its name, and how long it took."""
    print(f"subtest: {name}", flush=True)
    began = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        print(f"subtest: {name}: {outcome} after {time.monotonic() - began:.1f} s", flush=True)


def run_script(path: Path, machines: Mapping[str, Machine]) -> None:
    """Run a NixOS ``testScript``: machines by their names (``-`` becomes ``_``), ``start_all``, ``subtest``, ``t``."""
    names: dict[str, object] = {name.replace("-", "_"): machine for name, machine in machines.items()}
    if len(machines) == 1:
        names["machine"] = next(iter(machines.values()))
    names |= {
        "__name__": "testScript",
        "__file__": str(path),
        "machines": list(machines.values()),
        "start_all": lambda: start_all(machines),
        "subtest": subtest,
        "t": unittest.TestCase(),
        "MachineError": MachineError,
    }
    exec(compile(path.read_text(), str(path), "exec"), names)
