/** What is on screen, as the bridge wants to hear it (ReceiverVideoConstraints). */

import type { ViewRequest } from "./api";

const STEPS = [180, 360, 720, 1080, 2160] as const;

/** The next height that makes sense to ask for: pictures come in steps. */
export function step(pixels: number): number {
  return STEPS.find((height) => height >= pixels * 0.8) ?? 2160;
}

export function constraints(view: ViewRequest, lastN: number, pixelRatio: number): Record<string, unknown> {
  const heights: Record<string, { maxHeight: number }> = {};
  for (const [source, height] of view.visible) heights[source] = { maxHeight: step(height * Math.min(pixelRatio, 2)) };
  return {
    colibriClass: "ReceiverVideoConstraints",
    lastN,
    onStageSources: view.stage,
    selectedSources: [],
    defaultConstraints: { maxHeight: 0 },
    constraints: heights,
  };
}
