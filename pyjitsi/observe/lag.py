"""How late the event loop runs what is due: whatever blocks it, blocks every meeting of the service."""

import asyncio

from prometheus_client import Gauge, Histogram

EVERY = 0.25  # seconds; samples as fair as more would be, and each wakes an idle process
LAG = Histogram(
    "pyjitsi_loop_lag_seconds", "How late the event loop was.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
)  # fmt: skip
WORST = Gauge("pyjitsi_loop_lag_worst_seconds", "The latest that the event loop was since the service was ready.")


async def watch() -> None:
    """Measure for ever."""
    loop = asyncio.get_running_loop()
    worst = 0.0
    WORST.set(worst)

    def sample(due: float) -> None:  # by plain timers: a task that sleeps would wake the loop twice
        nonlocal worst, handle
        now = loop.time()
        late = max(0.0, now - due)
        LAG.observe(late)
        if late > worst:
            worst = late
            WORST.set(worst)
        handle = loop.call_at(now + EVERY, sample, now + EVERY)

    handle = loop.call_at(loop.time() + EVERY, sample, loop.time() + EVERY)
    try:
        await asyncio.Event().wait()
    finally:
        handle.cancel()
