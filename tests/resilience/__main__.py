"""``python -m tests.resilience [FAULT …]``: tries them and prints the table; non-zero where one is out of bounds."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.resilience.faults import FAULTS, can_cut, try_out
from tests.resilience.people import Unmet


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(fault.name for fault in FAULTS))
    options = parser.parse_args()
    unknown = set(options.faults) - {fault.name for fault in FAULTS}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(f.name for f in FAULTS)}")
    folder = Path(tempfile.mkdtemp(prefix="meet-resilience-"))
    bad = 0
    print("| what happens | without media at most | all well again after | |\n|---|---|---|---|", flush=True)
    for fault in FAULTS:
        if options.faults and fault.name not in options.faults:
            continue
        if fault.cuts and not can_cut():
            print(f"| {fault.what} | | | skipped: needs nft and the right to use it |", flush=True)
            continue
        try:
            outcome = try_out(fault, folder / fault.name)
        except Unmet as error:
            bad += 1
            print(f"| {fault.what} | | | **{error}** |", flush=True)
            continue
        wrong = outcome.gap > fault.gap or outcome.back > fault.back
        bad += wrong
        bounds = f" **out of bounds: {fault.gap:g} s, {fault.back:g} s**" if wrong else ""
        print(f"| {fault.what} | {outcome.gap:.1f} s | {outcome.back:.1f} s | {outcome.note}{bounds} |", flush=True)
    if bad:
        print(f"{bad} out of bounds; logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
