"""Breakout rooms, as a host with three guests lives through them."""

import re

import pytest
from playwright.sync_api import Locator, WebSocketRoute, expect

from tests.browser.conftest import OUTPUT, Guests
from tests.browser.person import Person, eventually
from tests.browser.test_pages import serious_findings

Class = tuple[Person, Person, Person, Person]


@pytest.fixture
def people(guests: Guests, room: str) -> Class:
    """Ana, who was first and so moderates, and three more."""
    return (
        guests.invite("Ana", room),
        guests.invite("Ben", room),
        guests.invite("Caio", room),
        guests.invite("Dora", room),
    )


def open_dialog(host: Person) -> None:
    host.press("toolbar-more")
    host.press("menu-breakouts")
    expect(host.page.get_by_role("dialog")).to_be_visible()


def place(host: Person, who: str, where: str) -> None:
    """Choose a room for somebody in the dialog."""
    row = host.page.get_by_role("dialog").locator("li").filter(has_text=who)
    row.locator('[data-testid^="place-of-"]').click()
    host.page.get_by_role("option", name=where, exact=True).click()


def card(host: Person, name: str) -> Locator:
    return host.page.get_by_test_id(f"room-{name}")


def together(*people: Person) -> None:
    """Each sees the others, and nobody else."""
    for person in people:
        others = sorted(each.name for each in people if each is not person)
        eventually(lambda: person.others() == others, 15, person.page, f"{person.name} is with {others}")  # noqa: B023


def test_by_hand_into_rooms_named_and_back(people: Class) -> None:
    ana, ben, caio, dora = people
    open_dialog(ana)
    ana.press("way-hand")
    place(ana, "Ben", "Room 1")
    place(ana, "Caio", "Room 1")
    place(ana, "Dora", "Room 2")
    assert serious_findings(ana) == []
    ana.picture(OUTPUT / "breakouts-plan.png")
    ana.press("breakouts-open")
    together(ben, caio)
    together(ana)
    together(dora)
    ben.watches(1)
    ben.hears(1)
    expect(ben.page.get_by_test_id("breakout-bar")).to_contain_text("Room 1")
    expect(card(ana, "Room 1").locator("li")).to_have_count(2)
    card(ana, "Room 1").get_by_test_id("room-rename").click()
    ana.page.get_by_test_id("room-name").fill("Garden")
    ana.page.keyboard.press("Enter")
    expect(ben.page.get_by_test_id("breakout-bar")).to_contain_text("Garden")
    # Somebody is moved on, the host looks in, somebody goes back alone.
    place(ana, "Caio", "Room 2")
    together(caio, dora)
    assert serious_findings(ana) == []
    ana.picture(OUTPUT / "breakouts-running.png")
    card(ana, "Garden").get_by_test_id("room-join").click()
    together(ana, ben)
    ana.watches(1)
    ben.press("breakout-back")
    together(ben)
    ben.press("toolbar-people")
    expect(ben.page.get_by_test_id("other-Room 2")).to_contain_text(re.compile("Caio.*Dora|Dora.*Caio"))
    expect(ben.page.get_by_test_id("other-Garden")).to_contain_text("Ana")
    assert serious_findings(ben) == []
    ben.picture(OUTPUT / "breakouts-people.png")
    # All together again, then the rooms are gone.
    open_dialog(ana)
    ana.press("return-all")
    ana.page.keyboard.press("Escape")
    together(ana, ben, caio, dora)
    caio.watches(3)
    open_dialog(ana)
    ana.press("breakouts-close")
    ana.press("confirm-yes")
    expect(ben.page.get_by_test_id("rooms-list")).to_be_hidden()
    expect(ana.page.get_by_test_id("breakouts-open")).to_be_visible()


