"""A Chromium that joins a room and watches: ``python -m tests.bench.browser_inside URL ROOM NAME SAMPLES``.

It runs in whatever network namespace it is started in. On SIGTERM it writes what getStats said, twenty times a second,
in the machine's monotonic time.
"""

import json
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from playwright.sync_api import sync_playwright

from tests.bench.adaptation import READY
from tests.browser.person import Person

SAMPLE = """
() => {
  window.__samples = [];
  setInterval(async () => {
    for (const pc of window.__pcs) {
      if (pc.connectionState !== 'connected') continue;
      const sample = {wall: Date.now() / 1000};
      for (const report of (await pc.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video' && report.framesDecoded > 0) sample.video = {
          height: report.frameHeight, frames: report.framesDecoded, freezes: report.freezeCount,
          frozen: report.totalFreezesDuration, lost: report.packetsLost, pli: report.pliCount,
          nack: report.nackCount, received: report.bytesReceived, again: report.retransmittedPacketsReceived,
        };
        if (report.type === 'inbound-rtp' && report.kind === 'audio' && report.packetsReceived > 0) sample.audio = {
          packets: report.packetsReceived, concealed: report.concealedSamples, lost: report.packetsLost,
        };
        if (report.type === 'outbound-rtp' && report.kind === 'video' && report.frameHeight) (sample.out ??= []).push(
          [report.frameHeight, report.framesEncoded, report.qualityLimitationReason]);
        if (report.type === 'candidate-pair' && report.nominated) sample.link = {
          uplink: report.availableOutgoingBitrate, trip: report.currentRoundTripTime,
        };
      }
      window.__samples.push(sample);
    }
  }, 50);
}
"""


def main() -> None:
    """Join, and stay until SIGTERM."""
    url, room, name, samples = sys.argv[1:]
    over = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal over
        over = True

    signal.signal(signal.SIGTERM, end)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            handle_sigterm=False,
            args=["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                  "--disable-background-networking",
                  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
                  "--autoplay-policy=no-user-gesture-required"],
        )  # fmt: skip
        person = Person(browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800}), name)
        person.join(url, room)
        person.page.evaluate(SAMPLE)
        print(READY, flush=True)
        while not over:
            person.page.wait_for_timeout(200)
        offset = time.monotonic() - time.time()
        taken = person.page.evaluate("() => window.__samples")
        Path(samples).write_text(json.dumps([{**each, "at": each["wall"] + offset} for each in taken]))
        browser.close()


if __name__ == "__main__":
    main()
