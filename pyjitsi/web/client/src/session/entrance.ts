/**
 * The way into a room, as far as it takes: until the focus or a host is there, past a password, through the lobby.
 *
 * `enter` ends when we are inside, or with a MeetingError that says why we are not.
 */

import { type ErrorCode, MeetingError } from "./api";
import { LobbyVisit } from "./lobby";
import type { Refusal } from "./refusal";
import type { Room } from "./room";
import type { EntranceControls, Entry } from "./rooms-api";
import type { XmppConnection } from "./xmpp";

const NO_ROOM_ATTEMPTS = 3;
const BUSY_ATTEMPTS = 5;
const BUSY_MS = 3_000;
const HOST_MS = 5_000;

/** What a wait came to: try the room, with a password if there is one; or it is over. */
type Outcome = { readonly password: string | null } | { readonly failed: ErrorCode };

const OUTSIDE: Entry = { kind: "knocking", name: "", password: "none", messages: [], canLogIn: false };

export class Entrance implements EntranceControls {
  entry: Entry | null = null;
  #name: string;
  #password: string | null;
  #visit: LobbyVisit | null = null;
  #decide: ((outcome: Outcome) => void) | null = null;
  #wake: (() => void) | null = null;

  constructor(
    private readonly xmpp: XmppConnection,
    private readonly room: Room,
    name: string,
    password: string | null,
    private readonly join: (password: string | null) => Promise<Refusal | null>,
    private readonly changed: () => void,
    private readonly named: (name: string) => void,
    private readonly guests = true,
  ) {
    this.#name = name;
    this.#password = password;
  }

  async enter(): Promise<void> {
    try {
      await this.#enter();
    } finally {
      this.close();
      this.#show(null);
    }
  }

  async #enter(): Promise<void> {
    let missing = 0;
    let busy = 0;
    await this.#conference();
    for (;;) {
      const refusal = await this.join(this.#password);
      if (refusal === null) return;
      if (refusal.code === "no-room" && ++missing < NO_ROOM_ATTEMPTS) {
        await this.#conference();
      } else if (refusal.code === "too-fast" && ++busy < BUSY_ATTEMPTS) {
        this.#show({ kind: "busy" });
        await this.#pause(BUSY_MS * (0.75 + Math.random() / 2));
      } else {
        await this.#overcome(refusal);
      }
    }
  }

  /** Waits for what the room asks of us. Rejects where nothing helps. */
  async #overcome(refusal: Refusal): Promise<void> {
    const tried = this.#password !== null;
    this.#password = null;
    const password = tried ? "wrong" : "none";
    switch (refusal.code) {
      case "lobby":
        await this.#lobby(refusal, password);
        return;
      case "password-required":
        this.#show(this.#visit === null ? { kind: "password", password } : { password });
        this.#take(await this.#outcome());
        return;
      case "name-required":
        this.#show({ kind: "name" });
        this.#take(await this.#outcome());
        return;
      case "no-room":
        throw new MeetingError("server-gone", "The focus did not open the room");
      case "too-fast":
        throw new MeetingError("rate-limited", "Too many enter the room at once");
      default:
        throw new MeetingError(refusal.code, "The room refused us");
    }
  }

  async #lobby(refusal: Refusal, password: Entry["password"]): Promise<void> {
    const outcome = this.#outcome();
    if (this.#name === "") {
      this.#show({ kind: "name", password });
    } else {
      this.#visit ??= this.#knockAt(refusal.lobby ?? "");
      const kind = refusal.waitingForHost ? "host" : "knocking";
      this.#show({ kind, password, canLogIn: refusal.waitingForHost, messages: this.#visit.messages });
    }
    this.#take(await outcome);
  }

  #knockAt(lobby: string): LobbyVisit {
    return new LobbyVisit(this.xmpp, lobby, this.room.address, this.room.nick, this.#name, {
      changed: () => this.#show({ messages: this.#visit?.messages ?? [] }),
      admitted: (password) => this.#decided({ password }),
      refused: () => this.#decided({ failed: "lobby-refused" }),
      ended: () => this.#decided({ failed: "room-destroyed" }),
      turnedAway: (refusal) => {
        this.#visit = null;
        if (refusal.code === "name-required") this.#show({ kind: "name" });
        // A lobby that is gone meanwhile leaves the door to the room itself.
        else if (refusal.code === "no-room" || refusal.code === "not-allowed") this.#decided({ password: null });
        else this.#decided({ failed: refusal.code === "banned" ? "banned" : "not-allowed" });
      },
    });
  }

  #outcome(): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#decide = resolve;
    });
  }

  #decided(outcome: Outcome): void {
    this.#decide?.(outcome);
    this.#decide = null;
  }

  #take(outcome: Outcome): void {
    if ("failed" in outcome) throw new MeetingError(outcome.failed, "The room refused us");
    this.#password = outcome.password;
  }

  /** Asks for the focus; while a host has to be there first, again and again. */
  async #conference(): Promise<void> {
    for (;;) {
      try {
        await this.room.requestConference();
        return;
      } catch (error) {
        if (!(error instanceof MeetingError) || error.code !== "log-in-required") throw error;
      }
      this.#show({ kind: this.guests ? "host" : "account", canLogIn: true });
      await this.#pause(HOST_MS);
    }
  }

  /** Waits, unless `retry` is called, or everything ends. */
  async #pause(ms: number): Promise<void> {
    const ended = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
      this.#decide = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
    this.#wake = null;
    if (ended) throw new MeetingError("server-gone", "Left while waiting");
  }

  #show(change: Partial<Entry> | null): void {
    this.entry = change === null ? null : { ...(this.entry ?? OUTSIDE), name: this.#name, ...change };
    this.changed();
  }

  // What people do outside.

  knock(name: string): void {
    this.#name = name.trim();
    this.named(this.#name);
    if (this.entry?.kind === "name") this.#decided({ password: null });
  }

  tryPassword(password: string): void {
    this.#show({ password: "checking" });
    this.#decided({ password });
  }

  say(words: string): void {
    if (words.trim() !== "") this.#visit?.say(words.trim());
  }

  retry(): void {
    this.#wake?.();
  }

  /** Gives up, or is done: the lobby is left, and whoever waits learns it. */
  close(): void {
    this.#visit?.leave();
    this.#visit = null;
    this.#decided({ failed: "server-gone" });
  }
}
