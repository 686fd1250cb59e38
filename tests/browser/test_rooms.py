"""Who may enter and who may speak, as hosts and guests at their browsers live through it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OUTPUT, Guests
from tests.browser.person import Person
from tests.browser.test_pages import serious_findings


def arrive(guests: Guests, name: str, room: str) -> Person:
    """Somebody who presses the button to join, and does not get in at once."""
    person = guests.visitor(name)
    person.page.goto(guests.server.url + room)
    person.page.get_by_test_id("prejoin-name").fill(name)
    person.press("prejoin-join")
    person.expect_phase("outside")
    return person


def open_security(host: Person) -> None:
    host.press("toolbar-more")
    host.press("menu-security")
    expect(host.page.get_by_test_id("security-password")).to_be_visible()


def test_a_password_is_asked_for_and_a_wrong_one_is_said(guests: Guests, room: str) -> None:
    ana = guests.invite("Ana", room)
    open_security(ana)
    ana.page.get_by_test_id("security-password").fill("s3cret")
    ana.press("security-password-set")
    expect(ana.page.get_by_test_id("security-password-remove")).to_be_visible()
    assert serious_findings(ana) == []
    ana.picture(OUTPUT / "security.png")
    ben = arrive(guests, "Ben", room)
    for password, phase in (("guess", "outside"), ("s3cret", "joined")):
        ben.page.get_by_test_id("room-password").fill(password)
        ben.press("room-password-send")
        if phase == "outside":
            expect(ben.page.get_by_role("alert")).to_be_visible()
            assert serious_findings(ben) == []
        ben.expect_phase(phase)


def test_who_knocks_is_admitted_or_refused(guests: Guests, room: str) -> None:
    ana = guests.invite("Ana", room)
    open_security(ana)
    ana.press("security-lobby")
    expect(ana.page.get_by_test_id("security-lobby")).to_be_checked()
    ana.page.keyboard.press("Escape")
    ben, eve = arrive(guests, "Ben", room), arrive(guests, "Eve", room)
    expect(ben.page.get_by_test_id("lobby-chat")).to_be_visible()
    assert serious_findings(ben) == []
    ben.picture(OUTPUT / "lobby.png")
    ana.press("toolbar-people")
    waiting = ana.page.get_by_test_id("knockers").locator("li")
    expect(waiting).to_have_count(2)
    ana.picture(OUTPUT / "knockers.png")
    waiting.filter(has_text="Ben").get_by_test_id("admit").click()
    ben.expect_phase("joined")
    waiting.filter(has_text="Eve").get_by_test_id("refuse").click()
    eve.expect_phase("failed")
    expect(eve.page.locator("h1")).to_contain_text("not let in")


def test_in_a_moderated_room_people_speak_once_they_are_allowed(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    open_security(ana)
    ana.press("security-audio")
    expect(ana.page.get_by_test_id("security-audio")).to_be_checked()
    ana.page.keyboard.press("Escape")
    mic = ben.page.get_by_test_id("toolbar-mic")
    expect(mic).to_have_attribute("aria-label", re.compile("Unmute"))
    mic.click()
    expect(ben.page.get_by_test_id("toast").filter(has_text="You may not do that")).to_be_visible()
    expect(mic).to_have_attribute("aria-label", re.compile("Unmute"))
    ana.press("toolbar-people")
    row = ana.page.locator('[data-testid^="person-"]').filter(has_text="Ben")
    row.locator('[data-testid^="options-"]').click()
    ana.picture(OUTPUT / "moderator-menu.png")
    ana.press("allow-audio")
    expect(ben.page.get_by_test_id("toast").filter(has_text="You may speak now")).to_be_visible()
    mic.click()
    expect(mic).to_have_attribute("aria-label", re.compile("Mute"))
