"""``python -m tests.fuzz.native.replay SECONDS``: every target's seeds, then mutations of them, for so long in all.

Without a guide, but for no more than the C compiler: the suite's short run. Prints the targets and how often each ran.
An input that fails is printed before the sanitizer ends the process.
"""

import faulthandler
import random
import sys
import time

from tests.fuzz.native import sanitized  # first: it says where extensions are loaded from
from tests.fuzz.native.seeds import load

EDGES = (0, 1, 2, 15, 16, 127, 128, 254, 255)


def mutated(dice: random.Random, seeds: list[bytes]) -> bytes:
    """A seed, or two, or noise, with some bytes changed, cut off, doubled."""
    data = bytearray(dice.choice(seeds)) if seeds and dice.random() < 0.95 else bytearray(dice.randbytes(60))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(7):
            case 0 if at < len(data):
                data[at] = dice.choice(EDGES)
            case 1 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 2:
                del data[at:]
            case 3:
                data[at:at] = data[at : at + dice.choice((1, 2, 4, 20, 300))]
            case 4:
                del data[at : at + dice.choice((1, 2, 4, 20))]
            case 5:
                data[at:at] = dice.randbytes(dice.choice((1, 2, 4, 20)))
            case _ if seeds:
                data[at:] = dice.choice(seeds)[at:]
            case _:
                pass
    return bytes(data[:100_000])


def main() -> None:
    """See the module's text."""
    from tests.fuzz.native.targets import TARGETS

    faulthandler.enable()
    assert sanitized.DIRECTORY.is_dir()
    seconds, dice = float(sys.argv[1]), random.Random(7)
    for name, target in TARGETS.items():
        seeds, count = load(name), 0
        until = time.monotonic() + seconds / len(TARGETS)
        while count < len(seeds) or time.monotonic() < until:
            data = seeds[count] if count < len(seeds) else mutated(dice, seeds)
            try:
                target(data)
            except BaseException:
                print(f"{name} fails on {data.hex()}", flush=True)
                raise
            count += 1
        print(f"{name} {count}", flush=True)


if __name__ == "__main__":
    main()
