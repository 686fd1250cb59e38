"""The life of a service under signals."""

import asyncio
import os
import signal

from pyjitsi.service import run


class Story:
    """A service that writes down what happens to it."""

    name: str = "story"

    def __init__(self) -> None:
        self.told: list[str] = []
        self.finished: asyncio.Event = asyncio.Event()
        self.draining: asyncio.Event = asyncio.Event()
        self.is_ready: asyncio.Event = asyncio.Event()

    async def start(self) -> None:
        self.told.append("start")

    async def ready(self) -> None:
        self.told.append("ready")
        self.is_ready.set()

    async def drain(self) -> None:
        self.told.append("drain")
        self.draining.set()
        await self.finished.wait()
        self.told.append("drained")

    async def stop(self) -> None:
        self.told.append("stop")


async def begun() -> tuple[Story, "asyncio.Task[int]"]:
    story = Story()
    running = asyncio.create_task(run(story))
    async with asyncio.timeout(5):
        await story.is_ready.wait()
    await asyncio.sleep(0)
    return story, running


async def test_terminating_drains_first() -> None:
    story, running = await begun()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await story.draining.wait()
        story.finished.set()
        await running
    assert story.told == ["start", "ready", "drain", "drained", "stop"]


async def test_a_second_time_does_not_wait() -> None:
    story, running = await begun()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await story.draining.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await running
    assert story.told == ["start", "ready", "drain", "stop"]


async def test_an_interrupt_does_not_wait_either() -> None:
    story, running = await begun()
    os.kill(os.getpid(), signal.SIGINT)
    async with asyncio.timeout(5):
        await running
    assert story.told[-1] == "stop"
    assert "drained" not in story.told
