import { describe, expect, it } from "vitest";
import type { ViewRequest } from "../../session/api";
import { ViewReporter } from "./view-reporter";

function reporter() {
  const views: ViewRequest[] = [];
  let pending: { run: () => void; at: number }[] = [];
  let now = 0;
  const instance = new ViewReporter(
    (view) => views.push(view),
    200,
    (run, milliseconds) => {
      const entry = { run, at: now + milliseconds };
      pending.push(entry);
      return () => {
        pending = pending.filter((each) => each !== entry);
      };
    },
  );
  const tick = (milliseconds = 200): void => {
    const end = now + milliseconds;
    for (;;) {
      const [next] = pending.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      pending = pending.filter((each) => each !== next);
      now = next.at;
      next.run();
    }
    now = end;
  };
  return { instance, views, tick, waiting: () => pending.length > 0 };
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
    tick(900);
    expect(views).toHaveLength(1);
    tick(300);
    expect(views[1]).toEqual({ stage: [], visible: new Map() });
  });

  it("does not take a picture for gone whose tile moves, and takes its new height at once", () => {
    const { instance, views, tick } = reporter();
    const [a, b] = [{}, {}];
    instance.show(a, "ana-v0", 720, true);
    tick();
    instance.forget(a);
    instance.show(b, "ana-v0", 0, false);
    tick(600);
    instance.show(b, "ana-v0", 180, false);
    tick();
    instance.show(b, "ana-v0", 0, false);
    instance.show(b, "ana-v0", 180, false);
    tick(2000);
    expect(views).toEqual([
      { stage: ["ana-v0"], visible: new Map([["ana-v0", 720]]) },
      { stage: [], visible: new Map([["ana-v0", 180]]) },
    ]);
  });

  it("counts a video out of sight as not shown, and is silent once stopped", () => {
    const { instance, views, tick, waiting } = reporter();
    const a = {};
    instance.show(a, "ana-v0", 180, false);
    instance.show(a, "ana-v0", 0, false);
    tick(1200);
    expect(views.at(-1)?.visible.size).toBe(0);
    instance.show(a, "ana-v0", 90, false);
    instance.stop();
    expect(waiting()).toBe(false);
  });
});
