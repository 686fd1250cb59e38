"""Which packets of a stream are missing, and when to ask for them again (RFC 4585 section 6.2.1)."""

REPEAT = 0.150  # seconds between two requests for one packet
ATTEMPTS = 10
RESET_GAP = 100  # this many missing at once is a new start, not a loss


class NackTracker:
    """Fed with extended sequence numbers; tells what to ask for now."""

    __slots__ = ("highest", "missing")

    def __init__(self) -> None:
        self.highest: int = -1
        self.missing: dict[int, list[float]] = {}  # number to [times asked, when to ask next]

    def received(self, number: int, now: float) -> None:
        """Note an arrival; a gap before it is missing from now on."""
        if self.highest < 0 or number - self.highest > RESET_GAP:
            self.missing.clear()
            self.highest = number
        elif number > self.highest:
            for lost in range(self.highest + 1, number):
                self.missing[lost] = [0, now]
            self.highest = number
        else:
            self.missing.pop(number, None)

    def due(self, now: float) -> list[int]:
        """Numbers to ask for now, rising; asking is noted, and what was asked ten times is given up."""
        if not self.missing:
            return []
        wanted: list[int] = []
        for number in sorted(self.missing):
            entry = self.missing[number]
            if entry[1] > now:
                continue
            if entry[0] >= ATTEMPTS:
                del self.missing[number]
                continue
            entry[0] += 1
            entry[1] = now + REPEAT
            wanted.append(number)
        return wanted
