/** The room's metadata (4-services section 2.6): a table that moderators change and everybody gets whole. */

import { record } from "./envelope";
import { NS } from "./namespaces";
import { RESTRICTIONS, type Restriction } from "./rooms-api";
import { element } from "./xml";

export function buildMetadata(component: string, room: string, key: string, data: unknown): Element {
  const body = JSON.stringify({ type: "room_metadata", key, data });
  return element(
    "message",
    { xmlns: "jabber:client", to: component },
    element("room_metadata", { xmlns: NS.jitmeet, room }, body),
  );
}

export class Metadata {
  #table: Readonly<Record<string, unknown>> = {};

  receive(body: Readonly<Record<string, unknown>>): void {
    this.#table = record(body.metadata);
  }

  get(key: string): Readonly<Record<string, unknown>> {
    return record(this.#table[key]);
  }

  get startMuted(): { readonly audio: boolean; readonly video: boolean } {
    const { audio, video } = this.get("startMuted");
    return { audio: audio === true, video: video === true };
  }

  /** When breakout rooms end, ms since the epoch. */
  get breakoutsEnd(): number | null {
    const { ends } = this.get("breakoutTimer");
    return typeof ends === "number" && Number.isFinite(ends) ? ends : null;
  }

  get restricted(): Readonly<Record<Restriction, boolean>> {
    const set = this.get("permissions");
    return Object.fromEntries(RESTRICTIONS.map((each) => [each, set[each] === true])) as Record<Restriction, boolean>;
  }
}
