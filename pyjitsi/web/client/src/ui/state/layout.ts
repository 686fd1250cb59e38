/** What is shown where: pure decisions from a meeting's state and from what the viewer chose. */

import type { MeetingState, Participant, VideoSource } from "../../session/api";

/** One picture on screen: a participant's camera (or avatar), or a screen that they share. */
export interface Item {
  readonly key: string; // participant id, with "/screen" for a shared screen
  readonly participant: Participant;
  readonly kind: "camera" | "desktop";
  readonly video: VideoSource | null;
}

/** "auto" is tiles until somebody shares a screen; the others are the viewer's own word. */
export type LayoutChoice = "auto" | "tiles" | "stage";

export interface Arrangement {
  readonly mode: "tiles" | "stage";
  readonly stage: Item | null;
  readonly rest: readonly Item[];
}

export interface LayoutPreference {
  readonly choice: LayoutChoice;
  readonly pinned: string | null; // an Item's key
  readonly speaker: string | null; // the last remote participant who was the dominant speaker
}

/** Every picture of the meeting: the participants in order, each one's shared screen right before their camera. */
export function itemsOf(participants: readonly Participant[]): Item[] {
  return participants.flatMap((participant) => {
    const camera = participant.videos.find((video) => video.kind === "camera") ?? null;
    const screens = participant.videos
      .filter((video) => video.kind === "desktop" && !video.muted)
      .map((video): Item => ({ key: `${participant.id}/screen`, participant, kind: "desktop", video }));
    return [...screens.slice(0, 1), { key: participant.id, participant, kind: "camera", video: camera }];
  });
}

/** The viewer's own screen is never put on stage by itself: it would show itself in itself. */
function automaticStage(items: readonly Item[], speaker: string | null): Item | null {
  const screens = items.filter((item) => item.kind === "desktop" && !item.participant.local);
  const remote = items.filter((item) => item.kind === "camera" && !item.participant.local);
  return (
    screens.find((item) => item.participant.id === speaker) ??
    screens.at(-1) ??
    remote.find((item) => item.participant.id === speaker) ??
    remote[0] ??
    items.find((item) => item.kind === "camera") ??
    null
  );
}

/** Decides between tiles and stage, and who is on the stage. A pin wins over everything while its picture exists. */
export function arrange(state: Pick<MeetingState, "participants">, preference: LayoutPreference): Arrangement {
  const items = itemsOf(state.participants);
  const pinned = items.find((item) => item.key === preference.pinned) ?? null;
  const shared = items.some((item) => item.kind === "desktop" && !item.participant.local);
  const staged = pinned !== null || preference.choice === "stage" || (preference.choice === "auto" && shared);
  if (!staged) return { mode: "tiles", stage: null, rest: items };
  const stage = pinned ?? automaticStage(items, preference.speaker);
  return { mode: "stage", stage, rest: items.filter((item) => item !== stage) };
}

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly width: number; // of one tile, CSS pixels
  readonly height: number;
  readonly scrolls: boolean;
}

/** A tile is never wider than 16:9, nor narrower than a camera's picture can be cropped to, nor too small for a face. */
const NARROWEST_LANDSCAPE = 1.15;
const NARROWEST_PORTRAIT = 3 / 4;
const WIDEST = 16 / 9;
const SMALLEST_HEIGHT = 92;
const SMALLEST_WIDTH = 130;

/** The grid whose tiles are largest; where they would get too small, one that scrolls. Sizes in CSS pixels. */
export function bestGrid(count: number, width: number, height: number, gap: number): Grid {
  const narrowest = width > height ? NARROWEST_LANDSCAPE : NARROWEST_PORTRAIT;
  let best: Grid = { columns: 1, rows: Math.max(1, count), width: 0, height: 0, scrolls: false };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.max(1, Math.ceil(count / columns));
    let tileWidth = (width - gap * (columns - 1)) / columns;
    let tileHeight = (height - gap * (rows - 1)) / rows;
    if (tileWidth <= 0 || tileHeight <= 0) continue;
    if (tileWidth / tileHeight > WIDEST) tileWidth = tileHeight * WIDEST;
    else if (tileWidth / tileHeight < narrowest) tileHeight = tileWidth / narrowest;
    const bestScore = score(best.width, best.height, best.columns * best.rows - count);
    if (score(tileWidth, tileHeight, columns * rows - count) > bestScore) {
      best = { columns, rows, width: Math.floor(tileWidth), height: Math.floor(tileHeight), scrolls: false };
    }
  }
  if (count === 0 || (best.height >= SMALLEST_HEIGHT && best.width >= SMALLEST_WIDTH)) return best;
  const columns = Math.max(1, Math.floor((width + gap) / (SMALLEST_WIDTH + gap)));
  const tileWidth = Math.floor((width - gap * (columns - 1)) / columns);
  const tileHeight = Math.max(SMALLEST_HEIGHT, Math.floor(tileWidth / (4 / 3)));
  return { columns, rows: Math.ceil(count / columns), width: tileWidth, height: tileHeight, scrolls: true };
}

/** Area counts, but a tile near a camera's own shape is worth more than one that crops it, and holes cost a little. */
function score(width: number, height: number, holes: number): number {
  if (width <= 0 || height <= 0) return 0;
  const shape = width / height;
  const cropped = shape < 4 / 3 ? 0.55 + 0.45 * (shape / (4 / 3)) : 1;
  return width * height * cropped * (1 - 0.02 * holes);
}
