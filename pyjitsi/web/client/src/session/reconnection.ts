/** Coming back after the connection was lost: again and again, ever more slowly, until it is given up. */

import { type ErrorCode, MeetingError } from "./api";

const WAIT_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const GIVE_UP_MS = 180_000;
/** What coming back can't change. */
const FINAL: readonly ErrorCode[] = [
  "banned",
  "lobby-refused",
  "log-in-required",
  "not-allowed",
  "room-destroyed",
  "time-over",
];

export interface ReconnectionActions {
  /** Another try is due after a wait. */
  waiting(): void;
  /** Whether anybody still waits for it. */
  wanted(): boolean;
  attempt(): Promise<void>;
  failed(code: ErrorCode): void;
}

export class Reconnection {
  #running = false;

  constructor(private readonly actions: ReconnectionActions) {}

  /** Ends when we are back, or with `failed`; while it runs, another start changes nothing. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await this.#comeBack();
    } finally {
      this.#running = false;
    }
  }

  async #comeBack(): Promise<void> {
    const began = Date.now();
    for (let attempt = 0; Date.now() - began < GIVE_UP_MS; attempt++) {
      this.actions.waiting();
      const wait = WAIT_MS[Math.min(attempt, WAIT_MS.length - 1)] ?? 1_000;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
      if (!this.actions.wanted()) return;
      try {
        await this.actions.attempt();
        return;
      } catch (error) {
        if (error instanceof MeetingError && FINAL.includes(error.code)) {
          this.actions.failed(error.code);
          return;
        }
        console.warn("Not back yet", error);
      }
    }
    this.actions.failed("server-gone");
  }
}
