/** Who spoke for how long (4-services section 2.14): the server's counts, and what was heard since. */

import { type JsonMessage, record, text } from "./envelope";
import { NS } from "./namespaces";
import type { SpeakerTime } from "./rooms-api";
import { element } from "./xml";

/** The dominant speaker's own report; silent: it is still the dominant one, and says nothing. */
export function buildSpeaking(component: string, room: string, silent: boolean): Element {
  const report = element("speakerstats", { xmlns: NS.jitmeet, room, silence: String(silent) });
  return element("message", { xmlns: "jabber:client", to: component }, report);
}

export class Speakers {
  readonly #totals = new Map<string, { name: string; ms: number }>();
  #speaking: string | null = null;
  #since = 0;
  #reported: string | null = null;

  /** Takes over the server's counts, which those who join get. */
  receive(body: JsonMessage, now: number): void {
    for (const [id, value] of Object.entries(record(body.users))) {
      const { displayName, totalDominantSpeakerTime: ms } = record(value);
      if (typeof ms === "number" && Number.isFinite(ms)) this.#totals.set(id, { name: text(displayName), ms });
    }
    this.#since = now;
  }

  /** Somebody is the dominant speaker now, or, silent, still is; null: nobody. Returns whether that is news. */
  dominant(id: string | null, silent: boolean, now: number): boolean {
    const total = this.#speaking === null ? undefined : this.#totals.get(this.#speaking);
    if (total !== undefined) total.ms += Math.max(0, now - this.#since);
    this.#speaking = silent ? null : id;
    this.#since = now;
    if (id !== null && !this.#totals.has(id)) this.#totals.set(id, { name: "", ms: 0 });
    const heard = `${id} ${silent}`;
    if (heard === this.#reported) return false;
    this.#reported = heard;
    return true;
  }

  /** Everybody who spoke; `nameOf` knows those who are here. */
  times(nameOf: (id: string) => string): SpeakerTime[] {
    return [...this.#totals].map(([id, { name, ms }]) => ({
      id,
      name: nameOf(id) || name,
      ms,
      since: id === this.#speaking ? this.#since : null,
    }));
  }
}
