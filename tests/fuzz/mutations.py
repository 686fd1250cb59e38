"""Bytes that are nearly right, which is where parsers break."""

import random

from hypothesis import strategies as st


def mutated_bytes(samples: list[bytes]) -> st.SearchStrategy[bytes]:
    """A sample with bytes changed, cut off, or doubled; or anything at all."""

    def change(args: tuple[bytes, int]) -> bytes:
        sample, seed = args
        dice = random.Random(seed)
        data = bytearray(sample)
        for _ in range(dice.randrange(1, 6)):
            if not data:
                break
            at = dice.randrange(len(data))
            match dice.randrange(4):
                case 0:
                    data[at] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
                case 1:
                    del data[at:]
                case 2:
                    data[at:at] = data[at : at + dice.randrange(1, 20)]
                case _:
                    del data[at : at + dice.randrange(1, 5)]
        return bytes(data)

    changed = st.tuples(st.sampled_from(samples), st.integers(0, 2**32)).map(change)
    return st.one_of(changed, st.binary(max_size=200))
