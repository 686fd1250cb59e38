// @vitest-environment jsdom
/** Getting in, as somebody at the door lives through it. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Entrance } from "./entrance";
import type { Refusal, RefusalCode } from "./refusal";
import { Room, type RoomEvents } from "./room";
import { FakeXmpp, settle, xml } from "./testing/fake-xmpp";

const LOBBY = "a@lobby.d";
const READY =
  '<iq xmlns="jabber:client" type="result"><conference xmlns="http://jitsi.org/protocol/focus" ready="true"/></iq>';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const refusal = (code: RefusalCode, change: Partial<Refusal> = {}): Refusal => ({
  code,
  lobby: null,
  waitingForHost: false,
  ...change,
});

/** Somebody at a room that answers each attempt with the next of the given refusals. */
function atDoor(name: string, answers: (Refusal | null)[], focus: () => string | Element = () => xml(READY)) {
  const xmpp = new FakeXmpp();
  xmpp.answer = focus;
  const room = new Room("a@c.d", "3fa81c02", { hosts: { domain: "d", muc: "c.d" } }, xmpp.connection, {} as RoomEvents);
  const tried: (string | null)[] = [];
  const join = async (secret: string | null): Promise<Refusal | null> => {
    tried.push(secret);
    const answer = answers.shift();
    if (answer === undefined) throw new Error("more attempts than the test expects");
    return answer;
  };
  const entrance = new Entrance(
    xmpp.connection,
    room,
    name,
    null,
    join,
    () => {},
    () => {},
  );
  let ended: unknown;
  const done = entrance.enter().then(
    () => (ended = "inside"),
    (error: { code: string }) => (ended = error.code),
  );
  return { xmpp, entrance, tried, done, ended: () => ended };
}

test("an open room is entered at once", async () => {
  const { entrance, done, ended } = atDoor("Ana", [null]);
  await done;
  expect([ended(), entrance.entry]).toEqual(["inside", null]);
});

test("a wrong password is said, the right one opens", async () => {
  const locked = refusal("password-required");
  const { entrance, tried, done, ended } = atDoor("Ana", [locked, locked, null]);
  await settle();
  expect(entrance.entry).toMatchObject({ kind: "password", password: "none" });
  entrance.tryPassword("guess");
  expect(entrance.entry).toMatchObject({ password: "checking" });
  await settle();
  expect(entrance.entry).toMatchObject({ kind: "password", password: "wrong" });
  entrance.tryPassword("right");
  await done;
  expect([ended(), tried]).toEqual(["inside", [null, "guess", "right"]]);
});

test("who knocks waits, talks with a moderator, and is let in with the password that the invitation brings", async () => {
  const { xmpp, entrance, tried, done, ended } = atDoor("Ana", [refusal("lobby", { lobby: LOBBY }), null]);
  await settle();
  expect(entrance.entry).toMatchObject({ kind: "knocking", name: "Ana" });
  expect(xmpp.take().at(-1)).toContain('to="a@lobby.d/3fa81c02"');
  entrance.say("hello?");
  expect(xmpp.take().at(-1)).toContain('type="groupchat"');
  xmpp.receive(`<message xmlns="jabber:client" from="${LOBBY}/b7d40e95" type="chat">
    <json-message xmlns="http://jitsi.org/jitmeet">{"type":"LOBBY_CHAT_MESSAGE","message":"who are you?"}</json-message></message>`);
  entrance.say("Ana of sales");
  expect(xmpp.take().at(-1)).toContain('to="a@lobby.d/b7d40e95"');
  expect(entrance.entry?.messages.map(({ local, text }) => [local, text])).toEqual([
    [true, "hello?"],
    [false, "who are you?"],
    [true, "Ana of sales"],
  ]);
  xmpp.receive(`<message xmlns="jabber:client" from="a@c.d"><x xmlns="http://jabber.org/protocol/muc#user">
    <invite from="a@c.d/b7d40e95"/><password>secret</password></x></message>`);
  await done;
  expect([ended(), tried]).toEqual(["inside", [null, "secret"]]);
  expect(xmpp.take().at(-1)).toContain('type="unavailable"');
});

