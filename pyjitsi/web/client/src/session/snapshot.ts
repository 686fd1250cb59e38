/** What the interface sees of a meeting: the snapshot, who follows it, and who hears the news. */

import type { MeetingState, News } from "./api";
import { NO_BREAKOUTS } from "./breakouts-api";
import { ALL_ALLOWED, NO_SECURITY } from "./rooms-api";

export const START: MeetingState = {
  phase: "idle",
  error: null,
  room: "",
  localId: null,
  participants: [],
  dominantSpeaker: null,
  speaking: new Set(),
  messages: [],
  bridgeChannelOpen: false,
  iceState: "none",
  startedAt: null,
  entry: null,
  security: NO_SECURITY,
  allowed: ALL_ALLOWED,
  approved: { audio: new Set(), video: new Set(), desktop: new Set() },
  knockers: [],
  breakouts: NO_BREAKOUTS,
  polls: [],
  speakers: [],
};

export class Snapshot {
  state: MeetingState = START;
  readonly #followers = new Set<(state: MeetingState) => void>();
  readonly #hearers = new Set<(news: News) => void>();
  #scheduled = false;

  follow(listener: (state: MeetingState) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  hear(listener: (news: News) => void): () => void {
    this.#hearers.add(listener);
    return () => this.#hearers.delete(listener);
  }

  /** Changes the snapshot; followers are told of all changes of a turn at once. */
  set(change: Partial<MeetingState>): void {
    this.state = { ...this.state, ...change };
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const follower of this.#followers) follower(this.state);
    });
  }

  /** Tells news to who is inside; there are none for who isn't. */
  tell(news: News): void {
    if (this.state.phase !== "joined") return;
    for (const hearer of this.#hearers) hearer(news);
  }
}
