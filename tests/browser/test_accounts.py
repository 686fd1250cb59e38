"""Entering with an organisation's account, as people live through it: a real provider's pages, there and back."""

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OUTPUT, Guests
from tests.browser.person import Person
from tests.browser.test_pages import serious_findings
from tests.support.accounts import SETTINGS, accounts_server
from tests.support.identity_provider import PASSWORD
from tests.support.server import MeetingServer

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[MeetingServer]:
    with accounts_server(tmp_path_factory.mktemp("accounts"), SETTINGS) as running:
        yield running[0]


@pytest.fixture
def people(browser: Browser, server: MeetingServer) -> Iterator[Guests]:
    party = Guests(browser, server)
    yield party
    for person in party.people:
        person.close()


def at_the_provider(page: Page, name: str) -> None:
    """What somebody does on the provider's pages."""
    page.locator("input[name=login]").fill(name)
    page.locator("form button[type=submit], form input[type=submit]").first.click()
    for _ in range(3):  # it sometimes finds nobody the first time, when asked for several pages at once
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form button[type=submit], form input[type=submit]").first.click()
        page.wait_for_load_state()
        if not page.locator("input[name=password]").count():
            break


def log_in(person: Person, url: str, name: str) -> None:
    person.page.goto(url)
    person.press("log-in-first")
    at_the_provider(person.page, name)
    expect(person.page.get_by_test_id("account-menu")).to_be_visible(timeout=20_000)


def test_people_log_in_meet_and_log_out(people: Guests, room: str) -> None:
    url = people.server.url + room
    ada, ben = people.visitor("Ada Lovelace"), people.visitor("Ben Okri")
    ada.page.goto(url + "#config.startWithAudioMuted=true")
    expect(ada.page.get_by_test_id("prejoin-join")).to_have_count(0)
    assert serious_findings(ada) == []
    ada.press("log-in-first")
    at_the_provider(ada.page, "ada")
    expect(ada.page.get_by_test_id("prejoin-name")).to_have_value("Ada Lovelace")
    assert ada.page.url == url + "#config.startWithAudioMuted=true"
    assert serious_findings(ada) == []
    log_in(ben, url, "ben")
    for person in (ada, ben):
        person.press("prejoin-join")
        person.expect_phase("joined")
    ada.watches(1)
    assert ada.others() == ["Ben Okri"]
    # Ada is in the group of hosts: hers are a moderator's controls, and not Ben's.
    for person, moderates in ((ada, True), (ben, False)):
        person.press("toolbar-more")
        expect(person.page.get_by_test_id("menu-settings")).to_be_visible()
        expect(person.page.get_by_test_id("menu-security")).to_have_count(int(moderates))
        person.page.keyboard.press("Escape")
    ben.leave()
    ben.press("account-menu")
    ben.press("log-out")
    ben.page.wait_for_url(people.server.url)
    expect(ben.page.get_by_test_id("log-in")).to_be_visible()
    # The provider asks again.
    ben.press("log-in")
    expect(ben.page.locator("input[name=login], input[name=password]").first).to_be_visible()


def test_a_log_in_that_fails_is_said_in_words(people: Guests, room: str) -> None:
    eve = people.visitor("Eve")
    eve.page.goto(f"{people.server.url}oidc/callback?code=stolen&state=guessed")
    expect(eve.page.get_by_role("alert")).to_contain_text("took too long")
    assert "login-error" not in eve.page.url
    eve.page.goto(f"{people.server.url}{room}#login-error=forbidden")
    expect(eve.page.get_by_role("alert")).to_contain_text("may not enter")
    assert serious_findings(eve) == []


def test_a_session_that_ended_is_said_and_leads_to_the_log_in(people: Guests, room: str) -> None:
    ada = people.visitor("Ada Lovelace")
    log_in(ada, people.server.url + room, "ada")
    ada.context.clear_cookies()
    ada.press("prejoin-join")
    ada.expect_phase("failed")
    assert serious_findings(ada) == []
    ada.press("log-in-again")
    expect(ada.page.locator("input[name=login], input[name=password]").first).to_be_visible()


@pytest.mark.parametrize("locale", ["en", "pt-BR"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_pages_fit(people: Guests, room: str, locale: str, size: dict[str, int]) -> None:
    ada = people.visitor("Ada Lovelace", locale=locale, viewport=size)
    name = f"{size['width']}-{locale}"

    def look(page: str) -> None:
        ada.picture(OUTPUT / f"account-{page}-{name}.png")
        assert serious_findings(ada) == []
        wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert ada.page.evaluate(wide) is False
        # What is cut off widens no page.
        edge = "button => button.getBoundingClientRect().right <= innerWidth"
        for button in ada.page.locator("header button").all():
            assert button.evaluate(edge)

    ada.page.goto(people.server.url)
    expect(ada.page.get_by_test_id("log-in")).to_be_visible()
    look("front")
    ada.page.goto(people.server.url + room + "#login-error=expired")
    expect(ada.page.get_by_test_id("log-in-first")).to_be_visible()
    look("first")
    ada.press("log-in-first")
    at_the_provider(ada.page, "ada")
    expect(ada.page.get_by_test_id("account-menu")).to_be_visible(timeout=20_000)
    look("joining")
    ada.press("account-menu")
    expect(ada.page.get_by_test_id("log-out")).to_be_visible()
    look("menu")
