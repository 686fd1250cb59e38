"""A browser whose network changes: ICE is restarted in the session that there is, and nobody misses a moment."""

from playwright.sync_api import expect

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
    # A quarter of a second on an idle machine; on a loaded one encoders pause by themselves.
    assert max(seen["gap"], others["gap"]) < 4000, (seen, others)
    ana.watches(1)
    ben.watches(1)


# Keeps the page's web-sockets, to break them as a network does that is gone.
WATCH_SOCKETS = """
window.__sockets = [];
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...args) { super(...args); window.__sockets.push(this); }
};
"""


def test_a_lost_connection_to_the_server_is_taken_up_again(guests: Guests, room: str) -> None:
    ana, ben = guests.visitor("Ana"), guests.invite("Ben", room)
    ana.page.add_init_script(WATCH_SOCKETS)
    ana.join(guests.server.url, room)
    for person in (ana, ben):
        person.watches(1)
        person.page.evaluate(WATCH)
    before = ana.page.evaluate(WHERE)
    sockets = ana.page.evaluate("() => window.__sockets.length")
    ana.page.evaluate("() => window.__sockets.filter(each => /xmpp-websocket/.test(each.url)).at(-1).close()")
    ben.say("are you there?")
    ana.press("toolbar-chat")
    expect(ana.page.get_by_test_id("chat-message")).to_contain_text("are you there?", timeout=10_000)
    ana.say("I am")
    expect(ben.page.get_by_test_id("chat-message").last).to_contain_text("I am", timeout=10_000)
    assert ana.page.evaluate("() => window.__sockets.at(-1).url").partition("previd=")[2], "the stream was resumed"
    assert ana.page.evaluate("() => window.__sockets.length") == sockets + 1
    seen = ana.page.evaluate(SEEN)
    assert ana.page.evaluate(WHERE) == before, "the session is the same"
    assert not seen["states"]
    assert ben.others() == ["Ana"]
    ana.expect_phase("joined")
    # The focus still hears her: ICE restarts, by the stream that was taken up.
    ana.page.evaluate("() => window.dispatchEvent(new Event('online'))")
    eventually(lambda: changed(ana, before), 10, ana.page, f"another pair; {ana.console[-8:]}")
