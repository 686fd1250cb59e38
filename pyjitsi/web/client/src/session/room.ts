/** The conference room on the wire: request, join, presence, chat, and what the room sends. */

import { type ErrorCode, type MeetConfig, MeetingError } from "./api";
import { parseEnvelope, text as textIn } from "./envelope";
import { nickIn } from "./moderation";
import { CAPS_NODE, FEATURES, NS } from "./namespaces";
import { buildPresence, type OccupantPresence, type OwnPresence, parsePresence } from "./presence";
import { type Refusal, readAlternate, readRefusal, readRemoval } from "./refusal";
import { MEDIA, type Medium } from "./rooms-api";
import { child, children, element, textOf } from "./xml";
import { IqError, type XmppConnection } from "./xmpp";

const READY_WAIT_MS = [1_000, 2_000, 4_000, 8_000];
const JOIN_MS = 15_000;
const FOCUS = "focus";

/** A room's address, from the name in the page's address: percent-encoded, as all of Jitsi's clients do it. */
export function addressOf(config: MeetConfig, room: string): string {
  const node = encodeURIComponent(room.normalize("NFKC").toLowerCase()).toLowerCase();
  return `${node}@${config.hosts.muc}`;
}

/** Whom to ask for a conference. */
export function focusOf(config: MeetConfig): string {
  return config.hosts.focus ?? `focus.${config.hosts.domain}`;
}

/** Asks the focus for a room. The machine's id is a secret of this browser: a session id is good with it alone. */
export function conferenceRequest(config: MeetConfig, room: string, machine: string, session: string | null): Element {
  const attributes = { xmlns: NS.focus, room, "machine-uid": machine };
  return element(
    "iq",
    { xmlns: "jabber:client", type: "set", to: focusOf(config) },
    element("conference", session === null ? attributes : { ...attributes, "session-id": session }),
  );
}

/** By what the focus knows us on this connection. */
export interface Proof {
  readonly machine: string;
  readonly session: string | null;
  granted(session: string, identity: string | null): void;
  forget(): void;
}

export interface RoomEvents {
  present(presence: OccupantPresence): void;
  gone(nick: string): void;
  /** We are out: kicked, or the room was destroyed. `alternate` is the room that takes its place. */
  removed(code: ErrorCode, alternate: string | null): void;
  /** The server shuts down: we are not kicked, and may come back. */
  lost(): void;
  focusGone(): void;
  bridgeAvailable(available: boolean): void;
  chat(from: string, text: string, isPrivate: boolean, id: string): void;
  /** The room itself says something to all; `name` is of whom it speaks for, or "". */
  announced(words: string, name: string): void;
  /** The room did not take what we wrote. */
  chatRefused(): void;
  /** The focus muted us, for the moderator of that nick; "" where it does so of itself. */
  muted(medium: Medium, by: string): void;
  /** A Jingle request of the focus; the result is sent when this returns. */
  jingle(jingle: Element, from: string): void;
}

