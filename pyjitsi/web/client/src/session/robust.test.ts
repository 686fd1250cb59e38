// @vitest-environment jsdom
/** What others send, and what people do in a hurry, must not break the meeting. */

import { afterEach, expect, test, vi } from "vitest";
import type { MeetConfig } from "./api";
import type { Offer } from "./jingle";
import { OwnMedia } from "./own-media";
import { Room, type RoomEvents } from "./room";
import { buildRemote } from "./sdp";
import { parseCompact, type RemoteSource } from "./sources";
import { FakeXmpp } from "./testing/fake-xmpp";

const config: MeetConfig = { hosts: { domain: "d", muc: "c.d" } };

afterEach(() => vi.unstubAllGlobals());

function room(events: Partial<RoomEvents>) {
  const xmpp = new FakeXmpp();
  const made = new Room("a@c.d", "3fa81c02", config, xmpp.connection, events as RoomEvents);
  return { made, xmpp, receive: (text: string) => xmpp.receive(text) };
}

function cameras(open: (constraints: { video: { deviceId?: { exact: string } } }) => Promise<unknown>) {
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: open } });
}

test.each(['{"sources":{"a":[5]}}', '{"sources":{"a":[[null],[],[]]}}', '{"sources":{"a":[[],[7],[]]}}'])(
  "compact sources of the wrong shape %s are none",
  (text) => expect(parseCompact(text)).toEqual([]),
);

test("a name can't write lines of SDP", () => {
  const name = "b-v0\r\na=candidate:EVIL";
  const sources = parseCompact(JSON.stringify({ sources: { b: [[{ s: 1, n: name, m: "x y" }], [], []] } }));
  expect(sources).toEqual([]);
  const odd = {
    owner: "b",
    name: "b-v0",
    kind: "video",
    desktop: false,
    msid: "x\r\na=candidate:EVIL",
    ssrcs: [1],
  } as RemoteSource;
  const media = { codecs: [], extensions: [] };
  const transport = {
    ufrag: "u",
    pwd: "p",
    fingerprint: { hash: "h", value: "v", setup: "s" },
    candidates: [],
    webSockets: [],
  };
  const offer = { transport, audio: media, video: media } as unknown as Offer;
  expect(buildRemote(offer, [{ kind: "video", source: odd }], 1, [])).not.toMatch(/^a=candidate:EVIL/m);
});

test("an offer that can't be handled is refused, not left unanswered", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { xmpp, receive } = room({
    jingle: () => {
      throw new Error("bad offer");
    },
  });
  receive(
    '<iq xmlns="jabber:client" type="set" id="1" from="a@c.d/focus"><jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s"/></iq>',
  );
  expect(xmpp.sent.map((stanza) => stanza.getAttribute("type"))).toEqual(["error"]);
});

test("a server that shuts down has kicked nobody", () => {
  const removed = vi.fn();
  const lost = vi.fn();
  const { receive } = room({ removed, lost });
  receive(
    '<presence xmlns="jabber:client" type="unavailable" from="a@c.d/3fa81c02"><x xmlns="http://jabber.org/protocol/muc#user"><status code="110"/><status code="332"/></x></presence>',
  );
  expect([removed.mock.calls.length, lost.mock.calls.length]).toEqual([0, 1]);
});

test("chat works on plain HTTP, where crypto.randomUUID is missing", () => {
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes });
  expect(room({}).made.say("hi", undefined)).toMatch(/^[0-9a-f]{24}$/);
});

test("muting while the camera opens leaves it closed", async () => {
  let give: (stream: unknown) => void = () => {};
  cameras(() => new Promise((resolve) => (give = resolve)));
  const media = new OwnMedia(() => {});
  media.start({ audio: null, video: null }, true, true);
  const on = media.setVideoMuted(false);
  const off = media.setVideoMuted(true);
  const stop = vi.fn();
  give({ getTracks: () => [{ stop }] });
  await Promise.all([on, off]);
  expect([media.videoMuted, media.camera, stop.mock.calls.length]).toEqual([true, null, 1]);
});

test("leaving while the camera opens leaves it closed", async () => {
  let give: (stream: unknown) => void = () => {};
  cameras(() => new Promise((resolve) => (give = resolve)));
  const media = new OwnMedia(() => {});
  media.start({ audio: null, video: null }, true, true);
  const on = media.setVideoMuted(false);
  media.close();
  give({ getTracks: () => [{ stop() {} }] });
  await on;
  expect(media.camera).toBeNull();
});

test("the camera that was chosen before the meeting is opened again after a mute", async () => {
  const asked: unknown[] = [];
  cameras(async (constraints) => {
    asked.push(constraints.video.deviceId?.exact);
    return { getTracks: () => [{ stop() {} }] };
  });
  const media = new OwnMedia(() => {});
  const chosen = { stop() {}, getSettings: () => ({ deviceId: "usb" }) } as unknown as MediaStreamTrack;
  media.start({ audio: null, video: chosen }, true, false);
  await media.setVideoMuted(true);
  await media.setVideoMuted(false);
  expect(asked).toEqual(["usb"]);
});
