"""The life of every service: start, ready, drain, stop, with systemd's notifications (sd_notify(3)).

A service is an object with ``start``, ``ready`` and ``stop``; ``run`` drives it from process start to exit.
"""

import asyncio
import gc
import os
import signal
import socket
from typing import Protocol

import structlog

from pyjitsi.observe.lag import watch

log = structlog.get_logger("service")


class StartError(Exception):
    """The service can't start; the text is one line that says what is wrong and what to do."""


class Service(Protocol):
    """What ``run`` drives."""

    name: str

    async def start(self) -> None:
        """Open sockets and connections. Raises StartError."""
        ...

    async def ready(self) -> None:
        """Return once the service does its work (joined, not merely started)."""
        ...

    async def drain(self) -> None:
        """Finish what people are in the middle of, before ``stop``; return at once where there is nothing."""
        ...

    async def stop(self) -> None:
        """End gracefully; must be safe after a failed start."""
        ...


def notify(state: str) -> None:
    """Tell systemd (or ``pyjitsi up``) of a change, where ``NOTIFY_SOCKET`` is set."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:
            log.warning("no notification", error=str(error))


async def run(service: Service) -> int:
    """Start the service, announce readiness, wait for SIGTERM or SIGINT, and stop it. Raises StartError.

    Returns the process's exit status: the service's ``exit_status``, where it has one.

    SIGTERM lets it drain first; SIGINT, or a second SIGTERM, doesn't.
    """
    stopping, at_once = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def terminate() -> None:
        (at_once if stopping.is_set() else stopping).set()

    def interrupt() -> None:
        at_once.set()
        stopping.set()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    ended = asyncio.create_task(stopping.wait())
    watchdog = asyncio.create_task(_watchdog())
    lag: asyncio.Task[None] | None = None
    try:
        await service.start()
        gc.collect()
        gc.freeze()  # what start-up made stays: no collection has to walk it again,
        gc.collect()  # nor is it a measure of how much garbage may lie about before the next one
        becoming = asyncio.create_task(service.ready())
        await asyncio.wait({becoming, ended}, return_when=asyncio.FIRST_COMPLETED)
        if becoming.done():
            becoming.result()
            notify("READY=1")
            lag = asyncio.create_task(watch())
            log.info("ready", service=service.name)
        else:
            becoming.cancel()
        await ended
        notify("STOPPING=1")
        if becoming.done():
            draining, hurried = asyncio.create_task(service.drain()), asyncio.create_task(at_once.wait())
            await asyncio.wait({draining, hurried}, return_when=asyncio.FIRST_COMPLETED)
            for task in (draining, hurried):
                task.cancel()
    finally:
        watchdog.cancel()
        if lag is not None:
            lag.cancel()
        ended.cancel()
        await service.stop()
    return int(getattr(service, "exit_status", 0))


async def _watchdog() -> None:
    """WATCHDOG=1 at half the interval that systemd asks for."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit():
        return
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 2e6)
