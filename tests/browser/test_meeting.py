"""Three people meet: each sees and hears the two others, and what one does reaches the rest."""

from playwright.sync_api import expect

from tests.browser.conftest import OUTPUT, Guests
from tests.browser.person import eventually


def test_three_people_see_hear_and_read_each_other(guests: Guests, room: str) -> None:
    ana, ben, cleo = (guests.invite(name, room) for name in ("Ana", "Ben", "Cleo"))
    for person in (ana, ben, cleo):
        person.watches(2)
        person.hears(2)
    assert ana.others() == ["Ben", "Cleo"]
    assert ben.others() == ["Ana", "Cleo"]

    ben.press("toolbar-mic")
    tile = ana.page.locator('[data-testid^="tile-"]').filter(has_text="Ben")
    expect(tile.get_by_test_id("tile-muted")).to_be_visible(timeout=5000)
    ben.press("toolbar-mic")
    expect(tile.get_by_test_id("tile-muted")).to_be_hidden(timeout=5000)

    cleo.say("Good morning & <b>hello</b>")
    for person in (ana, ben):
        person.press("toolbar-chat")
        expect(person.page.get_by_test_id("chat-message")).to_contain_text("Good morning & <b>hello</b>")

    cleo.leave()
    for person in (ana, ben):
        eventually(lambda who=person: len(who.others()) == 1, 10, person.page, f"{person.name} sees Cleo gone")
    ana.watches(1)


def test_a_camera_can_be_stopped_and_started(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ana.watches(1)
    ben.press("toolbar-camera")
    tile = ana.page.locator('[data-testid^="tile-"]').filter(has_text="Ben")
    expect(tile.locator("video")).to_be_hidden(timeout=5000)
    ben.press("toolbar-camera")
    ana.watches(1)


def test_a_raised_hand_is_seen(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ben.press("toolbar-hand")
    tile = ana.page.locator('[data-testid^="tile-"]').filter(has_text="Ben")
    expect(tile.get_by_test_id("tile-hand")).to_be_visible(timeout=5000)


def test_people_get_each_other_back_after_the_bridge_was_killed(guests: Guests, room: str) -> None:
    ana, ben, cleo = (guests.invite(name, room) for name in ("Ana", "Ben", "Cleo"))
    for person in (ana, ben, cleo):
        person.watches(2)
    guests.server.kill("bridge")
    ana.page.wait_for_timeout(1000)
    took = max(person.watches(2, seconds=15) for person in (ana, ben, cleo))
    print(f"pictures moved again {took + 1:.1f} s after the bridge was killed")
    for person in (ana, ben, cleo):
        person.hears(2)


def test_screenshots_of_front_page_prejoin_and_four_people(guests: Guests, room: str) -> None:
    visitor = guests.visitor()
    visitor.page.goto(guests.server.url)
    expect(visitor.page.get_by_test_id("room-input")).to_be_visible()
    visitor.picture(OUTPUT / "front-page.png")
    visitor.page.goto(guests.server.url + room)
    expect(visitor.page.get_by_test_id("prejoin-join")).to_be_visible()
    visitor.page.wait_for_timeout(1500)
    visitor.picture(OUTPUT / "prejoin.png")
    people = [guests.invite(name, room) for name in ("Ana", "Ben", "Cleo", "Davi")]
    people[0].watches(3, seconds=30)
    people[0].picture(OUTPUT / "meeting-of-four.png")
    people[0].page.set_viewport_size({"width": 390, "height": 844})
    people[0].page.wait_for_timeout(1000)
    people[0].picture(OUTPUT / "meeting-on-a-phone.png")
