"""What somebody sees who can't join as they wished, and whether everybody can use the pages."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, Guests
from tests.browser.person import Person, eventually

AXE = ROOT / "pyjitsi/web/client/node_modules/axe-core/axe.min.js"
REFUSE = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', 'NotAllowedError'));
"""


def serious_findings(person: Person) -> list[Any]:
    """What axe (WCAG checks) holds for serious or worse."""
    person.page.evaluate(AXE.read_text())
    found = person.page.evaluate("async () => (await axe.run()).violations")
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed; run make client")
def test_the_pages_are_usable_by_everybody(guests: Guests, room: str) -> None:
    visitor = guests.visitor()
    visitor.page.goto(guests.server.url)
    expect(visitor.page.get_by_test_id("room-input")).to_be_visible()
    assert serious_findings(visitor) == []
    visitor.page.goto(guests.server.url + room)
    expect(visitor.page.get_by_test_id("prejoin-join")).to_be_visible()
    assert serious_findings(visitor) == []
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ana.watches(1)
    ben.say("hello")
    ana.press("toolbar-chat")
    assert serious_findings(ana) == []


def test_who_refuses_camera_and_microphone_is_told_so_and_can_join_all_the_same(guests: Guests, room: str) -> None:
    shy = guests.visitor("Shy")
    shy.page.add_init_script(REFUSE)
    shy.page.goto(guests.server.url + room)
    expect(shy.page.locator("main")).to_contain_text("camera", ignore_case=True)
    shy.join(guests.server.url, room)
    ana = guests.invite("Ana", room)
    shy.watches(0)  # without a camera of one's own, the one picture that moves is Ana's
    eventually(lambda: ana.others() == ["Shy"], 10, ana.page, "Ana sees that Shy is there")


def test_a_made_up_room_name_leads_into_a_room(guests: Guests) -> None:
    visitor = guests.visitor("Vi")
    visitor.page.goto(guests.server.url)
    visitor.press("go")
    expect(visitor.page.get_by_test_id("prejoin-join")).to_be_visible()
    assert len(visitor.page.url.removeprefix(guests.server.url)) > 5


def test_the_page_speaks_portuguese_to_those_who_do(guests: Guests) -> None:
    visitor = guests.visitor(locale="pt-BR")
    visitor.page.goto(guests.server.url)
    expect(visitor.page.locator("html")).to_have_attribute("lang", "pt-BR")
    expect(visitor.page.get_by_test_id("go")).to_contain_text("entrar", ignore_case=True)


def test_a_screen_is_shared_and_stopped(guests: Guests, room: str) -> None:
    ana = guests.visitor("Ana")
    ana.page.add_init_script("navigator.mediaDevices.getDisplayMedia = async () => {"
                             "const c = document.createElement('canvas'); c.width = 1280; c.height = 720;"
                             "const x = c.getContext('2d'); let n = 0; setInterval(() => { x.fillStyle ="
                             "`hsl(${n++ * 7 % 360} 80% 50%)`; x.fillRect(0, 0, 1280, 720); }, 100);"
                             "return c.captureStream(10); };")  # fmt: skip
    ana.join(guests.server.url, room)
    ben = guests.invite("Ben", room)
    ben.watches(1)
    ana.press("toolbar-screen")
    shared = ben.page.locator('[data-testid^="screen-"] video')
    expect(shared).to_be_visible(timeout=10_000)
    eventually(lambda: shared.evaluate("video => video.videoWidth") > 0, 10, ben.page, "Ben sees the screen")
    ana.press("toolbar-screen")
    expect(shared).to_be_hidden(timeout=10_000)


def test_people_stay_when_focus_prosody_or_the_web_service_is_killed(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    ana.watches(1)
    for service in ("focus", "prosody", "web"):
        guests.server.kill(service)
        ana.page.wait_for_timeout(1500)
        for person, other in ((ana, "Ben"), (ben, "Ana")):
            person.expect_phase("joined", 30)
            eventually(
                lambda p=person, o=other: p.others() == [o], 30, person.page, f"{person.name} sees {other} again"
            )
            person.watches(1, seconds=30)
        ben.say(f"back after {service}")
        if not ana.page.get_by_test_id("chat-input").is_visible():
            ana.press("toolbar-chat")
        heard = ana.page.get_by_test_id("chat-message").last  # once both streams are back
        expect(heard).to_contain_text(f"back after {service}", timeout=20_000)


def test_the_stream_is_not_ended_by_anything_that_the_client_sends(guests: Guests, room: str) -> None:
    ana = guests.invite("Ana", room)
    ben = guests.invite("Ben", room)
    ana.page.wait_for_timeout(12_000)  # over the first ping
    assert [line for line in (*ana.console, *ben.console) if "stream error" in line] == []
    assert ana.others() == ["Ben"]
