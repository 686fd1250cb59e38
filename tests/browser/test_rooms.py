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
    ben.page.get_by_test_id("lobby-chat").fill("It's me, from the library")
    ben.press("lobby-send")
    assert serious_findings(ben) == []
    ben.picture(OUTPUT / "lobby.png")
    ana.press("toolbar-people")
    waiting = ana.page.get_by_test_id("knockers").locator("li")
    expect(waiting).to_have_count(2)
    row = waiting.filter(has_text="Ben")
    expect(row).to_contain_text("from the library")
    row.get_by_test_id("knocker-chat").click()
    row.get_by_test_id("lobby-chat").fill("Come in")
    row.get_by_test_id("lobby-send").click()
    expect(ben.page.get_by_test_id("lobby-message").last).to_contain_text("Come in")
    assert serious_findings(ana) == []
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
    expect(mic).to_have_attribute("aria-label", re.compile("moderator decides who speaks"))
    mic.click(force=True)
    ask = ben.page.get_by_test_id("toast").filter(has_text="Raise your hand to ask")
    ask.get_by_role("button", name="Raise hand").click()
    expect(mic).to_have_attribute("aria-label", re.compile("Unmute"))
    assert serious_findings(ben) == []
    ben.picture(OUTPUT / "not-allowed-to-speak.png")
    ana.press("toolbar-people")
    row = ana.page.locator('[data-testid^="person-"]').filter(has_text="Ben")
    row.locator('[data-testid^="options-"]').click()
    ana.picture(OUTPUT / "moderator-menu.png")
    ana.press("allow-audio")
    expect(ben.page.get_by_test_id("toast").filter(has_text="You may speak now")).to_be_visible()
    mic.click()
    expect(mic).to_have_attribute("aria-label", re.compile("Mute"))


def test_only_moderators_write_where_they_said_so(guests: Guests, room: str) -> None:
    ana, ben, eve = guests.invite("Ana", room), guests.invite("Ben", room), guests.invite("Eve", room)
    open_security(ana)
    ana.press("security-groupChat")
    ana.press("security-privateChat")
    expect(ana.page.get_by_test_id("security-privateChat")).to_be_checked()
    ana.page.keyboard.press("Escape")
    ben.press("toolbar-chat")
    expect(ben.page.get_by_test_id("chat-input")).to_be_disabled()
    ben.press("chat-to")
    expect(ben.page.get_by_role("option")).to_have_text(["Everyone", "Ana"])
    ben.page.get_by_role("option", name="Ana").click()
    ben.say("May I?")
    expect(ana.page.get_by_test_id("toast").filter(has_text="May I?")).to_be_visible()
    expect(eve.page.get_by_test_id("toast").filter(has_text="May I?")).to_be_hidden()


def test_nobody_is_removed_by_a_slip_of_the_hand(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ana.press("toolbar-people")
    row = ana.page.locator('[data-testid^="person-"]').filter(has_text="Ben")
    for answer in ("confirm-no", "confirm-yes"):
        row.locator('[data-testid^="options-"]').click()
        ana.press("kick")
        expect(ana.page.get_by_role("dialog")).to_contain_text("Remove Ben?")
        ana.picture(OUTPUT / "remove.png")
        ana.press(answer)
    ben.expect_phase("failed")


def test_a_poll_is_asked_answered_and_seen_by_all(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ana.press("toolbar-more")
    ana.press("menu-polls")
    ana.press("poll-new")
    ana.page.get_by_test_id("poll-question").fill("Soup & <b>bread</b>?")
    ana.page.get_by_test_id("poll-answer-0").fill("Yes")
    ana.page.get_by_test_id("poll-answer-1").fill("No")
    ana.press("poll-ask")
    toast = ben.page.get_by_test_id("toast").filter(has_text="Ana asks: Soup & <b>bread</b>?")
    toast.get_by_role("button", name="Answer").click()
    ben.page.get_by_test_id("poll").get_by_label("Yes").check()
    ben.press("poll-vote")
    expect(ben.page.get_by_test_id("poll-result").first).to_contain_text("100 % · 1")
    ana.page.get_by_test_id("poll").get_by_label("No").check()
    ana.press("poll-vote")
    expect(ana.page.get_by_test_id("poll-result").first).to_contain_text("Ben")
    expect(ben.page.get_by_test_id("poll-result").last).to_contain_text("50 % · 1")
    eve = guests.invite("Eve", room)  # who comes later sees it too
    eve.press("toolbar-more")
    eve.press("menu-polls")
    eve.page.get_by_role("button", name="See results").click()
    expect(eve.page.get_by_test_id("poll")).to_contain_text("2 people answered")
    assert serious_findings(ana) == []
    ana.picture(OUTPUT / "polls.png")


def test_it_is_counted_who_speaks(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ben.hears(1)
    ana.press("toolbar-more")
    ana.press("menu-speakers")
    times = ana.page.get_by_test_id("speakers")
    expect(times.locator("li")).to_have_count(2)
    expect(times).to_contain_text(re.compile(r"0:0[1-9]"), timeout=20_000)
    assert serious_findings(ana) == []
    eve = guests.invite("Eve", room)  # the server counted for who comes later
    eve.press("toolbar-more")
    eve.press("menu-speakers")
    expect(eve.page.get_by_test_id("speakers")).to_contain_text(re.compile(r"0:(0[1-9]|[1-9]\d)"))


def test_a_tenants_room_is_a_room_of_its_own(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", f"acme/{room}"), guests.invite("Ben", f"acme/{room}")
    eve = guests.invite("Eve", room)
    ana.watches(1)
    assert ana.others() == ["Ben"]
    assert ben.others() == ["Ana"]
    assert eve.others() == []
    ana.say("only us")
    expect(ben.page.get_by_test_id("toast").filter(has_text="only us")).to_be_visible()
    ana.press("toolbar-leave")
    ana.press("home")
    expect(ana.page.get_by_text(f"acme/{room}")).to_be_visible()
