// @vitest-environment jsdom
/** Logging in for the tab: what is kept, what is said of a refusal, and which session the focus is shown. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { nodeFor, PasswordAccount, problemOf } from "./account";
import type { LogInError } from "./api";
import { Room, type RoomEvents } from "./room";
import { FakeXmpp, xml } from "./testing/fake-xmpp";
import { LogInRefused, type XmppConnection } from "./xmpp";

const CONFIG = {
  hosts: { domain: "meet.example", muc: "conference.meet.example", anonymousdomain: "g", authdomain: "meet.example" },
};

/** A focus that gives out session ids; a connection where only "right" logs in. */
class World {
  readonly kept = new Map<string, string>();
  readonly xmpp = new FakeXmpp();
  readonly tried: string[] = [];
  refusal = new LogInRefused("not-authorized", "Wrong name or password");

  readonly tab = {
    getItem: (key: string) => this.kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.kept.set(key, value),
    removeItem: (key: string) => void this.kept.delete(key),
  };

  account(): PasswordAccount {
    return new PasswordAccount(CONFIG, this.tab, (user, password) => {
      const connect = async (): Promise<void> => {
        this.tried.push(user);
        if (password !== "right") throw this.refusal;
      };
      return Object.assign(this.xmpp, { connect, close: () => {} }) as unknown as XmppConnection;
    });
  }

  answers(session: string): void {
    this.xmpp.answer = () =>
      xml(`<iq xmlns="jabber:client" type="result"><conference xmlns="http://jitsi.org/protocol/focus" ready="true"
        identity="ada\\40example.org@meet.example" session-id="${session}"/></iq>`);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

test("a log-in lasts as long as the tab, and no password is kept", async () => {
  world.answers("s1");
  const account = world.account();
  const heard = vi.fn();
  account.subscribe(heard);
  await account.logIn("ada@example.org", "right", "Standup");
  expect(account.person).toEqual({ name: "ada@example.org" });
  expect(world.xmpp.take().at(-1)).toContain('room="standup@conference.meet.example"');
  expect(heard).toHaveBeenCalledOnce();
  const reloaded = world.account();
  expect([reloaded.person, reloaded.session, reloaded.machine]).toEqual([account.person, "s1", account.machine]);
  expect([...world.kept.values()].join()).not.toContain("right");
});

test("a wrong password changes nothing, and says so", async () => {
  const account = world.account();
  const error = await account.logIn("ada", "wrong", "standup").catch((each: LogInError) => each.problem);
  expect([error, account.person, world.kept.size]).toEqual([{ kind: "wrong" }, null, 0]);
});

test("the focus is shown the session, and one that is over is forgotten", async () => {
  world.answers("s1");
  const account = world.account();
  await account.logIn("ada", "right", "standup");
  world.xmpp.take();
  const room = new Room("a@c", "3fa81c02", CONFIG, world.xmpp.connection, {} as RoomEvents, account);
  world.answers("s2");
  await room.requestConference();
  expect(world.xmpp.take().at(-1)).toContain('session-id="s1"');
  expect(account.session).toBe("s2");
  const answer = xml(
    `<iq xmlns="jabber:client" type="result"><conference xmlns="http://jitsi.org/protocol/focus" ready="true"/></iq>`,
  );
  world.xmpp.answer = (iq) => (iq.firstElementChild?.hasAttribute("session-id") ? "not-acceptable" : answer);
  vi.useFakeTimers();
  const done = room.requestConference();
  await vi.runAllTimersAsync();
  await done;
  vi.useRealTimers();
  expect([account.person, account.session, world.kept.size]).toEqual([null, null, 0]);
});

test("what another program left in the storage is no log-in", () => {
  for (const text of ["", "null", "{}", "[", '{"session":1,"machine":"m"}']) {
    world.kept.set("pyjitsi.login", text);
    expect(world.account().person).toBeNull();
  }
});

test.each([
  ["Ada", "ada"],
  ["ada@meet.example", "ada"],
  [" ada@example.org ", "ada\\40example.org"],
  ["corp\\ada", "corp\\5cada"],
])("%s is typed for the node %s", (typed, node) => {
  expect(nodeFor(typed, "meet.example")).toBe(node);
});

describe("a refusal", () => {
  test.each([
    [new LogInRefused("not-authorized", "Wrong name or password"), { kind: "wrong" }],
    [new LogInRefused("temporary-auth-failure", "Too many tries; wait 32 s"), { kind: "too-often", seconds: 32 }],
    [new LogInRefused("temporary-auth-failure", "Log-ins can't be judged now"), { kind: "unavailable" }],
    [new Error("The server did not answer"), { kind: "unavailable" }],
  ])("%s", (error, problem) => {
    expect(problemOf(error)).toEqual(problem);
  });
});
