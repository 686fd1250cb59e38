import { describe, expect, it } from "vitest";
import { meterOf } from "./level";

describe("meterOf", () => {
  const tone = (amplitude: number): Float32Array =>
    Float32Array.from({ length: 480 }, (_, n) => amplitude * Math.sin(n / 7));

  it("is nothing for silence and full for a shout", () => {
    expect(meterOf(new Float32Array(100))).toBe(0);
    expect(meterOf(new Float32Array())).toBe(0);
    expect(meterOf(tone(0.9))).toBe(1);
  });

  it("rises with loudness", () => {
    const [quiet, middle, loud] = [meterOf(tone(0.01)), meterOf(tone(0.05)), meterOf(tone(0.2))];
    expect(quiet).toBeGreaterThan(0);
    expect(middle).toBeGreaterThan(quiet);
    expect(loud).toBeGreaterThan(middle);
  });
});
