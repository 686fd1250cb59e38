import { describe, expect, it } from "vitest";
import { makeRoomName, readPlace, readRoomName, spokenRoomName } from "./roomname";
import { ENGLISH, PORTUGUESE } from "./words";

describe("makeRoomName", () => {
  it("makes three words that survive being pasted back", () => {
    for (const language of ["en", "pt-BR"]) {
      const name = makeRoomName(language);
      expect(readRoomName(`https://meet.example/${name}`)).toBe(name);
    }
  });

  it("speaks the visitor's language", () => {
    expect(makeRoomName("pt-BR", () => 0)).toBe(PORTUGUESE.map((words) => words[0]).join("-"));
    expect(makeRoomName("en-GB", () => 0)).toBe(ENGLISH.map((words) => words[0]).join("-"));
  });

  it.each([ENGLISH, PORTUGUESE])("has only plain words, each once", (...lists) => {
    for (const words of lists.flat()) for (const word of [words].flat()) expect(word).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

describe("readRoomName", () => {
  it.each([
    ["calm-otter-lake", "calm-otter-lake"],
    ["  Calm Otter Lake ", "calm-otter-lake"],
    ["https://meet.example/Calm-Otter?jwt=x#config.a=1", "calm-otter"],
    ["meet.example/standup", "standup"],
    ["/standup/", "standup"],
    ["caf%C3%A9", "café"],
    ["100%", "100"],
    ["<b>@x/y", "y"],
    ["a&b'c\"d", "abcd"],
    ["https://", ""],
    ["https://meet.example/", ""],
    ["   ", ""],
  ])("reads %j as %j", (input, expected) => {
    expect(readRoomName(input)).toBe(expected);
  });
});

describe("spokenRoomName", () => {
  it("reads as words", () => {
    expect(spokenRoomName("calm-otter-lake")).toBe("Calm otter lake");
    expect(spokenRoomName("---")).toBe("---");
  });
});

describe("readPlace", () => {
  it.each([
    ["/Standup", null, "standup"],
    ["/acme/Standup", "acme", "standup"],
    ["https://meet.example/Acme/caf%C3%A9?jwt=x#y", "Acme", "café"],
    ["meet.example/standup", null, "standup"],
    ["/a/b/c", null, "c"],
    ["/a%20b/standup", null, "standup"],
    ["/", null, ""],
  ])("%s", (input, tenant, room) => {
    expect(readPlace(input)).toEqual({ tenant, room });
  });
});
