/** One XMPP stream over strophe.js: web-socket first, BOSH where that fails; anonymous log-in. */

import { Strophe } from "strophe.js";
import type { MeetConfig } from "./api";
import { NS } from "./namespaces";
import { child, element } from "./xml";

const CONNECT_MS = 12_000;
const IQ_MS = 15_000;
const PING_MS = 10_000;
const PING_LIMIT_MS = 5_000;

/** An IQ that was answered with an error, or not at all (`timeout`). */
export class IqError extends Error {
  constructor(
    readonly condition: string,
    readonly stanza: Element | null,
  ) {
    super(condition);
    this.name = "IqError";
  }
}

/** The condition in an error stanza, "undefined-condition" where there is none. */
export function conditionOf(stanza: Element | null): string {
  for (const each of child(stanza, "error")?.children ?? []) {
    if (each.namespaceURI === NS.stanzas && each.localName !== "text") return each.localName;
  }
  return "undefined-condition";
}

/** A ping (XEP-0199) to the server. */
export function pingStanza(domain: string): Element {
  return element(
    "iq",
    { xmlns: "jabber:client", type: "get", to: domain },
    element("ping", { xmlns: "urn:xmpp:ping" }),
  );
}

export class XmppConnection {
  jid = "";
  onStanza: (stanza: Element) => void = () => {};
  onClosed: () => void = () => {};
  #stream: InstanceType<typeof Strophe.Connection> | null = null;
  #open = false;
  #ping: ReturnType<typeof setInterval> | undefined;
  #lost = 0;

  constructor(private readonly config: MeetConfig) {}

  /** Connects and logs in; rejects when neither way leads to the server. */
  async connect(room: string): Promise<void> {
    const query = `?room=${encodeURIComponent(room)}`;
    const ways = [this.config.websocket, this.config.bosh].filter((url) => url !== undefined);
    let failure: unknown = new Error("config.js names no way to the server");
    for (const url of ways) {
      try {
        await this.#connect(url + query);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #connect(url: string): Promise<void> {
    const stream = new Strophe.Connection(url);
    this.#stream = stream;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stream.disconnect("timeout");
        reject(new Error("The server did not answer"));
      }, CONNECT_MS);
      stream.connect(this.config.hosts.anonymousdomain ?? this.config.hosts.domain, "", (status: number) => {
        if (stream !== this.#stream) return;
        if (status === Strophe.Status.CONNECTED) {
          clearTimeout(timer);
          this.jid = stream.jid;
          this.#open = true;
          stream.addHandler((stanza: Element) => this.#receive(stanza), null, null, null);
          this.#ping = setInterval(() => void this.#checkAlive(), PING_MS);
          resolve();
        } else if (
          status === Strophe.Status.DISCONNECTED ||
          status === Strophe.Status.CONNFAIL ||
          status === Strophe.Status.AUTHFAIL
        ) {
          clearTimeout(timer);
          reject(new Error("The server closed the connection"));
          this.#lostStream();
        }
      });
    });
  }

  #receive(stanza: Element): boolean {
    try {
      this.onStanza(stanza);
    } catch (error) {
      console.error("A stanza could not be handled", error);
    }
    return true;
  }

  #lostStream(): void {
    clearInterval(this.#ping);
    if (!this.#open) return;
    this.#open = false;
    this.onClosed();
  }

  async #checkAlive(): Promise<void> {
    const ping = pingStanza(this.config.hosts.domain);
    try {
      await this.iq(ping, PING_LIMIT_MS);
      this.#lost = 0;
    } catch (error) {
      if (error instanceof IqError && error.condition !== "timeout") return;
      this.#lost += 1;
      if (this.#lost >= 2) {
        this.#stream?.disconnect("no answer to pings");
        this.#lostStream();
      }
    }
  }

  get open(): boolean {
    return this.#open;
  }

  send(stanza: Element): void {
    if (this.#open) this.#stream?.send(stanza);
  }

  /** Sends an IQ; resolves with the result, rejects with an IqError. */
  iq(stanza: Element, timeout = IQ_MS): Promise<Element> {
    return new Promise((resolve, reject) => {
      const stream = this.#stream;
      if (stream === null || !this.#open) {
        reject(new IqError("timeout", null));
        return;
      }
      stream.sendIQ(
        stanza,
        resolve,
        (error: Element | null) => reject(new IqError(error === null ? "timeout" : conditionOf(error), error)),
        timeout,
      );
    });
  }

  close(): void {
    this.#open = false;
    clearInterval(this.#ping);
    const stream = this.#stream;
    this.#stream = null;
    stream?.flush();
    stream?.disconnect("leaving");
  }
}
