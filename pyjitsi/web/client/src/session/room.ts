/** The conference room on the wire: request, join, presence, chat, and what the room sends. */

import { type ErrorCode, type MeetConfig, MeetingError } from "./api";
import { CAPS_NODE, FEATURES, NS } from "./namespaces";
import { buildPresence, type OccupantPresence, type OwnPresence, parsePresence } from "./presence";
import { child, children, element, textOf } from "./xml";
import { conditionOf, IqError, type XmppConnection } from "./xmpp";

const READY_WAIT_MS = [1_000, 2_000, 4_000, 8_000];
const JOIN_MS = 15_000;
const JOIN_ATTEMPTS = 3;
const FOCUS = "focus";

export interface RoomEvents {
  present(presence: OccupantPresence): void;
  gone(nick: string): void;
  /** We are out: kicked, or the room was destroyed. */
  removed(code: ErrorCode): void;
  /** The server shuts down: we are not kicked, and may come back. */
  lost(): void;
  focusGone(): void;
  bridgeAvailable(available: boolean): void;
  chat(from: string, text: string, isPrivate: boolean, id: string): void;
  /** A Jingle request of the focus; the result is sent when this returns. */
  jingle(jingle: Element, from: string): void;
}

/** What a refused join means to people. */
export function joinError(condition: string): ErrorCode {
  switch (condition) {
    case "not-authorized":
      return "password-required";
    case "service-unavailable":
    case "resource-constraint":
      return "room-full";
    case "not-allowed":
    case "forbidden":
    case "registration-required":
      return "not-allowed";
    default:
      return "unknown";
  }
}

/** Our nick, which is our endpoint id everywhere: eight hexadecimal digits. */
export function nickOf(jid: string): string {
  const candidate = jid.slice(0, 8).toLowerCase();
  if (/^[0-9a-f]{8}$/.test(candidate)) return candidate;
  return [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An id for a message; `crypto.randomUUID` is there on secure origins only. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Room {
  readonly address: string;
  readonly nick: string;
  #joining: { resolve(): void; reject(condition: string): void } | null = null;
  #left = false;

  constructor(
    name: string,
    private readonly config: MeetConfig,
    private readonly xmpp: XmppConnection,
    private readonly events: RoomEvents,
  ) {
    this.address = `${name.toLowerCase()}@${config.hosts.muc}`;
    this.nick = nickOf(xmpp.jid);
    xmpp.onStanza = (stanza) => this.#receive(stanza);
  }

  get focus(): string {
    return `${this.address}/${FOCUS}`;
  }

  /** Asks the focus to be there, until it is. */
  async requestConference(): Promise<void> {
    const focus = this.config.hosts.focus ?? `focus.${this.config.hosts.domain}`;
    for (const wait of [...READY_WAIT_MS, null]) {
      const request = element(
        "iq",
        { xmlns: "jabber:client", type: "set", to: focus },
        element("conference", { xmlns: NS.focus, room: this.address, "machine-uid": this.nick }),
      );
      try {
        const answer = child(await this.xmpp.iq(request), "conference", NS.focus);
        if (answer?.getAttribute("ready") === "true") return;
      } catch (error) {
        if (error instanceof IqError && error.condition === "not-authorized") {
          throw new MeetingError("not-allowed", "The server lets nobody in without an account");
        }
        if (wait === null) throw new MeetingError("server-gone", `The focus does not answer: ${String(error)}`);
      }
      if (wait !== null) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    throw new MeetingError("server-gone", "The focus is not ready");
  }

  /** Enters the room; rejects with a MeetingError. */
  async join(own: OwnPresence, password: string | undefined): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.requestConference();
      const refused = await this.#enter(own, password);
      if (refused === null) return;
      if (refused !== "not-allowed" || attempt === JOIN_ATTEMPTS) {
        throw new MeetingError(joinError(refused), `The room refused us: ${refused}`);
      }
    }
  }

  #enter(own: OwnPresence, password: string | undefined): Promise<string | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish("remote-server-timeout"), JOIN_MS);
      const finish = (condition: string | null) => {
        clearTimeout(timer);
        this.#joining = null;
        resolve(condition);
      };
      this.#joining = { resolve: () => finish(null), reject: finish };
      this.xmpp.send(buildPresence(`${this.address}/${this.nick}`, own, password === undefined ? {} : { password }));
    });
  }

  update(own: OwnPresence): void {
    this.xmpp.send(buildPresence(`${this.address}/${this.nick}`, own, null));
  }

  leave(): void {
    this.#left = true;
    this.xmpp.send(
      element("presence", { xmlns: "jabber:client", to: `${this.address}/${this.nick}`, type: "unavailable" }),
    );
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
    if (this.#left || !from.startsWith(this.address)) return;
    if (stanza.localName === "presence") this.#presence(stanza, from);
    if (stanza.localName === "message") this.#message(stanza, from);
  }

  #presence(stanza: Element, from: string): void {
    const type = stanza.getAttribute("type");
    const nick = from.slice(this.address.length + 1);
    if (type === "error") {
      this.#joining?.reject(conditionOf(stanza));
    } else if (nick === FOCUS) {
      if (type === "unavailable") this.events.focusGone();
      else this.events.bridgeAvailable(child(stanza, "bridgeNotAvailable", NS.focus) === null);
    } else if (type === "unavailable") {
      this.#unavailable(stanza, nick);
    } else {
      const presence = parsePresence(stanza);
      if (nick === this.nick) this.#joining?.resolve();
      this.events.present(presence);
    }
  }

  #unavailable(stanza: Element, nick: string): void {
    if (nick !== this.nick) {
      this.events.gone(nick);
      return;
    }
    const user = child(stanza, "x", NS.mucUser);
    const codes = children(user, "status").map((status) => status.getAttribute("code"));
    if (codes.includes("332")) {
      this.events.lost();
      return;
    }
    const destroyed = child(user, "destroy") !== null;
    this.events.removed(destroyed ? "room-destroyed" : "kicked");
  }

  #message(stanza: Element, from: string): void {
    const text = textOf(stanza, "body");
    const nick = from.slice(this.address.length + 1);
    const type = stanza.getAttribute("type");
    if (text === "" || nick === "" || type === "error" || child(stanza, "delay") !== null) return;
    this.events.chat(nick, text, type === "chat", stanza.getAttribute("id") ?? randomId());
  }

  #iq(stanza: Element, from: string): void {
    const type = stanza.getAttribute("type");
    if (type !== "get" && type !== "set") return;
    const jingle = child(stanza, "jingle", NS.jingle);
    const query = child(stanza, "query", NS.disco);
    if (jingle !== null && from === this.focus) {
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
