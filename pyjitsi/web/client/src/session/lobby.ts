/** The lobby (4-services section 2.4): a room before the room. Outside we visit it; as moderators we keep its desk. */

import { buildAdmission, buildKick } from "./admin";
import { buildEnvelope, parseEnvelope, text } from "./envelope";
import { NS } from "./namespaces";
import { parsePresence } from "./presence";
import { type Refusal, readRefusal } from "./refusal";
import type { Knocker, LobbyMessage } from "./rooms-api";
import { child, children, element, textOf } from "./xml";
import type { XmppConnection } from "./xmpp";

const CHAT = "LOBBY_CHAT_MESSAGE";

export function buildKnock(occupant: string, name: string): Element {
  return element(
    "presence",
    { xmlns: "jabber:client", to: occupant },
    element("x", { xmlns: NS.muc }, element("history", { maxstanzas: 0 })),
    name === "" ? null : element("nick", { xmlns: NS.nick }, name),
  );
}

function buildGoodbye(occupant: string): Element {
  return element("presence", { xmlns: "jabber:client", to: occupant, type: "unavailable" });
}

/** The password in an invitation of the room (a mediated one of XEP-0045), null where the message is no invitation. */
export function parseInvitation(message: Element): { readonly password: string | null } | null {
  const user = child(message, "x", NS.mucUser);
  if (child(user, "invite") === null) return null;
  return { password: textOf(user, "password") || null };
}

/** The text of a lobby chat message, "" for anything else. */
function chatOf(message: Element): string {
  const body = parseEnvelope(message);
  return body?.type === CHAT ? text(body.message) : "";
}

let counter = 0;
function line(local: boolean, name: string, words: string, now: number): LobbyMessage {
  counter += 1;
  return { id: `lobby-${counter}`, local, name, text: words, at: now };
}

export interface VisitEvents {
  changed(): void;
  /** A moderator, or the end of the lobby, lets us in. */
  admitted(password: string | null): void;
  refused(): void;
  /** The meeting ended while we waited. */
  ended(): void;
  /** The lobby itself did not let us in. */
  turnedAway(refusal: Refusal): void;
}

/** Our wait in the lobby. */
export class LobbyVisit {
  messages: readonly LobbyMessage[] = [];
  readonly #occupant: string;
  readonly #stop: () => void;
  #moderator: string | null = null; // who wrote to us, and reads the answers
  #over = false;

