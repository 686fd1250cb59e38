"""Who is among the loudest: with routing of the loudest alone, others' sound goes to nobody (3-media.md section 5.3).

Compiled with ``loudest.pxd`` where the extension is built; the same lines run interpreted.
"""

EXPIRE = 0.15  # seconds without a packet after which a stream is not ranked any more
ALPHA = 50  # per cent of a new level in the energy
SUBUNIT = 10  # a level less than this above the noise floor counts as none
FLOOR_WINDOW = 750  # levels
MOST = 16  # that can be ranked
COMPILED = __file__.endswith(".so")


class Loudness:
    """One stream's energy: its levels, smoothed, and its noise floor."""

    def __init__(self) -> None:
        self.energy: int = 0
        self.floor: float = 127.0
        self.lowest: int = 127
        self.collected: int = 0

    def heard(self, level: int) -> int:
        """The energy after a level, 0 silence to 127 loudest."""
        if level > 0:
            if level < self.floor:
                self.floor = level
                self.lowest = 127
                self.collected = 0
            else:
                if level < self.lowest:
                    self.lowest = level
                self.collected += 1
                if self.collected >= FLOOR_WINDOW:
                    self.floor = (self.floor * self.lowest) ** 0.5
                    self.lowest = 127
                    self.collected = 0
        if level < self.floor + SUBUNIT:
            level = 0
        self.energy = (ALPHA * level + (100 - ALPHA) * self.energy + 50) // 100
        return self.energy


class Loudest:
    """The ranking of a conference's streams; ``count`` of them pass, 0: all."""

    ids: list[int]
    energies: list[int]
    times: list[float]

    def __init__(self) -> None:
        self.count: int = 0
        self.ranked: int = 0
        if not COMPILED:
            make_arrays(self)

    def passes(self, stream: int, loudness: Loudness, level: int, at: float) -> bool:
        """Whether a packet of a stream passes; ``level`` is RFC 6464's."""
        energy = loudness.heard(127 - level)
        if self.count == 0:
            return True
        kept = 0
        for index in range(self.ranked):
            if self.ids[index] != stream and at - self.times[index] <= EXPIRE:
                self.move(index, kept)
                kept += 1
        place = kept
        while place > 0 and self.energies[place - 1] < energy:
            place -= 1
        self.ranked = kept
        if place >= self.count or place >= MOST:
            return False
        index = kept if kept < self.count and kept < MOST else kept - 1
        self.ranked = index + 1
        while index > place:
            self.move(index - 1, index)
            index -= 1
        self.ids[place] = stream
        self.energies[place] = energy
        self.times[place] = at
        return True

    def move(self, source: int, to: int) -> None:
        """Move an entry."""
        self.ids[to] = self.ids[source]
        self.energies[to] = self.energies[source]
        self.times[to] = self.times[source]


def make_arrays(loudest: Loudest) -> None:
    """What a compiled one has from the start."""
    loudest.ids = [0] * MOST
    loudest.energies = [0] * MOST
    loudest.times = [0.0] * MOST
