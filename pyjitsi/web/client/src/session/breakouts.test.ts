// @vitest-environment jsdom
/** Breakout rooms, polls and speaking times, message by message. */

import { beforeEach, describe, expect, test } from "vitest";
import { BreakoutList, parseRooms } from "./breakouts";
import { Polls } from "./polls";
import { Services } from "./services";
import { Speakers } from "./speakers";
import { FakeXmpp, xml } from "./testing/fake-xmpp";

const MAIN = "class@conference.d";
let xmpp: FakeXmpp;
let list: BreakoutList;
let heard: unknown[];

beforeEach(() => {
  xmpp = new FakeXmpp();
  heard = [];
  const services = new Services();
  services.read(
    xml(`<query xmlns="http://jabber.org/protocol/disco#info">
      <identity category="component" type="breakout_rooms" name="breakout.d"/>
      <identity category="component" type="polls" name="rooms.d"/></query>`),
  );
  list = new BreakoutList(xmpp.connection, services, {
    changed: () => {},
    sent: (address) => heard.push(["sent", address]),
    ending: (seconds) => heard.push(["ending", seconds]),
  });
});

const hear = (event: string, body: object, from = "rooms.d") =>
  xmpp.receive(
    `<message xmlns="jabber:client" from="${from}"><json-message xmlns="http://jitsi.org/jitmeet">${JSON.stringify({ type: "breakout_rooms", event: `features/breakout-rooms/${event}`, ...body })}</json-message></message>`,
  );

/** An update: rooms by id, with the names of the people in each. */
const update = (rooms: Record<string, string[]>) =>
  hear("update", {
    roomCounter: 1,
    rooms: Object.fromEntries(
      Object.entries(rooms).map(([id, people]) => {
        const jid = id === "class" ? MAIN : `${id}@breakout.d`;
        const participants = Object.fromEntries(
          people.map((name) => [
            `${jid}/${name.trim().toLowerCase()}`,
            {
              jid: `${name.trim().toLowerCase()}@d/r`,
              role: name === "Ada" ? "moderator" : "participant",
              displayName: name,
            },
          ]),
        );
        return [id, { id, jid, name: `Room ${id}`, isMainRoom: id === "class", participants }];
      }),
    ),
  });
