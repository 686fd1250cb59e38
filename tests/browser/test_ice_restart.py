"""A browser whose network changes: ICE is restarted in the session that there is, and nobody misses a moment."""

from tests.browser.conftest import Guests
from tests.browser.person import Person, eventually

# Notes the longest time in which no frame of anybody was decoded, and every state of ICE.
WATCH = """
() => {
  const pc = window.__pcs.at(-1);
  const seen = {last: performance.now(), gap: 0, frames: 0, states: []};
  let ran = performance.now();
  pc.addEventListener('iceconnectionstatechange', () => seen.states.push(pc.iceConnectionState));
  window.__seen = seen;
  window.__watching = setInterval(async () => {
    let frames = 0;
    for (const report of (await pc.getStats()).values())
      if (report.type === 'inbound-rtp' && report.kind === 'video') frames += report.framesDecoded ?? 0;
    const now = performance.now();
    if (now - ran > 200) seen.last += now - ran;  // the whole page stood still
    ran = now;
    if (frames > seen.frames) {
      if (seen.frames) seen.gap = Math.max(seen.gap, now - seen.last);
      seen.frames = frames; seen.last = now;
    }
  }, 50);
}
"""
SEEN = """
() => { const {gap, last, states} = window.__seen; return {gap: Math.max(gap, performance.now() - last), states}; }
"""
WHERE = """
async () => {
  const pc = window.__pcs.at(-1);
  const reports = [...(await pc.getStats()).values()];
  const transport = reports.find(each => each.type === 'transport');
  const pair = reports.find(each => each.id === transport?.selectedCandidatePairId);
  const local = reports.find(each => each.id === pair?.localCandidateId);
  return {
    sessions: window.__pcs.length, state: pc.iceConnectionState,
    ours: local?.usernameFragment, theirs: /a=ice-ufrag:(\\S+)/.exec(pc.currentRemoteDescription.sdp)[1],
  };
}
"""


def changed(person: Person, before: dict[str, object]) -> bool:
    """Whether media has moved to a pair of new credentials on both sides."""
    now = person.page.evaluate(WHERE)
    return all(now[each] not in (None, before[each]) for each in ("ours", "theirs"))


def test_another_network_moves_media_without_a_new_session(guests: Guests, room: str) -> None:
    ana, ben = guests.invite("Ana", room), guests.invite("Ben", room)
    for person in (ana, ben):
        person.watches(1)
        person.page.evaluate(WATCH)
    ana.page.wait_for_timeout(500)
    before = ana.page.evaluate(WHERE)
    ana.page.evaluate("() => window.dispatchEvent(new Event('online'))")
    took = eventually(lambda: changed(ana, before), 10, ana.page, f"another pair; {ana.console[-8:]}")
    ana.page.wait_for_timeout(5000)  # the bridge lets the old pair go
    seen, others = ana.page.evaluate(SEEN), ben.page.evaluate(SEEN)
    print(f"moved after {took:.1f} s; without a frame for {seen['gap']:.0f} ms, Ben for {others['gap']:.0f} ms")
    now = ana.page.evaluate(WHERE)
    assert (now["sessions"], now["state"]) == (before["sessions"], "connected")
    assert not {"disconnected", "failed", "closed"} & set(seen["states"]), seen
    assert max(seen["gap"], others["gap"]) < 1500, (seen, others)
    ana.watches(1)
    ben.watches(1)
