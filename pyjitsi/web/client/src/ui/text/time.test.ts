import { describe, expect, it } from "vitest";
import { duration, relativeDay } from "./time";

describe("duration", () => {
  it.each([
    [0, "0:00"],
    [67_900, "1:07"],
    [3_847_000, "1:04:07"],
    [-5, "0:00"],
  ])("of %d ms is %s", (milliseconds, expected) => {
    expect(duration(milliseconds)).toBe(expected);
  });
});

describe("relativeDay", () => {
  const now = new Date(2026, 4, 10, 0, 30).getTime();

  it("counts midnights, not hours", () => {
    expect(relativeDay(now - 3_600_000, now, "en")).toBe("yesterday");
    expect(relativeDay(now - 60_000, now, "pt-BR")).toBe("hoje");
  });
});
