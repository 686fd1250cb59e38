"""What a person at a browser does and perceives, in the words of the tests."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

# Keeps the page's peer connections, so that a test can ask WebRTC itself what was decoded.
WATCH_PEER_CONNECTIONS = """
window.__pcs = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  constructor(...args) { super(...args); window.__pcs.push(this); }
};
"""
INBOUND = """
async () => {
  const found = [];
  for (const pc of window.__pcs) {
    if (pc.connectionState !== 'connected') continue;
    const all = await pc.getStats();
    for (const report of all.values()) if (report.type === 'inbound-rtp') found.push({
      kind: report.kind, ssrc: report.ssrc, frames: report.framesDecoded ?? 0,
      energy: report.totalAudioEnergy ?? 0, packets: report.packetsReceived ?? 0,
      codec: all.get(report.codecId)?.mimeType.slice(6) ?? '', height: report.frameHeight ?? 0,
      frozen: report.totalFreezesDuration ?? 0, lost: report.packetsLost ?? 0, keyframes: report.keyFramesDecoded ?? 0,
    });
  }
  return found;
}
"""
OUTBOUND = """
async () => {
  const found = [];
  for (const pc of window.__pcs) {
    if (pc.connectionState !== 'connected') continue;
    const all = await pc.getStats();
    for (const report of all.values()) if (report.type === 'outbound-rtp' && report.kind === 'video') found.push({
      ssrc: report.ssrc, codec: all.get(report.codecId)?.mimeType.slice(6) ?? '', height: report.frameHeight ?? 0,
      frames: report.framesEncoded ?? 0, mode: report.scalabilityMode ?? '', active: report.active,
      keyframes: report.keyFramesEncoded ?? 0, limit: report.qualityLimitationReason ?? '',
    });
  }
  return found;
}
"""
# A hash of what each remote tile's video shows right now: still pictures hash alike, moving ones don't.
PICTURES = """
() => Object.fromEntries([...document.querySelectorAll('[data-testid^="tile-"] video')].map(video => {
  const canvas = document.createElement('canvas'); canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext('2d'); context.drawImage(video, 0, 0, 64, 36);
  let hash = 0; for (const byte of context.getImageData(0, 0, 64, 36).data) hash = (hash * 31 + byte) | 0;
  return [video.closest('[data-testid^="tile-"]').dataset.testid.slice(5), video.videoWidth ? hash : null];
}))
"""


def eventually(check: Callable[[], bool], seconds: float, page: Page, what: str) -> float:
    """Wait until the check holds; returns how long that took. Raises AssertionError naming what was awaited."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        page.wait_for_timeout(200)
    return time.monotonic() - began


class Person:
    """One browser profile with one page."""

    def __init__(self, context: BrowserContext, name: str) -> None:
        self.context: BrowserContext = context
        self.name: str = name
        self.page: Page = context.new_page()
        self.page.add_init_script(WATCH_PEER_CONNECTIONS)
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))

    def join(self, url: str, room: str) -> None:
        self.page.goto(url + room)
        self.page.get_by_test_id("prejoin-name").fill(self.name)
        self.page.get_by_test_id("prejoin-join").click()
        self.expect_phase("joined")

    def expect_phase(self, phase: str, seconds: float = 20) -> None:
        expect(self.page.get_by_test_id("phase")).to_have_attribute("data-phase", phase, timeout=seconds * 1000)

    def press(self, testid: str) -> None:
        self.page.get_by_test_id(testid).click()

    def say(self, text: str) -> None:
        """Write in the chat, opening it where it is closed."""
        if not self.page.get_by_test_id("chat-input").is_visible():
            self.press("toolbar-chat")
        self.page.get_by_test_id("chat-input").fill(text)
        self.press("chat-send")

    def others(self) -> list[str]:
        """Display names on the tiles, without one's own."""
        return sorted(
            text.strip() for text in self.page.get_by_test_id("tile-name").all_inner_texts() if self.name not in text
        )

    def inbound(self) -> list[dict[str, Any]]:
        return self.page.evaluate(INBOUND)

    def outbound(self) -> list[dict[str, Any]]:
        """The streams of one's own video; of what WebRTC never sent there is no height."""
        return self.page.evaluate(OUTBOUND)

    def watches(self, people: int, seconds: float = 20) -> float:
        """Wait until pictures of so many others move; returns the seconds it took."""
        before: dict[str, Any] = {}
        moving: set[str] = set()

        def moved() -> bool:
            nonlocal before
            now: dict[str, Any] = self.page.evaluate(PICTURES)
            moving.update(key for key, value in now.items() if value is not None and before.get(key, value) != value)
            before = now
            return len(moving) >= people + 1  # one's own moves too

        return eventually(moved, seconds, self.page, f"{self.name} sees {people} others move; {self.console[-8:]}")

    def hears(self, people: int, seconds: float = 20) -> None:
        """Wait until sound of so many others has arrived and is not silence."""
        first = {each["ssrc"]: each["energy"] for each in self.inbound() if each["kind"] == "audio"}

        def heard() -> bool:
            now = {each["ssrc"]: each["energy"] for each in self.inbound() if each["kind"] == "audio"}
            return sum(energy > first.get(ssrc, 0.0) for ssrc, energy in now.items()) >= people

        eventually(heard, seconds, self.page, f"{self.name} hears {people} others")

    def picture(self, file: Path) -> None:
        file.parent.mkdir(exist_ok=True)
        self.page.screenshot(path=file)

    def leave(self) -> None:
        self.press("toolbar-leave")
        self.expect_phase("left")

    def close(self) -> None:
        self.context.close()
