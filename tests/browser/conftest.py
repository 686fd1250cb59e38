"""Browsers in a meeting: Debian's Chromium with its fake camera and microphone, against a whole server."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.person import Person
from tests.support.server import MeetingServer

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "test-output"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in Path(item.path).parts:
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine; install the package chromium"))
            elif shutil.which("prosody") is None:
                item.add_marker(pytest.mark.skip(reason="no Prosody on this machine; install the package prosody"))
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {
        "executable_path": CHROMIUM,
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            "--autoplay-policy=no-user-gesture-required",
        ],
    }


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    running = MeetingServer(tmp_path_factory.mktemp("state"))
    running.start()
    yield running
    running.stop()
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "server.log").write_text("\n".join(running.lines) + "\n")


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room name of the test's own."""
    return re.sub(r"[^a-z0-9]", "", str(request.node.name).removeprefix("test_").lower())[:40]


class Guests:
    """Opens browsers for people, and closes them after the test."""

    def __init__(self, browser: Browser, server: MeetingServer) -> None:
        self.browser: Browser = browser
        self.server: MeetingServer = server
        self.people: list[Person] = []

    def invite(self, name: str, room: str, **context: Any) -> Person:
        """Open the room in a fresh browser profile and join under the name."""
        person = Person(self.browser.new_context(**context), name)
        self.people.append(person)
        person.join(self.server.url, room)
        return person

    def visitor(self, name: str = "visitor", **context: Any) -> Person:
        """A browser that has not joined anything."""
        person = Person(self.browser.new_context(**context), name)
        self.people.append(person)
        return person


@pytest.fixture
def guests(browser: Browser, server: MeetingServer) -> Iterator[Guests]:
    party = Guests(browser, server)
    yield party
    for person in party.people:
        person.close()
