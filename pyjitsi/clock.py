"""The only place where time is read.

Cores take ``now`` as an argument (seconds, monotonic, float) and never call this module; the thin shells around
them do, once per event, and hand the value on.
"""

import time


def monotonic() -> float:
    """Seconds that only ever grow; for timers and intervals."""
    return time.monotonic()


def wall() -> float:
    """Seconds since the Unix epoch; for what people and logs read, never for intervals."""
    return time.time()
