import { describe, expect, it } from "vitest";
import { hueOf, initials } from "./names";

describe("initials", () => {
  it.each([
    ["Ana", "A"],
    ["ana maria braga", "AB"],
    ["Érico Veríssimo", "ÉV"],
    ["  ", ""],
    ["(guest)", "G"],
    ["李 小龍", "李小"],
    ["👋 Ben", "B"],
  ])("of %s are %s", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });
});

describe("hueOf", () => {
  it("is the same for the same id and differs between some", () => {
    expect(hueOf("a1b2c3d4")).toBe(hueOf("a1b2c3d4"));
    expect(new Set(["a", "b", "c", "d", "e"].map(hueOf)).size).toBeGreaterThan(2);
  });
});
