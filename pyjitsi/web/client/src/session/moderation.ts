/** AV moderation (4-services section 2.5): whether people may speak, show and share without being allowed to. */

import { record, strings, text } from "./envelope";
import { MEDIA, type Medium } from "./rooms-api";
import { element } from "./xml";

export type ModerationEvent =
  | { readonly kind: "enabled"; readonly medium: Medium; readonly on: boolean; readonly actor: string }
  | { readonly kind: "allowed" | "stopped"; readonly medium: Medium }
  | { readonly kind: "asked"; readonly medium: Medium; readonly actor: string };

/** Switches moderation of a medium. The element has no namespace of its own. */
export function buildModerated(component: string, medium: Medium, on: boolean): Element {
  return message(component, { enable: String(on), mediaType: medium });
}

/** Lets an occupant use a medium, or no longer. */
export function buildApproval(component: string, occupant: string, medium: Medium, allowed: boolean): Element {
  return message(component, { [allowed ? "jidToWhitelist" : "jidToBlacklist"]: occupant, mediaType: medium });
}

function message(to: string, attributes: Readonly<Record<string, string>>): Element {
  return element("message", { xmlns: "jabber:client", to }, element("av_moderation", attributes));
}

/** The nick of an occupant's address. */
export function nickIn(occupant: string): string {
  return occupant.split("/").slice(1).join("/");
}

export class Moderation {
  #moderated: Record<Medium, boolean> = { audio: false, video: false, desktop: false };
  #mine: Record<Medium, boolean> = { audio: false, video: false, desktop: false };
  #approved: Record<Medium, ReadonlySet<string>> = { audio: new Set(), video: new Set(), desktop: new Set() };

  get moderated(): Readonly<Record<Medium, boolean>> {
    return { ...this.#moderated };
  }

  /** Who is on the lists, by nick; told to moderators only. */
  get approved(): Readonly<Record<Medium, ReadonlySet<string>>> {
    return { ...this.#approved };
  }

  /** What we may use now. */
  allowed(moderator: boolean): Readonly<Record<Medium, boolean>> {
    const may = (medium: Medium) => moderator || !this.#moderated[medium] || this.#mine[medium];
    return { audio: may("audio"), video: may("video"), desktop: may("desktop") };
  }

  /** Takes over a message of the component; returns what it means to people. */
  receive(body: Readonly<Record<string, unknown>>): ModerationEvent[] {
    const medium = MEDIA.find((each) => each === body.mediaType);
    if (medium === undefined) return [];
    if (body.whitelists !== undefined) {
      this.#approved[medium] = new Set(strings(record(body.whitelists)[medium]).map(nickIn));
      return [];
    }
    if (typeof body.enabled === "boolean") return this.#switch(medium, body.enabled, text(body.actor));
    if (body.removed === true) {
      this.#mine[medium] = false;
      return [{ kind: "stopped", medium }];
    }
    if (body.approved !== true) return [];
    // In a room without moderation the same message asks somebody to unmute, and says who asks.
    if (!this.#moderated[medium]) return [{ kind: "asked", medium, actor: nickIn(text(body.from)) }];
    this.#mine[medium] = true;
    return [{ kind: "allowed", medium }];
  }

  #switch(medium: Medium, on: boolean, actor: string): ModerationEvent[] {
    if (this.#moderated[medium] === on) return [];
    this.#moderated[medium] = on;
    this.#mine[medium] = false;
    this.#approved[medium] = new Set();
    return [{ kind: "enabled", medium, on, actor: nickIn(actor) }];
  }
}
