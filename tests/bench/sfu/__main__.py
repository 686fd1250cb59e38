"""``python -m tests.bench.sfu [--rounds 5] [--seconds 8] [--load NAME …]``: the table of ``make bench``.

Five rounds take about fifteen minutes; ``ARGS="--rounds 1 --seconds 5"`` two.
It needs root (network namespaces) and Debian's janus. Exits non-zero only where something failed to run.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.sfu import janus, net, rows, table
from tests.bench.sfu.load import LOADS
from tests.bench.sfu.serve import DOOR

LIMIT = 180.0


def command(server: str, folder: Path, threads: int | None = None) -> list[str]:
    """What runs in the server's namespace."""
    if server == "ours":
        count = [] if threads is None else [str(threads)]
        return [sys.executable, "-m", "tests.bench.sfu.serve", net.SERVER_ADDRESS, *count]
    janus.configure(folder, net.SERVER_ADDRESS)
    return ["janus", "-F", str(folder)]


def wait_for(server: str) -> None:
    """Wait until it answers HTTP. Raises TimeoutError."""
    port = DOOR if server == "ours" else janus.PORT
    url = f"http://{net.SERVER_ADDRESS}:{port}/"
    end = time.monotonic() + 30
    while time.monotonic() < end:
        probe = subprocess.run(net.inside(net.LOAD, sys.executable, "-c", PROBE, url), capture_output=True, check=False)
        if probe.returncode == 0:
            return
        time.sleep(0.2)
    raise TimeoutError(f"{server} does not answer at {url}")


PROBE = """
import sys, urllib.request, urllib.error
try:
    urllib.request.urlopen(sys.argv[1], timeout=2)
except urllib.error.HTTPError:
    pass
"""


@contextmanager
def serving(server: str, threads: int | None = None) -> Generator[int]:
    """The server in its namespace; gives its process id. Raises TimeoutError."""
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w") as log:
        process = subprocess.Popen(
            net.inside(net.SERVER, *command(server, Path(folder), threads)),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            try:
                wait_for(server)
            except TimeoutError as error:
                raise TimeoutError(f"{error}\n{Path(log.name).read_text()[-1000:]}") from None
            time.sleep(1)
            yield process.pid
        except Exception as error:
            raise RuntimeError(f"{server}: {error}\n{Path(log.name).read_text()[-1000:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def one(server: str, load: str, seconds: float) -> dict[str, Any]:
    """One run. Raises what went wrong."""
    with serving(server, LOADS[load].threads) as pid:
        done = subprocess.run(
            net.inside(net.LOAD, sys.executable, "-m", "tests.bench.sfu.load", server, net.SERVER_ADDRESS, str(pid),
                       load, str(seconds)),
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        if not done.stdout.strip():
            raise RuntimeError(f"{load}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
    return {"cores": os.cpu_count(), "processor": model, "kernel": platform.release(), "date": time.strftime("%F")}


def play(load: str, server: str, number: int, seconds: float) -> dict[str, Any]:
    """One run, told on the way."""
    found = one(server, load, seconds)
    print(f"round {number + 1}, {load}, {server}: {found['microseconds']:.2f} µs a packet, "
          f"{found['of_offered']:.1%} of what was offered", file=sys.stderr, flush=True)  # fmt: skip
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="measured in each run")
    parser.add_argument("--load", action="append", choices=[*table.WANTED, "cores"], help="only these")
    parser.add_argument("--keep", type=Path, help="a file of runs: those in it count too, and it gets these")
    options = parser.parse_args()
    wanted = options.load or [*table.WANTED, "cores"]
    loads = [load for load in wanted if load != "cores"]
    cores = rows.CORES if "cores" in wanted else ()
    kept: dict[str, dict[str, list[dict[str, Any]]]] = {}
    if options.keep is not None and options.keep.exists():
        kept = json.loads(options.keep.read_text())
    runs = {
        load: kept.get(load, {"ours": [], "janus": []}) for load in {**dict.fromkeys(kept), **dict.fromkeys(wanted)}
    }
    with net.namespaces():
        for number in range(options.rounds):
            for load in loads:
                for server in ("ours", "janus") if number % 2 == 0 else ("janus", "ours"):
                    runs[load][server].append(play(load, server, number, options.seconds))
            for name in cores if number % 2 == 0 else reversed(cores):
                runs["cores"].setdefault(name, []).append(play(name, "ours", number, options.seconds))
    if options.keep is not None:
        options.keep.write_text(json.dumps(runs))
    spread = runs.pop("cores", {})
    runs = {load: runs[load] for load in table.WANTED if load in runs}
    found = rows.rows(runs, spread)
    print(f"{table.text(runs)}\n\n{rows.text(found)}")
    if set(runs) == set(table.WANTED):
        print(f"written to {table.write(runs, machine(), found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
