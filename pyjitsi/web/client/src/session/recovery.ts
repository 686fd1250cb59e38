/**
 * Getting media back when its way is lost or about to be: ICE is restarted in the session that there is, make-before-
 * break; where that can't be had or does not help in time, a new session is asked for.
 */

import { IqError } from "./xmpp";

const DISCONNECTED_MS = 2_000; // often it comes back by itself within a moment
const FAILED_MS = 500; // and as much again at random: where a bridge died, everybody on it asks
const APART_MS = 5_000; // between two requests; the focus refuses what comes sooner
const RECOVERED_MS = 15_000; // lib-jitsi-meet's
const ANEW_MS = 2_000;
const NEVER = new Set(["feature-not-implemented", "item-not-found", "bad-request", "gone"]);

export interface RecoveryActions {
  /** Asks for a restart of ICE; rejects with an IqError. */
  restartIce(): Promise<void>;
  /** Asks for a new session. */
  startAnew(): void;
}

/** For one session. */
export class Recovery {
  #state: RTCIceConnectionState = "new";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #verdict: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  #asked = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(
    private readonly actions: RecoveryActions,
    private readonly inPlace: boolean,
  ) {}

  get #connected(): boolean {
    return this.#state === "connected" || this.#state === "completed";
  }

  ice(state: RTCIceConnectionState): void {
    this.#state = state;
    clearTimeout(this.#timer);
    if (this.#connected) clearTimeout(this.#verdict);
    if (state === "disconnected") this.#later(DISCONNECTED_MS);
    if (state === "failed") this.#later(FAILED_MS * (1 + Math.random()));
  }

  /** Another network, or the same one again: the old way is most likely gone, whatever ICE still believes. */
  networkChanged(): void {
    if (this.inPlace && this.#state !== "new") this.#later(0);
  }

  #later(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#recover(), wait);
  }

  async #recover(): Promise<void> {
    if (!this.inPlace) {
      if (this.#state === "failed") this.#anew(ANEW_MS);
      return;
    }
    if (this.#asking) {
      this.#again = true;
      return;
    }
    const wait = this.#asked + APART_MS - performance.now();
    if (wait > 0) {
      this.#later(wait);
      return;
    }
    this.#asking = true;
    this.#asked = performance.now();
    let refused = "";
    try {
      await this.actions.restartIce();
    } catch (error) {
      refused = error instanceof IqError ? error.condition : "timeout";
      console.warn("No restart of ICE", refused);
    }
    this.#asking = false;
    if (this.#stopped) return;
    if (NEVER.has(refused)) {
      this.#anew(ANEW_MS);
    } else if (refused !== "") {
      if (!this.#connected) this.#later(APART_MS);
    } else {
      this.#anew(RECOVERED_MS);
    }
    if (this.#again) {
      this.#again = false;
      this.#later(0);
    }
  }

  /** A new session, if this one does not work by then. */
  #anew(wait: number): void {
    clearTimeout(this.#verdict);
    this.#verdict = setTimeout(() => {
      if (!this.#connected && !this.#stopped) this.actions.startAnew();
    }, wait);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#verdict);
  }
}
