import { describe, expect, it } from "vitest";
import { person, screen } from "../testing/people";
import { arrange, bestGrid, itemsOf } from "./layout";

const auto = { choice: "auto", pinned: null, speaker: null } as const;

describe("arrange", () => {
  const me = person("me", { local: true });
  const ana = person("ana");
  const ben = person("ben");

  it("shows tiles while nobody shares", () => {
    const view = arrange({ participants: [me, ana, ben] }, auto);
    expect(view.mode).toBe("tiles");
    expect(view.rest.map((item) => item.key)).toEqual(["me", "ana", "ben"]);
  });

  it("puts a remote screen on stage, and its owner's camera beside it", () => {
    const sharing = person("ben", { videos: [...ben.videos, screen("ben")] });
    const view = arrange({ participants: [me, ana, sharing] }, auto);
    expect(view.stage?.key).toBe("ben/screen");
    expect(view.rest.map((item) => item.key)).toEqual(["me", "ana", "ben"]);
  });

  it("leaves one's own screen off the stage", () => {
    const sharing = person("me", { local: true, videos: [screen("me")] });
    expect(arrange({ participants: [sharing, ana] }, auto).mode).toBe("tiles");
  });

  it("keeps to tiles when the viewer said so", () => {
    const sharing = person("ben", { videos: [screen("ben")] });
    expect(arrange({ participants: [me, sharing] }, { ...auto, choice: "tiles" }).mode).toBe("tiles");
  });

  it("follows the speaker on stage, and never oneself while others are there", () => {
    const stage = { ...auto, choice: "stage" } as const;
    expect(arrange({ participants: [me, ana, ben] }, { ...stage, speaker: "ben" }).stage?.key).toBe("ben");
    expect(arrange({ participants: [me, ana, ben] }, { ...stage, speaker: "gone" }).stage?.key).toBe("ana");
    expect(arrange({ participants: [me] }, stage).stage?.key).toBe("me");
  });

  it("obeys a pin until its picture is gone", () => {
    expect(arrange({ participants: [me, ana, ben] }, { ...auto, pinned: "me" }).stage?.key).toBe("me");
    expect(arrange({ participants: [me, ana] }, { ...auto, pinned: "ben" }).mode).toBe("tiles");
  });

  it("has no tile for a screen that is no longer shared", () => {
    const stopped = person("ben", { videos: [{ ...screen("ben"), muted: true }] });
    expect(itemsOf([stopped]).map((item) => item.key)).toEqual(["ben"]);
  });
});

describe("bestGrid", () => {
  it.each([
    [1, 1280, 640, 1],
    [2, 1280, 640, 2],
    [4, 1280, 640, 2],
    [9, 1280, 640, 3],
    [2, 360, 560, 1],
    [4, 360, 560, 2],
  ])("of %d tiles on %dx%d has %d columns", (count, width, height, columns) => {
    expect(bestGrid(count, width, height, 8).columns).toBe(columns);
  });

  it("always fits while it doesn't scroll, and scrolls rather than shrink to nothing", () => {
    for (let count = 1; count <= 60; count++) {
      for (const [width, height] of [
        [360, 520],
        [1280, 640],
        [200, 900],
      ] as const) {
        const grid = bestGrid(count, width, height, 8);
        expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
        expect(grid.columns * grid.width + 8 * (grid.columns - 1)).toBeLessThanOrEqual(width);
        if (!grid.scrolls) expect(grid.rows * grid.height + 8 * (grid.rows - 1)).toBeLessThanOrEqual(height);
        else expect(grid.height).toBeGreaterThan(90);
      }
    }
  });

  it("takes an area of nothing without falling over", () => {
    expect(bestGrid(4, 0, 0, 8).rows).toBeGreaterThan(0);
    expect(bestGrid(0, 100, 100, 8).rows).toBe(1);
  });
});
