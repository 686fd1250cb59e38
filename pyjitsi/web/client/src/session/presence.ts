/** Presence in the room: what we say of ourselves, and what others say. Presence is replaced whole, never merged. */

import { CAPS_NODE, NS } from "./namespaces";
import { child, children, element, textOf } from "./xml";

export interface SourceState {
  readonly muted: boolean;
  readonly desktop: boolean;
}

export interface OwnPresence {
  readonly name: string;
  readonly raisedHandAt: number | null;
  /** What others may send us, as lib-jitsi-meet says it. */
  readonly codecs: readonly string[];
  /** Where we are, for the choice of a bridge near us. */
  readonly region: string | null;
  readonly sources: ReadonlyMap<string, SourceState>;
}

export interface OccupantPresence {
  readonly nick: string;
  readonly name: string;
  readonly moderator: boolean;
  readonly realJid: string | null;
  readonly raisedHandAt: number | null;
  readonly sources: ReadonlyMap<string, SourceState>;
  /** The video codecs that it can show; empty where it does not say. */
  readonly codecs: readonly string[];
  readonly statuses: ReadonlySet<string>;
  /** The picture of a log-in, which the server put there; nobody gives themselves one. */
  readonly avatar: string | null;
  /** What the log-in allows, in our own presence; null where it said nothing, and only the role counts. */
  readonly permissions: ReadonlySet<string> | null;
}

/** Our presence; the first one carries the join, with the password of a locked room. */
export function buildPresence(to: string, own: OwnPresence, join: { password?: string } | null): Element {
  const info: Record<string, { muted: boolean; videoType?: string }> = {};
  for (const [name, state] of own.sources) {
    info[name] = state.desktop ? { muted: state.muted, videoType: "desktop" } : { muted: state.muted };
  }
  const password = join?.password === undefined ? null : element("password", {}, join.password);
  return element(
    "presence",
    { to, xmlns: "jabber:client" },
    join === null ? null : element("x", { xmlns: NS.muc }, element("history", { maxstanzas: 0 }), password),
    element("c", { xmlns: NS.caps, hash: "sha-1", node: CAPS_NODE, ver: "pyjitsi-1" }),
    element("SourceInfo", {}, JSON.stringify(info)),
    element("jitsi_participant_codecList", {}, own.codecs.join()),
    own.region === null ? null : element("jitsi_participant_region", {}, own.region),
    own.raisedHandAt === null ? null : element("jitsi_participant_raisedHand", {}, String(own.raisedHandAt)),
    own.name === "" ? null : element("nick", { xmlns: NS.nick }, own.name),
  );
}

/** Reads SourceInfo; what can't be read counts as nothing. */
export function parseSourceInfo(text: string): Map<string, SourceState> {
  const found = new Map<string, SourceState>();
  try {
    const body: unknown = JSON.parse(text || "{}");
    if (typeof body !== "object" || body === null) return found;
    for (const [name, value] of Object.entries(body as Record<string, { muted?: unknown; videoType?: unknown }>)) {
      found.set(name, { muted: value?.muted === true, desktop: value?.videoType === "desktop" });
    }
  } catch {
    return new Map();
  }
  return found;
}

export function parsePresence(stanza: Element): OccupantPresence {
  const user = child(stanza, "x", NS.mucUser);
  const item = child(user, "item");
  const hand = Number(textOf(stanza, "jitsi_participant_raisedHand"));
  return {
    nick: (stanza.getAttribute("from") ?? "").split("/").slice(1).join("/"),
    name: textOf(stanza, "nick", NS.nick),
    moderator: item?.getAttribute("role") === "moderator",
    realJid: item?.getAttribute("jid") ?? null,
    raisedHandAt: Number.isFinite(hand) && hand > 0 ? hand : null,
    sources: parseSourceInfo(textOf(stanza, "SourceInfo")),
    codecs: textOf(stanza, "jitsi_participant_codecList").toLowerCase().split(",").filter(Boolean),
    avatar: textOf(child(child(stanza, "identity"), "user"), "avatar") || null,
    statuses: new Set(children(user, "status").map((status) => status.getAttribute("code") ?? "")),
    permissions: parsePermissions(child(stanza, "permissions", NS.jitmeet)),
  };
}

function parsePermissions(table: Element | null): ReadonlySet<string> | null {
  if (table === null) return null;
  const granted = children(table, "p").filter((each) => each.getAttribute("val") === "true");
  return new Set(granted.map((each) => each.getAttribute("name") ?? ""));
}
