"""Log-in at a service that makes tokens (Jitsi's tokenAuthUrl), as people live through it: there, back, and out."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from pyjitsi.up.state import free_port
from tests.browser.conftest import OUTPUT, Guests
from tests.browser.test_pages import AXE, serious_findings
from tests.support.server import MeetingServer
from tests.support.tokens import signed

SETTINGS = """
[web.config]
tokenAuthUrl = "http://127.0.0.1:{port}/meet?room={{room}}&state={{state}}"
tokenLogoutUrl = "http://127.0.0.1:{port}/bye"
accounts = {{ required = true }}
"""


class Service:
    """Whoever comes is Zoë, and gets a token of ``seconds`` for the room; ``states`` is what clients said."""

    def __init__(self, folder: Path) -> None:
        self.port: int = free_port()
        self.seconds: int = 600
        self.states: list[dict[str, str]] = []
        (folder / "config.toml").write_text(SETTINGS.format(port=self.port))
        self.server: MeetingServer = MeetingServer(
            folder / "state", options=("--auth", "jwt", "--config", str(folder / "config.toml"))
        )
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if parts.path == "/meet":
                    service.states.append(json.loads(query["state"]))
                    self.send_response(302)
                    self.send_header("Location", service.address(query["room"], service.seconds))
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>bye</title><p>bye")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http: ThreadingHTTPServer = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._thread: threading.Thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def address(self, room: str, seconds: int) -> str:
        """Where the service sends people back to."""
        token = signed(
            {"iss": "meet", "aud": "jitsi", "sub": "*", "room": room, "exp": int(time.time()) + seconds,
             "context": {"user": {"id": "u-1", "name": "Zoë Óg", "moderator": "true"}}},
            secret=(self.server.state / "jwt.secret").read_text().strip(),
        )  # fmt: skip
        return f"{self.server.url}{quote(room)}?jwt={token}"

    def start(self) -> None:
        self._thread.start()
        self.server.start()

    def stop(self) -> None:
        self.server.stop()
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("tokens"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def people(browser: Browser, service: Service) -> Iterator[Guests]:
    service.seconds = 600
    service.states.clear()
    party = Guests(browser, service.server)
    yield party
    for person in party.people:
        person.close()


def test_people_get_a_token_at_the_service_meet_and_log_out(people: Guests, service: Service, room: str) -> None:
    zoe = people.visitor("Zoë Óg")
    zoe.page.goto(f"{people.server.url}{room}#config.startWithAudioMuted=true")
    expect(zoe.page.get_by_test_id("prejoin-join")).to_have_count(0)
    zoe.press("log-in-first")
    expect(zoe.page.get_by_test_id("prejoin-name")).to_have_value("Zoë Óg")
    assert service.states == [{"room": room, "roomSafe": room, "config.startWithAudioMuted": "true"}]
    assert zoe.page.url.endswith("#config.startWithAudioMuted=true")
    zoe.press("prejoin-join")
    zoe.expect_phase("joined")
    zoe.page.reload()
    zoe.press("account-menu")
    zoe.press("log-out")
    expect(zoe.page).to_have_title("bye")


def test_a_token_that_is_over_leads_to_the_service_with_the_room_kept(
    people: Guests, service: Service, room: str
) -> None:
    zoe = people.visitor("Zoë Óg", viewport={"width": 390, "height": 844})
    zoe.page.goto(service.address(room, -5))
    expect(zoe.page.get_by_text("Your log-in has ended")).to_be_visible()
    if AXE.exists():
        assert serious_findings(zoe) == []
    OUTPUT.mkdir(exist_ok=True)
    zoe.page.screenshot(path=OUTPUT / "token-over.png")
    zoe.press("log-in-first")
    expect(zoe.page.get_by_test_id("prejoin-name")).to_have_value("Zoë Óg")
    zoe.press("prejoin-join")
    zoe.expect_phase("joined")
    assert service.states[0]["room"] == room


def test_who_is_cut_off_after_the_tokens_end_gets_another_and_comes_back(
    people: Guests, service: Service, room: str
) -> None:
    zoe = people.visitor("Zoë Óg")
    zoe.page.goto(service.address(room, 12))
    over = time.monotonic() + 13
    zoe.press("prejoin-join")
    zoe.expect_phase("joined")
    zoe.page.wait_for_timeout(max(0.0, over - time.monotonic()) * 1000)
    zoe.expect_phase("joined")  # a token is for coming in
    people.server.kill("prosody")
    expect(zoe.page.get_by_test_id("log-in-again")).to_be_visible(timeout=90_000)
    if AXE.exists():
        assert serious_findings(zoe) == []
    OUTPUT.mkdir(exist_ok=True)
    zoe.page.screenshot(path=OUTPUT / "token-again.png")
    zoe.press("log-in-again")
    zoe.press("prejoin-join")
    zoe.expect_phase("joined")