test("an invitation from anybody but the room opens nothing", async () => {
  const { xmpp, ended } = atDoor("Ana", [refusal("lobby", { lobby: LOBBY })]);
  await settle();
  xmpp.receive(
    `<message xmlns="jabber:client" from="evil@d/r"><x xmlns="http://jabber.org/protocol/muc#user"><invite/></x></message>`,
  );
  await settle();
  expect(ended()).toBeUndefined();
});

test.each([
  ['<status code="307"/>', "lobby-refused"],
  ["<destroy/>", "room-destroyed"],
])("in the lobby, %s ends the wait as %s", async (inside, code) => {
  const { xmpp, done, ended } = atDoor("Ana", [refusal("lobby", { lobby: LOBBY })]);
  await settle();
  xmpp.receive(`<presence xmlns="jabber:client" type="unavailable" from="${LOBBY}/3fa81c02">
    <x xmlns="http://jabber.org/protocol/muc#user">${inside}</x></presence>`);
  await done;
  expect(ended()).toBe(code);
});

test("a lobby that is switched off sends its visitors in", async () => {
  const { xmpp, done, ended } = atDoor("Ana", [refusal("lobby", { lobby: LOBBY }), null]);
  await settle();
  xmpp.receive(`<presence xmlns="jabber:client" type="unavailable" from="${LOBBY}/3fa81c02">
    <x xmlns="http://jabber.org/protocol/muc#user"><destroy jid="a@c.d"/></x></presence>`);
  await done;
  expect(ended()).toBe("inside");
});

test("who gave no name is asked for one before they knock", async () => {
  const { xmpp, entrance } = atDoor("", [refusal("lobby", { lobby: LOBBY }), refusal("lobby", { lobby: LOBBY })]);
  await settle();
  expect(entrance.entry?.kind).toBe("name");
  xmpp.take();
  entrance.knock(" Ana ");
  await settle();
  expect(entrance.entry).toMatchObject({ kind: "knocking", name: "Ana" });
  expect(xmpp.take().at(-1)).toContain(">Ana</nick>");
});

test("a password typed in the lobby is tried there, and a wrong one leaves the knock standing", async () => {
  const lobby = refusal("lobby", { lobby: LOBBY });
  const { xmpp, entrance, tried, done } = atDoor("Ana", [lobby, lobby, null]);
  await settle();
  xmpp.take();
  entrance.tryPassword("guess");
  await settle();
  expect(entrance.entry).toMatchObject({ kind: "knocking", password: "wrong" });
  expect(xmpp.take()).toEqual([]); // no second knock
  entrance.tryPassword("right");
  await done;
  expect(tried).toEqual([null, "guess", "right"]);
});

test("while no host is there, the focus is asked again every five seconds, or at once after a log-in", async () => {
  const { xmpp, entrance, done, ended } = atDoor("Ana", [null], () => "not-authorized");
  await settle();
  expect(entrance.entry).toMatchObject({ kind: "host", canLogIn: true });
  const asked = xmpp.sent.length;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(xmpp.sent.length).toBe(asked + 1);
  xmpp.answer = () => xml(READY);
  entrance.retry();
  await done;
  expect(ended()).toBe("inside");
});

test("in a crowd the door is tried again, until that is hopeless", async () => {
  const { entrance, done, ended } = atDoor("Ana", Array(5).fill(refusal("too-fast")));
  await settle();
  expect(entrance.entry?.kind).toBe("busy");
  await vi.advanceTimersByTimeAsync(30_000);
  await done;
  expect(ended()).toBe("rate-limited");
});

test.each(["room-full", "banned", "not-allowed"] as const)("%s ends the attempt", async (code) => {
  const { done, ended } = atDoor("Ana", [refusal(code)]);
  await done;
  expect(ended()).toBe(code);
});

test("leaving while waiting ends the wait", async () => {
  const { entrance, done, ended } = atDoor("Ana", [refusal("lobby", { lobby: LOBBY })]);
  await settle();
  entrance.close();
  await done;
  expect(ended()).toBe("server-gone");
});
