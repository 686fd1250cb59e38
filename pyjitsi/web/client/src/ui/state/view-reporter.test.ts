import { describe, expect, it } from "vitest";
import type { ViewRequest } from "../../session/api";
import { ViewReporter } from "./view-reporter";

function reporter() {
  const views: ViewRequest[] = [];
  let pending: (() => void) | null = null;
  const instance = new ViewReporter(
    (view) => views.push(view),
    200,
    (run) => {
      pending = run;
      return () => {
        pending = null;
      };
    },
  );
  const tick = (): void => {
    const run = pending;
    pending = null;
    run?.();
  };
  return { instance, views, tick, waiting: () => pending !== null };
}

describe("ViewReporter", () => {
  it("gathers many changes into one report", () => {
    const { instance, views, tick } = reporter();
    const [a, b] = [{}, {}];
    instance.show(a, "ana-v0", 180.4, false);
    instance.show(b, "ben-v1", 700, true);
    instance.show(a, "ana-v0", 360, false);
    expect(views).toEqual([]);
    tick();
    expect(views).toEqual([
      {
        stage: ["ben-v1"],
        visible: new Map([
          ["ana-v0", 360],
          ["ben-v1", 700],
        ]),
      },
    ]);
  });

  it("doesn't repeat itself, and tells when something is gone", () => {
    const { instance, views, tick } = reporter();
    const a = {};
    instance.show(a, "ana-v0", 180, false);
    tick();
    instance.show(a, "ana-v0", 180, false);
    tick();
    expect(views).toHaveLength(1);
    instance.forget(a);
    tick();
    expect(views[1]).toEqual({ stage: [], visible: new Map() });
  });

  it("counts a video out of sight as not shown, and is silent once stopped", () => {
    const { instance, views, tick, waiting } = reporter();
    const a = {};
    instance.show(a, "ana-v0", 180, false);
    instance.show(a, "ana-v0", 0, false);
    tick();
    expect(views.at(-1)?.visible.size).toBe(0);
    instance.show(a, "ana-v0", 90, false);
    instance.stop();
    expect(waiting()).toBe(false);
  });
});
