"""How late the event loop runs what is due: whatever blocks it, blocks every meeting of the service."""

import asyncio

from prometheus_client import Gauge, Histogram

from pyjitsi import clock

EVERY = 0.02  # seconds
LAG = Histogram(
    "pyjitsi_loop_lag_seconds", "How late the event loop was.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
)  # fmt: skip
WORST = Gauge("pyjitsi_loop_lag_worst_seconds", "The latest that the event loop was since the service was ready.")


async def watch() -> None:
    """Measure for ever."""
    WORST.set(0.0)
    worst = 0.0
    while True:
        began = clock.monotonic()
        await asyncio.sleep(EVERY)
        late = max(0.0, clock.monotonic() - began - EVERY)
        LAG.observe(late)
        if late > worst:
            worst = late
            WORST.set(worst)
