import { expect, test } from "vitest";
import { parseMessage } from "./bridge-channel";
import { qualityOf, score } from "./quality";
import { constraints, step } from "./view";

test("a perfect line is good, a lossy or slow one is not", () => {
  expect(qualityOf(score({ lossRatio: 0, roundTripMs: 40 }))).toBe("good");
  expect(qualityOf(score({ lossRatio: 0.08, roundTripMs: 100 }))).toBe("fair");
  expect(qualityOf(score({ lossRatio: 0.2, roundTripMs: 900 }))).toBe("poor");
  expect(qualityOf(undefined)).toBe("unknown");
});

test("heights are asked for in steps, a little generously", () => {
  expect([90, 180, 200, 400, 500, 900, 3000].map(step)).toEqual([180, 180, 180, 360, 720, 720, 2160]);
});

test("only what is on screen is asked for", () => {
  const view = {
    stage: ["b-v1"],
    visible: new Map([
      ["b-v1", 700],
      ["c-v0", 100],
    ]),
  };
  expect(constraints(view, -1, 1)).toEqual({
    colibriClass: "ReceiverVideoConstraints",
    lastN: -1,
    onStageSources: ["b-v1"],
    selectedSources: [],
    defaultConstraints: { maxHeight: 0 },
    constraints: { "b-v1": { maxHeight: 720 }, "c-v0": { maxHeight: 180 } },
  });
});

test.each(["", "{", "7", '{"x":1}', new ArrayBuffer(1)])("%j is no message", (text) => {
  expect(parseMessage(text)).toBeNull();
});