const moves = () =>
  xmpp
    .take()
    .map((text) => /move-to-room" participantJid="(\w+)@d\/r" roomJid="([^"@]+)/.exec(text))
    .map((found) => `${found?.[1]} ${found?.[2]}`);

describe("the list of rooms", () => {
  test("has the main one first, who is where, and where we are", () => {
    update({ one: ["Ben"], class: ["Ada", "Eve"] });
    expect(list.rooms("one@breakout.d")).toEqual([
      {
        id: "class",
        name: "",
        main: true,
        here: false,
        people: [
          { id: "ada", name: "Ada", moderator: true },
          { id: "eve", name: "Eve", moderator: false },
        ],
      },
      { id: "one", name: "Room one", main: false, here: true, people: [{ id: "ben", name: "Ben", moderator: false }] },
    ]);
  });

  test("is empty without breakout rooms, and nobody but the component fills it", () => {
    update({ class: ["Ada"] });
    hear("update", { rooms: { x: { id: "x", jid: "x@breakout.d" } } }, `${MAIN}/eve`);
    expect(list.rooms(MAIN)).toEqual([]);
  });

  test.each([{}, { rooms: 7 }, { rooms: { a: null, b: { id: 4, jid: "b@d" }, c: { id: "c" } } }])(
    "%j is no room",
    (body) => expect(parseRooms(body)).toEqual([]),
  );
});

describe("moderators", () => {
  test("make rooms, and people are sent once these are there", () => {
    update({ class: ["Ada", "Ben", "Eve"] });
    list.open([
      { name: "Room  one ", people: ["ben"], expected: [] },
      { name: "Room two", people: ["eve", "nobody"], expected: [] },
    ]);
    expect(xmpp.take()).toEqual([
      expect.stringMatching(/to="breakout.d"><breakout_rooms type="features\/breakout-rooms\/add" subject="Room one"/),
      expect.stringContaining('subject="Room two"'),
    ]);
    update({ class: ["Ada", "Ben", "Eve"], one: [] });
    expect(moves()).toEqual(["ben one"]);
    update({ class: ["Ada", "Eve"], one: ["Ben"], two: [] });
    expect(moves()).toEqual(["eve two"]);
    update({ class: ["Ada", "Ben", "Eve"], one: [], two: [] });
    expect(moves()).toEqual([]);
  });

  test("expect people by name, who are sent when they come, once, until all are brought back", () => {
    update({ class: ["Ada"] });
    list.open([{ name: "Room one", people: [], expected: ["BEN", "Eve Doe"] }]);
    update({ class: ["Ada"], one: [] });
    xmpp.take();
    update({ class: ["Ada", " ben "], one: [] });
    expect(moves()).toEqual(["ben one"]);
    update({ class: ["Ada", " ben "], one: [] });
    expect(moves()).toEqual([]);
    list.returnAll();
    expect(xmpp.take()[0]).toContain('type="features/breakout-rooms/return"');
    update({ class: ["Ada", "Eve Doe"], one: [] });
    expect(moves()).toEqual([]);
  });

  test("rename, remove, set the timer and say something to all", () => {
    update({ class: ["Ada"], one: ["Ben"], two: [] });
    list.rename("one", "Garden");
    list.move("ben", "class");
    list.setTimer(600);
    list.broadcast(" Five minutes ");
    list.broadcast(" ");
    list.remove("nowhere");
    list.removeAll();
    expect(xmpp.take().map((each) => /breakout-rooms\/([^>]*?)\/?>/.exec(each)?.[1])).toEqual([
      'rename" breakoutRoomJid="one@breakout.d" subject="Garden"',
      'move-to-room" participantJid="ben@d/r" roomJid="class@conference.d"',
      'timer" seconds="600"',
      'broadcast" message="Five minutes"',
      'timer" seconds="0"',
      'remove" breakoutRoomJid="one@breakout.d"',
      'remove" breakoutRoomJid="two@breakout.d"',
    ]);
  });
});

test("we are sent somewhere, and warned", () => {
  hear("move-to-room", { roomJid: "one@breakout.d" });
  hear("move-to-room", { roomJid: 7 });
  hear("timer", { ends: 1, left: 60 });
  hear("move-to-room", { roomJid: "evil@d" }, "evil@d");
  expect(heard).toEqual([
    ["sent", "one@breakout.d"],
    ["ending", 60],
  ]);
});

describe("polls", () => {
  const asked = {
    type: "polls",
    command: "new-poll",
    pollId: "p",
    senderId: "ada",
    senderName: "Ada",
    question: "Lunch?",
    answers: [{ name: "Yes" }, { name: "No" }],
  };
  const vote = (answers: unknown, senderId = "ben") => ({
    type: "polls",
    command: "answer-poll",
    pollId: "p",
    senderId,
    senderName: senderId,
    answers,
  });

  test("are asked once, answered, and answered anew", () => {
    const polls = new Polls();
    expect(polls.receive(asked)).toMatchObject({ question: "Lunch?", by: { name: "Ada" } });
    expect(polls.receive(asked)).toBeNull();
    polls.receive(vote([true, false]));
    polls.receive(vote([true, false], "eve"));
    polls.receive(vote([false, true]));
    polls.receive(vote([true]));
    polls.receive(vote("yes"));
    const counts = polls.all[0]?.answers.map(({ voters }) => voters.map(({ id }) => id));
    expect(counts).toEqual([["eve"], ["ben"]]);
  });

  test("are there for who comes later, and what is none is none", () => {
    const polls = new Polls();
    polls.receive({
      type: "polls",
      command: "old-polls",
      polls: [{ ...asked, answers: [{ name: "Yes", voters: [{ id: "x", name: "X" }] }, { name: "No" }] }, 7, {}],
    });
    expect(polls.all.map(({ answers }) => answers.map(({ voters }) => voters.length))).toEqual([[1, 0]]);
    for (const command of ["new-poll", "answer-poll", "old-polls", "?"]) polls.receive({ type: "polls", command });
    expect(polls.all.length).toBe(0);
  });
});

test("speaking times are the server's, and go on from there", () => {
  const speakers = new Speakers();
  speakers.receive(
    { type: "speakerstats", users: { ben: { displayName: "Ben", totalDominantSpeakerTime: 5_000 }, x: 7 } },
    1_000,
  );
  expect(speakers.dominant("ada", false, 2_000)).toBe(true);
  expect(speakers.dominant("ada", false, 3_000)).toBe(false);
  expect(speakers.dominant("ada", true, 4_000)).toBe(true);
  expect(speakers.dominant("ben", false, 9_000)).toBe(true);
  expect(speakers.times((id) => (id === "ada" ? "Ada" : ""))).toEqual([
    { id: "ben", name: "Ben", ms: 5_000, since: 9_000 },
    { id: "ada", name: "Ada", ms: 2_000, since: null },
  ]);
});
