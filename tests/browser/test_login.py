"""Logging in with a password in the browser: the host comes in, and whoever waited follows."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from pyjitsi.rooms.auth import passwords
from tests.browser.conftest import Guests
from tests.browser.person import Person
from tests.browser.test_pages import AXE, serious_findings
from tests.support.server import MeetingServer

ACCOUNT = '[rooms.auth.accounts.ada]\npassword_hash_file = "{folder}/ada"\n'
MEMBERS = (
    '[rooms.auth]\nguests = false\n[focus.authentication]\nlogin_domain = "localhost"\nguests = false\n'
    "[web.passwords]\nguests = false\n"
)


def running(folder_name: str, extra: str, factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    folder = factory.mktemp(folder_name)
    (folder / "ada").write_text(f"{passwords.make('ada pass', ln=8)}\n")
    (folder / "config.toml").write_text(extra + ACCOUNT.format(folder=folder))
    server = MeetingServer(folder / "state", options=("--auth", "accounts", "--config", str(folder / "config.toml")))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def open_to_guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    yield from running("guests", "", tmp_path_factory)


@pytest.fixture(scope="module")
def members_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeetingServer]:
    yield from running("members", MEMBERS, tmp_path_factory)


@pytest.fixture
def party(browser: Browser) -> Iterator[Guests]:
    everybody = Guests(browser, MeetingServer)  # pyright: ignore[reportArgumentType]
    yield everybody
    for person in everybody.people:
        person.close()


def at_the_door(party: Guests, server: MeetingServer, name: str, room: str) -> Person:
    person = party.visitor(name)
    person.page.goto(server.url + room)
    person.page.get_by_test_id("prejoin-name").fill(name)
    person.press("prejoin-join")
    person.expect_phase("outside")
    return person


def log_in(person: Person, password: str) -> None:
    person.page.get_by_test_id("login-user").fill("ada")
    person.page.get_by_test_id("login-password").fill(password)
    person.page.keyboard.press("Enter")


def test_the_host_logs_in_and_whoever_waited_gets_in(party: Guests, open_to_guests: MeetingServer, room: str) -> None:
    eve, ada = (at_the_door(party, open_to_guests, name, room) for name in ("Eve", "Ada"))
    ada.press("login-open")
    log_in(ada, "wrong")
    expect(ada.page.get_by_test_id("login-wrong")).not_to_be_empty(timeout=30_000)
    expect(ada.page.get_by_test_id("login-password")).to_be_focused()
    if AXE.exists():
        assert serious_findings(ada) == []
    log_in(ada, "ada pass")
    ada.expect_phase("joined")
    eve.expect_phase("joined")
    ada.watches(1)
    assert eve.page.evaluate("() => sessionStorage.getItem('pyjitsi.login')") is None
    ada.page.reload()
    expect(ada.page.get_by_test_id("login-state")).to_contain_text("ada")
    ada.press("logout")
    expect(ada.page.get_by_test_id("login-open")).to_be_visible()


def test_a_guest_logs_in_within_the_meeting(party: Guests, open_to_guests: MeetingServer, room: str) -> None:
    ada, eve = (at_the_door(party, open_to_guests, name, room) for name in ("Ada", "Eve"))
    ada.press("login-open")
    log_in(ada, "ada pass")
    eve.expect_phase("joined")
    eve.press("toolbar-more")
    expect(eve.page.get_by_test_id("menu-security")).to_be_hidden()
    eve.press("menu-login")
    log_in(eve, "ada pass")
    expect(eve.page.get_by_test_id("login-user")).to_be_hidden(timeout=30_000)
    eve.press("toolbar-more")
    expect(eve.page.get_by_test_id("menu-security")).to_be_visible(timeout=20_000)


def test_where_only_members_come_in_the_page_asks_for_the_account(
    party: Guests, members_only: MeetingServer, room: str
) -> None:
    ada = at_the_door(party, members_only, "Ada", room)
    expect(ada.page.locator("h1")).to_contain_text("Log in")
    if AXE.exists():
        assert serious_findings(ada) == []
    log_in(ada, "ada pass")
    ada.expect_phase("joined")
    eve = at_the_door(party, members_only, "Eve", room)
    eve.page.wait_for_timeout(6000)  # a room that is open changes nothing
    eve.expect_phase("outside")
