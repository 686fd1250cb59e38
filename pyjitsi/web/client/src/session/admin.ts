/** What owners ask of a room (XEP-0045 sections 8 to 10), and of the focus. */

import { NS } from "./namespaces";
import type { Medium } from "./rooms-api";
import { element } from "./xml";

export type Affiliation = "owner" | "member" | "none" | "outcast";

export function bare(jid: string): string {
  return jid.split("/", 1)[0] ?? jid;
}

function set(to: string, ...payload: Element[]): Element {
  return element("iq", { xmlns: "jabber:client", type: "set", to }, ...payload);
}

/** Takes an occupant out of the room. */
export function buildKick(room: string, nick: string, reason: string): Element {
  const item = element("item", { nick, role: "none" }, element("reason", {}, reason));
  return set(room, element("query", { xmlns: NS.mucAdmin }, item));
}

/** Gives people an affiliation; they are known by their bare addresses. */
export function buildAffiliations(room: string, jids: readonly string[], affiliation: Affiliation): Element {
  const items = [...new Set(jids.map(bare))].map((jid) => element("item", { affiliation, jid }));
  return set(room, element("query", { xmlns: NS.mucAdmin }, ...items));
}

/** Changes some fields of the room's configuration. */
export function buildConfiguration(room: string, fields: Readonly<Record<string, string>>): Element {
  const field = (name: string, value: string) => element("field", { var: name }, element("value", {}, value));
  const form = element(
    "x",
    { xmlns: NS.data, type: "submit" },
    field("FORM_TYPE", NS.mucConfig),
    ...Object.entries(fields).map(([name, value]) => field(name, value)),
    field("muc#roomconfig_whois", "anyone"),
  );
  return set(room, element("query", { xmlns: NS.mucOwner }, form));
}

/** Lets knockers in: one invitation for each, by full address, to the main room. */
export function buildAdmission(room: string, jids: readonly string[]): Element {
  const invites = jids.map((to) => element("invite", { to }));
  return element("message", { xmlns: "jabber:client", to: room }, element("x", { xmlns: NS.mucUser }, ...invites));
}

/** Asks the focus to mute somebody; `false` only for ourselves, after we unmuted what it had muted. */
export function buildMute(focus: string, occupant: string, medium: Medium, muted: boolean): Element {
  return set(focus, element("mute", { xmlns: NS.mute[medium], jid: occupant }, String(muted)));
}