/** Our nick, which is our endpoint id everywhere: eight hexadecimal digits. */
export function nickOf(jid: string): string {
  const candidate = jid.slice(0, 8).toLowerCase();
  if (/^[0-9a-f]{8}$/.test(candidate)) return candidate;
  return [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An id for a message or a poll; `crypto.randomUUID` is there on secure origins only. */
export function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a mute IQ of the focus mutes, and for whom; null for any other IQ. Only `true` comes from the focus. */
function muteOf(stanza: Element): { readonly medium: Medium; readonly by: string } | null {
  for (const medium of MEDIA) {
    const mute = child(stanza, "mute", NS.mute[medium]);
    if (mute?.textContent === "true") return { medium, by: nickIn(mute.getAttribute("actor") ?? "") };
  }
  return null;
}

export class Room {
  readonly #stop: () => void;
  #joining: ((refusal: Refusal | null) => void) | null = null;
  #left = false;

  constructor(
    readonly address: string,
    readonly nick: string,
    private readonly config: MeetConfig,
    private readonly xmpp: XmppConnection,
    private readonly events: RoomEvents,
    private readonly proof: Proof | null = null,
  ) {
    this.#stop = xmpp.listen((stanza) => this.#receive(stanza));
  }

  /** Our own address in the room. */
  get occupant(): string {
    return `${this.address}/${this.nick}`;
  }

  get focus(): string {
    return `${this.address}/${FOCUS}`;
  }

  /** Asks the focus to be there, until it is. */
  async requestConference(): Promise<void> {
    for (const wait of [...READY_WAIT_MS, null]) {
      const session = this.proof?.session ?? null;
      const request = conferenceRequest(this.config, this.address, this.proof?.machine ?? this.nick, session);
      try {
        const answer = child(await this.xmpp.iq(request), "conference", NS.focus);
        const granted = answer?.getAttribute("session-id");
        if (granted) this.proof?.granted(granted, answer?.getAttribute("identity") ?? null);
        if (answer?.getAttribute("ready") === "true") return;
      } catch (error) {
        if (error instanceof IqError && error.condition === "not-acceptable" && session !== null) {
          this.proof?.forget(); // it is over, and we are a guest
          continue;
        }
        if (error instanceof IqError && error.condition === "not-authorized") {
          throw new MeetingError("log-in-required", "The room waits for somebody with an account");
        }
        if (wait === null) throw new MeetingError("server-gone", `The focus does not answer: ${String(error)}`);
      }
      if (wait !== null) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    throw new MeetingError("server-gone", "The focus is not ready");
  }

  /** Enters the room; resolves with the refusal, null where we are in. */
  join(own: OwnPresence, password: string | null): Promise<Refusal | null> {
    return new Promise((resolve) => {
      const finish = (refusal: Refusal | null) => {
        clearTimeout(timer);
        this.#joining = null;
        resolve(refusal);
      };
      const timer = setTimeout(() => finish({ code: "server-gone", lobby: null, waitingForHost: false }), JOIN_MS);
      this.#joining = finish;
      this.xmpp.send(buildPresence(this.occupant, own, password === null ? {} : { password }));
    });
  }

  update(own: OwnPresence): void {
    this.xmpp.send(buildPresence(this.occupant, own, null));
  }

  /** Leaves; `status` says why, as `switch_room` where we go on into another room of the meeting. */
  leave(status: string | null = null): void {
    this.#left = true;
    this.#stop();
    const why = status === null ? null : element("status", {}, status);
    this.xmpp.send(element("presence", { xmlns: "jabber:client", to: this.occupant, type: "unavailable" }, why));
  }

  say(text: string, privateTo: string | undefined): string {
    const id = randomId();
    const to = privateTo === undefined ? this.address : `${this.address}/${privateTo}`;
    const type = privateTo === undefined ? "groupchat" : "chat";
    this.xmpp.send(element("message", { xmlns: "jabber:client", to, type, id }, element("body", {}, text)));
    return id;
  }

  #receive(stanza: Element): void {
    const from = stanza.getAttribute("from") ?? "";
    if (stanza.localName === "iq") this.#iq(stanza, from);
    if (this.#left || from.split("/", 1)[0] !== this.address) return;
    if (stanza.localName === "presence") this.#presence(stanza, from);
    if (stanza.localName === "message") this.#message(stanza, from);
  }

  #presence(stanza: Element, from: string): void {
    const type = stanza.getAttribute("type");
    const nick = from.slice(this.address.length + 1);
    if (type === "error") {
      this.#joining?.(readRefusal(stanza));
    } else if (nick === FOCUS) {
      if (type === "unavailable") this.events.focusGone();
      else this.events.bridgeAvailable(child(stanza, "bridgeNotAvailable", NS.focus) === null);
    } else if (type === "unavailable") {
      this.#unavailable(stanza, nick);
    } else {
      const presence = parsePresence(stanza);
      if (nick === this.nick) this.#joining?.(null);
      this.events.present(presence);
    }
  }

  #unavailable(stanza: Element, nick: string): void {
    if (nick !== this.nick) {
      this.events.gone(nick);
      return;
    }
    const why = readRemoval(stanza);
    if (why === null) this.events.lost();
    else this.events.removed(why, readAlternate(stanza));
  }

  #message(stanza: Element, from: string): void {
    const text = textOf(stanza, "body");
    const nick = from.slice(this.address.length + 1);
    const type = stanza.getAttribute("type");
    if (type === "error" && text !== "") this.events.chatRefused();
    if (nick === "" && type !== "error" && child(stanza, "delay") === null) {
      const body = parseEnvelope(stanza);
      const words = body?.type === "system_chat_message" ? textIn(body.message) : "";
      if (words !== "") this.events.announced(words, textIn(body?.displayName));
    }
    if (text === "" || nick === "" || type === "error" || child(stanza, "delay") !== null) return;
    this.events.chat(nick, text, type === "chat", stanza.getAttribute("id") ?? randomId());
  }

  #iq(stanza: Element, from: string): void {
    const type = stanza.getAttribute("type");
    if (type !== "get" && type !== "set") return;
    const jingle = child(stanza, "jingle", NS.jingle);
    const query = child(stanza, "query", NS.disco);
    const mute = from === this.focus ? muteOf(stanza) : null;
    if (mute !== null) {
      this.#reply(stanza, null);
      this.events.muted(mute.medium, mute.by);
    } else if (jingle !== null && from === this.focus) {
      try {
        this.events.jingle(jingle, from);
        this.#reply(stanza, null);
      } catch (error) {
        console.error("The focus sent what can't be handled", error);
        const refusal = element("error", { type: "modify" }, element("bad-request", { xmlns: NS.stanzas }));
        this.#reply(stanza, refusal, "error");
      }
    } else if (query !== null && type === "get") {
      this.#reply(stanza, this.#features(query.getAttribute("node")));
    } else if (children(stanza, "ping").length > 0) {
      this.#reply(stanza, null);
    } else {
      const error = element("error", { type: "cancel" }, element("service-unavailable", { xmlns: NS.stanzas }));
      this.#reply(stanza, error, "error");
    }
  }

  #features(node: string | null): Element {
    return element(
      "query",
      { xmlns: NS.disco, node: node ?? `${CAPS_NODE}#pyjitsi-1` },
      element("identity", { category: "client", type: "web", name: "pyjitsi" }),
      ...FEATURES.map((feature) => element("feature", { var: feature })),
    );
  }

  #reply(stanza: Element, payload: Element | null, type = "result"): void {
    const to = stanza.getAttribute("from") ?? undefined;
    this.xmpp.send(element("iq", { xmlns: "jabber:client", type, to, id: stanza.getAttribute("id") ?? "" }, payload));
  }
}
