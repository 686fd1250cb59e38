import { describe, expect, it } from "vitest";
import { Preferences, parseStored, type Store } from "./preferences.svelte";

function memory(initial: string | null = null): Store {
  let value = initial;
  return {
    getItem: () => value,
    setItem: (_key, next) => {
      value = next;
    },
  };
}

describe("parseStored", () => {
  it.each([null, "", "{", "3", "null", "[]", '{"name":5,"recent":"x","devices":[1],"groups":[{"room":"a"}]}'])(
    "makes nothing of %j",
    (json) => {
      expect(parseStored(json)).toEqual({
        name: "",
        devices: {},
        audioMuted: false,
        videoMuted: false,
        recent: [],
        groups: [],
      });
    },
  );

  it("keeps what makes sense and drops the rest", () => {
    const json = JSON.stringify({
      name: "Ana",
      devices: { audioInput: "x", videoInput: 4 },
      recent: [{ room: "a", at: 1 }, 7],
    });
    expect(parseStored(json)).toMatchObject({
      name: "Ana",
      devices: { audioInput: "x" },
      recent: [{ room: "a", at: 1 }],
    });
  });
});

describe("Preferences", () => {
  it("is there again on the next visit", () => {
    const store = memory();
    new Preferences(store).update({ name: "Ana", audioMuted: true });
    const next = new Preferences(store);
    expect([next.name, next.audioMuted, next.videoMuted]).toEqual(["Ana", true, false]);
  });

  it("keeps the groups of the rooms that were split last", () => {
    const store = memory();
    const preferences = new Preferences(store);
    for (let n = 0; n < 10; n++) preferences.keepGroups(`room-${n}`, `Red: Ana ${n}`);
    preferences.keepGroups("room-9", "Blue: Ben");
    const next = new Preferences(store);
    expect(["room-0", "room-8", "room-9"].map((room) => next.groupsOf(room))).toEqual(["", "Red: Ana 8", "Blue: Ben"]);
  });

  it("lists rooms by the latest visit, each once, and forgets them", () => {
    const preferences = new Preferences(memory());
    preferences.visited("a", 1);
    preferences.visited("b", 2);
    preferences.visited("a", 3);
    expect(preferences.recent).toEqual([
      { room: "a", at: 3 },
      { room: "b", at: 2 },
    ]);
    preferences.forget("a");
    expect(preferences.recent.map((entry) => entry.room)).toEqual(["b"]);
    for (let n = 0; n < 20; n++) preferences.visited(`room-${n}`, n);
    expect(preferences.recent).toHaveLength(8);
    preferences.forgetAll();
    expect(preferences.recent).toEqual([]);
  });

  it("goes on without storage", () => {
    const refused: Store = {
      getItem: () => {
        throw new Error("refused");
      },
      setItem: () => {
        throw new Error("refused");
      },
    };
    const preferences = new Preferences(refused);
    preferences.update({ name: "Ben" });
    expect(preferences.name).toBe("Ben");
  });
});
