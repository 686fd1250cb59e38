"""Which codec people send each other, in which layers, and how these change on screen."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.browser.conftest import Guests
from tests.browser.person import Person, eventually
from tests.support.server import MeetingServer

LARGE: ViewportSize = {"width": 1280, "height": 900}
SMALL: ViewportSize = {"width": 320, "height": 360}
VP8_ALONE = """
for (const kind of [RTCRtpReceiver, RTCRtpSender]) {
  const all = kind.getCapabilities.bind(kind);
  kind.getCapabilities = (media) => {
    const found = all(media);
    return {...found, codecs: found.codecs.filter((codec) => !/VP9|AV1/.test(codec.mimeType))};
  };
}
"""
Prefer = Callable[..., Guests]


@pytest.fixture
def prefer(browser: Browser, tmp_path: Path) -> Iterator[Prefer]:
    """A meeting server that prefers codecs."""
    parties: list[Guests] = []

    def begin(*codecs: str) -> Guests:
        config = tmp_path / "codecs.toml"
        config.write_text(f"[web]\ncodec_preference = {list(codecs)}\n")
        server = MeetingServer(tmp_path / "state", options=("--config", str(config)))
        parties.append(Guests(browser, server))
        server.start()
        return parties[-1]

    yield begin
    for party in parties:
        for person in party.people:
            person.close()
        party.server.stop()


def sent(person: Person) -> list[dict[str, Any]]:
    """The streams of somebody's camera that are sent."""
    return [each for each in person.outbound() if each["active"] and each["height"]]


def codecs(person: Person) -> set[str]:
    return {each["codec"] for each in sent(person)}


def seen(person: Person) -> dict[str, Any]:
    """The one picture that moves before somebody's eyes."""
    pictures = [each for each in person.inbound() if each["kind"] == "video" and each["frames"]]
    return max(
        pictures, key=lambda each: each["frames"], default={"height": 0, "frames": 0, "frozen": 0.0, "codec": ""}
    )


def watcher(guests: Guests, name: str, room: str, viewport: ViewportSize) -> Person:
    """Somebody without a camera."""
    return guests.invite(name, f"{room}#config.startWithVideoMuted=true", viewport=viewport)


@pytest.mark.parametrize(("codec", "streams"), [("VP8", 2), ("VP9", 1), ("AV1", 1)])
def test_each_sees_the_layer_that_fits_and_layers_change_without_a_freeze(
    prefer: Prefer, room: str, codec: str, streams: int
) -> None:
    guests = prefer(codec)
    ana = guests.invite("Ana", room, viewport=SMALL)
    ben = watcher(guests, "Ben", room, LARGE)
    cleo = watcher(guests, "Cleo", room, SMALL)
    top = 0

    def settled(large: Person, small: Person) -> bool:
        nonlocal top
        top = max((each["height"] for each in sent(ana)), default=0)
        return seen(large)["height"] == top == 2 * seen(small)["height"] > 0

    eventually(lambda: settled(ben, cleo), 40, ana.page, f"each has a layer; {seen(ben)}, {seen(cleo)}, {sent(ana)}")
    assert codecs(ana) == {codec}
    assert {seen(ben)["codec"], seen(cleo)["codec"]} == {codec}
    assert len(sent(ana)) == streams
    assert streams > 1 or sent(ana)[0]["mode"] == "L2T3_KEY"
    before = {each.name: seen(each) for each in (ben, cleo)}
    ben.page.set_viewport_size(SMALL)
    cleo.page.set_viewport_size(LARGE)
    took = eventually(lambda: settled(cleo, ben), 20, ana.page, "layers have changed over")
    ana.page.wait_for_timeout(2000)
    for each in (ben, cleo):
        after, earlier = seen(each), before[each.name]
        frozen = after["frozen"] - earlier["frozen"]
        print(
            f"{codec}, {each.name}: {earlier['height']} to {after['height']} within {took:.1f} s, frozen {frozen:.2f} s"
        )
        assert after["frames"] > earlier["frames"] + 20
        assert after["keyframes"] - earlier["keyframes"] <= 8, "a change takes one"
        assert frozen < 1.0


def test_a_meeting_speaks_the_codec_that_all_have(prefer: Prefer, room: str) -> None:
    guests = prefer("VP9", "VP8")
    ana, ben = guests.invite("Ana", room, viewport=SMALL), watcher(guests, "Ben", room, SMALL)
    eventually(lambda: codecs(ana) == {"VP9"} and seen(ben)["codec"] == "VP9", 30, ana.page, "VP9 is sent")
    cleo = guests.visitor("Cleo", viewport=SMALL)
    cleo.page.add_init_script(VP8_ALONE)
    cleo.join(guests.server.url, f"{room}#config.startWithVideoMuted=true")
    eventually(lambda: codecs(ana) == {"VP8"}, 20, ana.page, "VP8 for Cleo's sake")
    for each in (ben, cleo):
        eventually(lambda who=each: seen(who)["codec"] == "VP8", 20, ana.page, f"{each.name} gets it")
        frames = seen(each)["frames"]
        eventually(
            lambda who=each, had=frames: seen(who)["frames"] > had + 20, 20, ana.page, f"{each.name} sees Ana move"
        )
    cleo.leave()
    eventually(lambda: codecs(ana) == {"VP9"} and seen(ben)["codec"] == "VP9", 20, ana.page, "VP9 again")