  constructor(
    private readonly xmpp: XmppConnection,
    private readonly lobby: string,
    private readonly room: string,
    nick: string,
    readonly name: string,
    private readonly events: VisitEvents,
  ) {
    this.#occupant = `${lobby}/${nick}`;
    this.#stop = xmpp.listen((stanza) => this.#receive(stanza));
    xmpp.send(buildKnock(this.#occupant, name));
  }

  say(words: string): void {
    const body = { type: CHAT, message: words };
    const [to, type] =
      this.#moderator === null ? [this.lobby, "groupchat" as const] : [this.#moderator, "chat" as const];
    this.xmpp.send(buildEnvelope(to, type, body));
    this.#add(line(true, this.name, words, Date.now()));
  }

  leave(): void {
    if (this.#over) return;
    this.#finish();
    this.xmpp.send(buildGoodbye(this.#occupant));
  }

  #finish(): void {
    this.#over = true;
    this.#stop();
  }

  #add(message: LobbyMessage): void {
    this.messages = [...this.messages, message];
    this.events.changed();
  }

  #receive(stanza: Element): void {
    const from = stanza.getAttribute("from") ?? "";
    if (stanza.localName === "presence" && from === this.#occupant) this.#presence(stanza);
    if (stanza.localName !== "message" || stanza.getAttribute("type") === "error") return;
    if (from === this.room) {
      const invitation = parseInvitation(stanza);
      if (invitation !== null) this.events.admitted(invitation.password);
    } else if (from.startsWith(`${this.lobby}/`) && from !== this.#occupant) {
      const words = chatOf(stanza);
      if (words === "") return;
      if (stanza.getAttribute("type") === "chat") this.#moderator = from;
      this.#add(line(false, "", words, Date.now()));
    }
  }

  #presence(stanza: Element): void {
    const type = stanza.getAttribute("type");
    if (type === "error") {
      this.#finish();
      this.events.turnedAway(readRefusal(stanza));
    } else if (type === "unavailable") {
      this.#finish();
      const user = child(stanza, "x", NS.mucUser);
      const destroyed = child(user, "destroy");
      if (destroyed === null) this.events.refused();
      else if (destroyed.getAttribute("jid")) this.events.admitted(null);
      else this.events.ended();
    }
  }
}

export interface DeskEvents {
  changed(): void;
  knocked(knocker: Knocker): void;
  wrote(knocker: Knocker, message: LobbyMessage): void;
}

interface Waiting extends Knocker {
  readonly jid: string;
}

/** The lobby as its moderators see it. */
export class LobbyDesk {
  readonly #waiting = new Map<string, Waiting>();
  readonly #stop: () => void;
  readonly #occupant: string;

  constructor(
    private readonly xmpp: XmppConnection,
    readonly lobby: string,
    private readonly room: string,
    nick: string,
    private readonly events: DeskEvents,
  ) {
    this.#occupant = `${lobby}/${nick}`;
    this.#stop = xmpp.listen((stanza) => this.#receive(stanza));
    xmpp.send(buildKnock(this.#occupant, ""));
  }

  /** Who waits, the longest first. */
  get knockers(): readonly Knocker[] {
    return [...this.#waiting.values()].map(({ id, name, since, messages }) => ({ id, name, since, messages }));
  }

  admit(ids: readonly string[]): void {
    const jids = ids.map((id) => this.#waiting.get(id)?.jid).filter((jid) => jid !== undefined);
    if (jids.length > 0) this.xmpp.send(buildAdmission(this.room, jids));
  }

  refuse(ids: readonly string[]): void {
    for (const id of ids) {
      if (!this.#waiting.has(id)) continue;
      this.xmpp
        .iq(buildKick(this.lobby, id, "refused"))
        .catch((error: unknown) => console.warn("A knocker could not be refused", error));
    }
  }

  say(id: string, words: string): void {
    if (!this.#waiting.has(id)) return;
    this.xmpp.send(buildEnvelope(`${this.lobby}/${id}`, "chat", { type: CHAT, message: words }));
    this.#append(id, line(true, "", words, Date.now()));
  }

  /** Somebody came into the main room: whoever it is waits no more. */
  entered(jid: string | null): void {
    for (const [id, each] of this.#waiting) if (each.jid === jid) this.#forget(id);
  }

  close(): void {
    this.#stop();
    this.xmpp.send(buildGoodbye(this.#occupant));
  }

  #forget(id: string): void {
    if (this.#waiting.delete(id)) this.events.changed();
  }

  #append(id: string, message: LobbyMessage): Waiting | null {
    const known = this.#waiting.get(id);
    if (known === undefined) return null;
    const next = { ...known, messages: [...known.messages, message] };
    this.#waiting.set(id, next);
    this.events.changed();
    return next;
  }

  #receive(stanza: Element): void {
    const from = stanza.getAttribute("from") ?? "";
    if (!from.startsWith(`${this.lobby}/`) || from === this.#occupant) return;
    const id = from.slice(this.lobby.length + 1);
    const type = stanza.getAttribute("type");
    if (stanza.localName === "message") {
      const words = type === "error" ? "" : chatOf(stanza);
      if (words === "") return;
      const message = line(false, this.#waiting.get(id)?.name ?? "", words, Date.now());
      const knocker = this.#append(id, message);
      if (knocker !== null) this.events.wrote(knocker, message);
    } else if (stanza.localName === "presence") {
      if (type === "unavailable") this.#forget(id);
      else if (type === null) this.#present(stanza, id);
    }
  }

  #present(stanza: Element, id: string): void {
    const { name, realJid, moderator } = parsePresence(stanza);
    if (realJid === null || moderator) return;
    const known = this.#waiting.get(id);
    const next = { id, name, jid: realJid, since: known?.since ?? Date.now(), messages: known?.messages ?? [] };
    this.#waiting.set(id, next);
    this.events.changed();
    if (known === undefined) this.events.knocked(next);
  }
}

/** What the room tells all about its lobby; null for anything else. `by` is the nick of who did it. */
export interface LobbyNotice {
  readonly event: "LOBBY-ENABLED" | "LOBBY-ACCESS-GRANTED" | "LOBBY-ACCESS-DENIED";
  readonly on: boolean;
  readonly name: string;
}

export function parseLobbyNotice(message: Element): LobbyNotice | null {
  const body = parseEnvelope(message);
  if (body?.type !== "lobby-notify" || children(message, "delay").length > 0) return null;
  const event = text(body.event);
  if (event !== "LOBBY-ENABLED" && event !== "LOBBY-ACCESS-GRANTED" && event !== "LOBBY-ACCESS-DENIED") return null;
  return { event, on: body.value === true || body.value === "true", name: text(body.name) };
}
