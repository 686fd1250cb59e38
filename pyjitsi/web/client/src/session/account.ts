/**
 * Who we are to the server, for as long as this tab is open. Where a server has accounts (`hosts.authdomain`), people
 * meet each other on an anonymous connection all the same, and log in on a second one that lasts a moment: there the
 * focus gives a session id, which says on the first who we are (1-signalling.md section 2.4). Passwords are not kept.
 */

import { Strophe } from "strophe.js";
import type { Account, LogInProblem, MeetConfig, PersonLoggedIn } from "./api";
import { LogInError } from "./api";
import { NS } from "./namespaces";
import { addressOf, conferenceRequest, focusOf } from "./room";
import { child, element } from "./xml";
import { IqError, LogInRefused, XmppConnection } from "./xmpp";

const KEY = "pyjitsi.login";
const SECONDS = /(\d+) s$/;

interface Kept {
  readonly machine: string;
  readonly session: string;
  readonly identity: string;
}

type Tab = Pick<Storage, "getItem" | "setItem" | "removeItem">;

function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The node of an XMPP address for a name, or for a whole address, that somebody typed. */
export function nodeFor(typed: string, domain: string): string {
  const name = typed.trim().toLowerCase();
  const own = `@${domain}`;
  return String(Strophe.escapeNode(name.endsWith(own) ? name.slice(0, -own.length) : name));
}

/** Why a log-in failed, in terms of what somebody can do about it. */
export function problemOf(error: unknown): LogInProblem {
  if (!(error instanceof LogInRefused)) return { kind: "unavailable" };
  const seconds = SECONDS.exec(error.text)?.[1];
  if (seconds !== undefined) return { kind: "too-often", seconds: Number(seconds) };
  return { kind: error.condition === "temporary-auth-failure" ? "unavailable" : "wrong" };
}

export class PasswordAccount implements Account {
  person: PersonLoggedIn | null = null;
  readonly machine: string;
  session: string | null = null;
  #listeners = new Set<() => void>();

  constructor(
    private readonly config: MeetConfig,
    private readonly tab: Tab | null,
    private readonly connect = (user: string, password: string) =>
      new XmppConnection(config, { user: nodeFor(user, domainOf(config)), password }),
  ) {
    const kept = this.#read();
    this.machine = kept?.machine ?? randomHex(16);
    if (kept !== null) this.#take(kept.session, kept.identity);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async logIn(user: string, password: string, room: string): Promise<void> {
    const xmpp = this.connect(user, password);
    try {
      await xmpp.connect(room);
      const request = conferenceRequest(this.config, addressOf(this.config, room), this.machine, null);
      const answer = child(await xmpp.iq(request), "conference", NS.focus);
      const session = answer?.getAttribute("session-id");
      if (!session) throw new IqError("not-acceptable", null);
      this.granted(session, answer?.getAttribute("identity") ?? null);
    } catch (error) {
      console.warn("Not logged in", error);
      throw new LogInError(problemOf(error));
    } finally {
      xmpp.close();
    }
  }

  /** The focus knows us; it may give a newer session id each time. */
  granted(session: string, identity: string | null): void {
    const who = identity ?? this.#read()?.identity ?? "";
    const before = this.session;
    this.#take(session, who);
    this.#write({ machine: this.machine, session, identity: who });
    if (before === null) this.#changed();
  }

  /** The focus does not know us any more. */
  forget(): void {
    if (this.session === null) return;
    this.session = null;
    this.person = null;
    this.#write(null);
    this.#changed();
  }

  async logOut(): Promise<void> {
    const { session } = this;
    this.forget();
    if (session === null) return;
    const xmpp = new XmppConnection(this.config);
    try {
      await xmpp.connect("");
      const logout = element("logout", { xmlns: NS.focus, "session-id": session });
      await xmpp.iq(element("iq", { xmlns: "jabber:client", type: "set", to: focusOf(this.config) }, logout));
    } catch (error) {
      console.warn("The server was not told of the log-out", error); // nobody has the session id any more
    } finally {
      xmpp.close();
    }
  }

  #take(session: string, identity: string): void {
    this.session = session;
    this.person = { name: String(Strophe.unescapeNode(identity.split("@", 1)[0] ?? "")) };
  }

  #read(): Kept | null {
    try {
      const found = JSON.parse(this.tab?.getItem(KEY) ?? "null") as Kept | null;
      return typeof found?.session === "string" && typeof found.machine === "string" ? found : null;
    } catch {
      return null;
    }
  }

  #write(kept: Kept | null): void {
    try {
      if (kept === null) this.tab?.removeItem(KEY);
      else this.tab?.setItem(KEY, JSON.stringify(kept));
    } catch {
      // A full or forbidden storage costs a log-in after a reload.
    }
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function domainOf(config: MeetConfig): string {
  return config.hosts.authdomain ?? config.hosts.domain;
}

/** The account of this tab, null where the server has none to log in with. */
export function accountOf(config: MeetConfig, tab: Tab | null): PasswordAccount | null {
  return config.hosts.authdomain === undefined ? null : new PasswordAccount(config, tab);
}
