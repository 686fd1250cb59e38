import { describe, expect, it } from "vitest";
import { actionOf, type Press, SHORTCUTS } from "./shortcuts";

const press = (key: string, change: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  defaultPrevented: false,
  ...change,
});

describe("actionOf", () => {
  it("knows its keys in either case", () => {
    expect(actionOf(press("m"))).toBe("mic");
    expect(actionOf(press("M"))).toBe("mic");
    expect(actionOf(press("?"))).toBe("help");
    expect(actionOf(press("x"))).toBeNull();
  });

  it.each(["ctrlKey", "metaKey", "altKey", "repeat", "defaultPrevented"] as const)("leaves %s alone", (flag) => {
    expect(actionOf(press("f", { [flag]: true }))).toBeNull();
  });

  it("has no key twice", () => {
    expect(new Set(SHORTCUTS.map((shortcut) => shortcut.key)).size).toBe(SHORTCUTS.length);
  });
});
