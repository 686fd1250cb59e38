"""Inputs to begin with: one a line in ``tests/fuzz/seeds/TARGET.txt``, in hexadecimal, with words on what it is."""

from pathlib import Path

SEEDS = Path(__file__).parents[1] / "seeds"


def load(target: str) -> list[bytes]:
    """All seeds of a target."""
    path = SEEDS / f"{target}.txt"
    if not path.exists():
        return []
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [bytes.fromhex(line) for line in lines if line]
