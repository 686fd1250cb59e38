/** Collects which videos are on screen and how tall, and tells the session, but not on every pixel of a resize. */

import type { ViewRequest } from "../../session/api";

/** Runs a function after so many milliseconds and returns what cancels it. */
export type Schedule = (run: () => void, milliseconds: number) => () => void;

const browserSchedule: Schedule = (run, milliseconds) => {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
};

interface Shown {
  readonly source: string;
  readonly height: number;
  readonly staged: boolean;
}

/** How long a picture that is out of sight counts as shown: where a page moves its tiles about, it comes back at once. */
const LINGER_MS = 1_000;

interface Leaving extends Shown {
  readonly cancel: () => void;
}

export class ViewReporter {
  readonly #shown = new Map<object, Shown>();
  readonly #leaving = new Map<string, Leaving>(); // by source
  #cancel: (() => void) | null = null;
  #last = "";

  /** `interval` in milliseconds is both the delay before a report and the least time between two. */
  constructor(
    private readonly report: (view: ViewRequest) => void,
    private readonly interval = 200,
    private readonly schedule: Schedule = browserSchedule,
  ) {}

  /** A video element shows the source at this height in CSS pixels; 0 when it is out of sight. */
  show(element: object, source: string, height: number, staged: boolean): void {
    if (height <= 0) {
      this.#leave(element);
      return;
    }
    this.#shown.set(element, { source, height: Math.round(height), staged });
    this.#soon();
  }

  /** The element is gone. */
  forget(element: object): void {
    this.#leave(element);
  }

  #leave(element: object): void {
    const shown = this.#shown.get(element);
    if (shown === undefined) return;
    this.#shown.delete(element);
    this.#leaving.get(shown.source)?.cancel();
    const cancel = this.schedule(() => {
      this.#leaving.delete(shown.source);
      this.#soon();
    }, LINGER_MS);
    this.#leaving.set(shown.source, { ...shown, cancel });
    this.#soon();
  }

  /** Stops reporting. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (const { cancel } of this.#leaving.values()) cancel();
    this.#leaving.clear();
  }

  #soon(): void {
    this.#cancel ??= this.schedule(() => {
      this.#cancel = null;
      this.#send();
    }, this.interval);
  }

  #send(): void {
    const visible = new Map<string, number>();
    const stage: string[] = [];
    const here = new Set([...this.#shown.values()].map(({ source }) => source));
    const leaving = [...this.#leaving.values()].filter(({ source }) => !here.has(source));
    for (const { source, height, staged } of [...this.#shown.values(), ...leaving]) {
      visible.set(source, Math.max(height, visible.get(source) ?? 0));
      if (staged && !stage.includes(source)) stage.push(source);
    }
    const fingerprint = JSON.stringify([stage, [...visible].sort()]);
    if (fingerprint === this.#last) return;
    this.#last = fingerprint;
    this.report({ stage, visible });
  }
}