def test_at_random_with_a_timer_a_word_to_all_and_the_end(people: Class) -> None:
    ana, *guests = people
    open_dialog(ana)
    expect(ana.page.get_by_test_id("rooms-count")).to_have_text("2")
    ana.press("rooms-more")
    ana.press("breakout-limit")
    ana.page.get_by_role("option", name="5 minutes", exact=True).click()
    ana.press("breakouts-open")
    for guest in guests:  # three rooms for three people
        expect(guest.page.get_by_test_id("breakout-bar")).to_contain_text("Room")
        together(guest)
        expect(guest.page.get_by_test_id("breakout-bar").get_by_role("timer")).to_have_text(re.compile(r"4:\d\d"))
    ana.page.get_by_test_id("broadcast").fill("Halfway <b>there</b> & well")
    ana.press("broadcast-send")
    for guest in guests:
        toast = guest.page.get_by_test_id("toast").filter(has_text="Ana to all rooms: Halfway <b>there</b> & well")
        expect(toast).to_be_visible()
    guests[0].press("toolbar-chat")
    expect(guests[0].page.get_by_test_id("chat-message")).to_contain_text("Halfway")
    guests[0].picture(OUTPUT / "breakouts-inside.png")
    ana.press("timer-more")
    expect(ana.page.get_by_test_id("breakout-left")).to_contain_text(re.compile(r"9:\d\d"))
    ana.page.evaluate("() => document.activeElement.blur()")
    ana.press("timer-stop")
    expect(guests[0].page.get_by_test_id("breakout-bar").get_by_role("timer")).to_be_hidden()
    ana.press("return-all")
    ana.page.keyboard.press("Escape")
    together(*people)


def test_from_a_list_also_those_who_come_later(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    open_dialog(ana)
    ana.press("way-list")
    ana.page.get_by_test_id("breakout-list").fill("Red: ben\nBlue: Dora, Caio")
    expect(ana.page.get_by_role("dialog")).to_contain_text("Not here yet: Dora, Caio")
    ana.press("breakouts-open")
    expect(ben.page.get_by_test_id("breakout-bar")).to_contain_text("Red")
    caio = guests.invite("Caio", room)
    expect(caio.page.get_by_test_id("breakout-bar")).to_contain_text("Blue", timeout=15_000)
    # The list is kept for the next time.
    ana.press("breakouts-close")
    ana.press("confirm-yes")
    together(ana, ben, caio)
    ana.press("way-list")
    expect(ana.page.get_by_test_id("breakout-list")).to_have_value("Red: ben\nBlue: Dora, Caio")


def test_where_people_may_not_choose_only_a_moderator_sends_them(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    open_dialog(ana)
    ana.press("way-hand")
    ana.press("breakout-free")
    ana.press("breakouts-open")
    ben.press("toolbar-people")
    expect(ben.page.get_by_test_id("rooms-list")).to_contain_text("A moderator sends people")
    expect(ben.page.get_by_test_id("other-Room 1").get_by_role("button")).to_be_hidden()
    place(ana, "Ben", "Room 2")
    expect(ben.page.get_by_test_id("breakout-bar")).to_contain_text("Room 2")
    ben.press("breakout-back")
    together(ana, ben)


def test_who_loses_the_connection_in_a_breakout_room_comes_back_into_it(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.visitor("Ben")
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        """To the server, which is to know no stream that could be taken up again (XEP-0198)."""
        server = socket.connect_to_server()
        socket.on_message(lambda said: server.send(re.sub('previd="[^"]*"', 'previd="forgotten"', str(said))))
        sockets.append(socket)

    ben.page.route_web_socket(re.compile("xmpp-websocket"), through)
    ben.join(guests.server.url, room)
    open_dialog(ana)
    ana.press("way-hand")
    place(ana, "Ben", "Room 1")
    ana.press("breakouts-open")
    expect(ben.page.get_by_test_id("breakout-bar")).to_contain_text("Room 1", timeout=15_000)
    card(ana, "Room 1").get_by_test_id("room-join").click()
    together(ana, ben)
    sockets[-1].close()
    ben.expect_phase("reconnecting")
    expect(ben.page.get_by_test_id("breakout-bar")).to_contain_text("Room 1", timeout=30_000)
    ben.expect_phase("joined")
    # The server keeps who he was for a while, in case that stream is taken up after all.
    eventually(lambda: ben.others() == ["Ana"], 15, ben.page, "Ben is with Ana")
    ben.watches(1)
    assert len(sockets) > 1
