// @vitest-environment jsdom
/** One stream that outlives its sockets: what is asked before a loss is answered after it, and nobody else answers. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { element } from "./xml";

interface Options {
  streamManagement: { storage: { save(key: string, state: unknown): void } };
}

/** Streams that were opened, in order; each is what strophe.js would be. */
const streams = vi.hoisted(() => [] as FakeStream[]);

class FakeStream {
  jid = "3fa81c02@d/r";
  sent: Element[] = [];
  resumed = false;
  handler: (stanza: Element) => boolean = () => true;
  status: (status: number, failure?: Element) => void = () => {};
  constructor(
    readonly url: string,
    readonly options: Options,
  ) {
    streams.push(this);
  }
  connect(_jid: string, _password: string, status: (status: number, condition: null, failure?: Element) => void) {
    this.status = (code, failure) => status(code, null, failure);
  }
  addHandler(handler: (stanza: Element) => boolean) {
    this.handler = handler;
  }
  hasResumed() {
    return this.resumed;
  }
  send(stanza: Element) {
    this.sent.push(stanza);
  }
  flush() {}
  disconnect() {}
  /** The stream stands, and can be resumed. */
  up(resumed = false) {
    this.resumed = resumed;
    this.options.streamManagement.storage.save("", { id: "token", resumeSupported: true });
    this.status(5);
  }
  answers(asked: Element | undefined, from: string, type = "result") {
    this.handler(element("iq", { type, from, id: asked?.getAttribute("id") ?? "" }));
  }
}

vi.mock("strophe.js", () => ({
  Strophe: { Connection: FakeStream, Status: { CONNECTED: 5, DISCONNECTED: 6, CONNFAIL: 2, AUTHFAIL: 4 } },
}));

const { XmppConnection } = await import("./xmpp");
const hosts = { domain: "d", muc: "c.d" };
const ask = () => element("iq", { type: "set", to: "a@c.d/focus" }, element("jingle"));

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  streams.length = 0;
  for (const each of open.splice(0)) each.close();
});
const open: { close(): void }[] = [];

async function connected() {
  const xmpp = new XmppConnection({ hosts, websocket: "wss://d/xmpp-websocket" });
  open.push(xmpp);
  const closed = vi.fn();
  xmpp.onClosed = closed;
  const done = xmpp.connect("a");
  streams[0]?.up();
  await done;
  return { xmpp, closed };
}

test("only who was asked answers", async () => {
  const { xmpp } = await connected();
  const answer = vi.fn();
  void xmpp.iq(ask()).then(answer);
  streams[0]?.answers(streams[0].sent.at(-1), "a@c.d/mallory");
  await vi.advanceTimersByTimeAsync(0);
  expect(answer).not.toHaveBeenCalled();
  streams[0]?.answers(streams[0].sent.at(-1), "A@c.d/focus");
  await vi.advanceTimersByTimeAsync(0);
  expect(answer).toHaveBeenCalledTimes(1);
});

test("a lost socket is opened again by the token, and what was asked before is answered after", async () => {
  const { xmpp, closed } = await connected();
  const answer = vi.fn();
  void xmpp.iq(ask()).then(answer);
  const asked = streams[0]?.sent.at(-1);
  streams[0]?.status(6);
  xmpp.send(element("message", { to: "a@c.d" }));
  await vi.advanceTimersByTimeAsync(300);
  expect(streams[1]?.url).toBe("wss://d/xmpp-websocket?room=a&previd=token");
  streams[1]?.up(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(streams[1]?.sent.map((each) => each.localName)).toEqual(["message"]);
  streams[0]?.answers(asked, "a@c.d/focus"); // the old socket, late: the new one will tell it again
  await vi.advanceTimersByTimeAsync(0);
  expect(answer).not.toHaveBeenCalled();
  streams[1]?.answers(asked, "a@c.d/focus");
  await vi.advanceTimersByTimeAsync(0);
  expect([answer.mock.calls.length, closed.mock.calls.length]).toEqual([1, 0]);
});

test("a server that knows the stream no more ends it", async () => {
  const { xmpp, closed } = await connected();
  const failed = xmpp.iq(ask()).catch((error: { condition: string }) => error.condition);
  streams[0]?.status(6);
  await vi.advanceTimersByTimeAsync(300);
  streams[1]?.up(false);
  await vi.advanceTimersByTimeAsync(0);
  expect([await failed, closed.mock.calls.length, xmpp.open]).toEqual(["timeout", 1, false]);
});

test("where nobody answers for nearly a minute it is over", async () => {
  const { closed } = await connected();
  streams[0]?.status(6);
  await vi.advanceTimersByTimeAsync(49_000);
  expect(closed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(25_000);
  expect(closed).toHaveBeenCalledTimes(1);
});

test("another network is a reason to ask whether the server is there, and not to wait for long", async () => {
  await connected();
  dispatchEvent(new Event("online"));
  expect(streams[0]?.sent.at(-1)?.firstElementChild?.localName).toBe("ping");
  await vi.advanceTimersByTimeAsync(2_400);
  expect(streams).toHaveLength(2);
});

test("a stream carries the token of its moment, also when it is taken up again", async () => {
  const tokens = ["t1", "t2"];
  const asked: string[] = [];
  const token = async (room: string) => {
    asked.push(room);
    return tokens.shift() ?? null;
  };
  const xmpp = new XmppConnection({ hosts, websocket: "wss://d/xmpp-websocket" }, null, { token });
  open.push(xmpp);
  const connecting = xmpp.connect("Café");
  await vi.advanceTimersByTimeAsync(0);
  streams[0]?.up();
  await connecting;
  expect(streams[0]?.url).toBe("wss://d/xmpp-websocket?room=caf%C3%A9&token=t1");
  streams[0]?.status(6);
  await vi.advanceTimersByTimeAsync(400);
  expect(streams[1]?.url).toBe("wss://d/xmpp-websocket?room=caf%C3%A9&token=t2&previd=token");
  expect(asked).toEqual(["Café", "Café"]);
});

test("a log-in that the server refuses is said, and not tried by the other way", async () => {
  const xmpp = new XmppConnection({ hosts, websocket: "wss://d/xmpp-websocket", bosh: "https://d/http-bind" });
  const failed = xmpp.connect("x").catch((error: { code: string }) => error.code);
  const text = element("text", {}, "token required");
  streams[0]?.status(
    4,
    element("failure", { xmlns: "urn:ietf:params:xml:ns:xmpp-sasl" }, element("not-allowed"), text),
  );
  expect(await failed).toBe("log-in-required");
  expect(streams.length).toBe(1);
});
