/** The server's feature components, announced as identities of its domain (4-services section 2.1). */

import { NS } from "./namespaces";
import { child, children, element } from "./xml";
import type { XmppConnection } from "./xmpp";

export type ServiceType =
  | "lobbyrooms"
  | "av_moderation"
  | "room_metadata"
  | "breakout_rooms"
  | "end_conference"
  | "polls"
  | "speakerstats";

const DISCO_MS = 5_000;

/** The component addresses in a disco#info result, by service type. */
export function parseServices(query: Element | null): Map<string, string> {
  const found = new Map<string, string>();
  for (const identity of children(query, "identity")) {
    const [category, type, name] = ["category", "type", "name"].map((key) => identity.getAttribute(key) ?? "");
    if (category === "component" && type && name) found.set(type, name);
  }
  return found;
}

export class Services {
  #addresses = new Map<string, string>();
  #features = new Set<string>();

  /** Asks the server; where it does not answer, no feature component is known, and the meeting goes on without. */
  async discover(xmpp: XmppConnection, domain: string): Promise<void> {
    const ask = element(
      "iq",
      { xmlns: "jabber:client", type: "get", to: domain },
      element("query", { xmlns: NS.disco }),
    );
    try {
      this.read(child(await xmpp.iq(ask, DISCO_MS), "query", NS.disco));
    } catch (error) {
      console.warn("The server did not say what it can do", error);
    }
  }

  read(query: Element | null): void {
    this.#addresses = parseServices(query);
    this.#features = new Set(children(query, "feature").map((feature) => feature.getAttribute("var") ?? ""));
  }

  address(type: ServiceType): string | null {
    return this.#addresses.get(type) ?? null;
  }

  /** Whether an address is that of any service. */
  known(from: string): boolean {
    return from !== "" && [...this.#addresses.values()].includes(from);
  }

  has(feature: string): boolean {
    return this.#features.has(feature);
  }

  /** Whether an address speaks for a service (one may for several); nobody else should be believed. */
  speaks(from: string, type: string): boolean {
    return this.#addresses.get(type) === from;
  }
}
