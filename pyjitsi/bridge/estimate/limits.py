"""What no estimate leaves, in bit/s; JVB's (``jmt.bwe.estimator``)."""

FLOOR, CEILING = 30_000.0, 20_000_000.0


def within(bitrate: float) -> float:
    """A bit rate between the limits."""
    return max(FLOOR, min(CEILING, bitrate))
