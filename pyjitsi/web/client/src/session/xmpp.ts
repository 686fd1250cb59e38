/**
 * One XMPP stream over strophe.js: web-socket first, BOSH where that fails; anonymous, unless credentials are given. A web-socket that is lost
 * is opened again and the stream resumed (XEP-0198), so that nobody notices; only where that fails is the stream over.
 */

import { Strophe } from "strophe.js";
import { type Access, type MeetConfig, MeetingError } from "./api";
import { streamUrl } from "./auth";
import { NS } from "./namespaces";
import { onNetworkChange } from "./network";
import { child, element, textOf } from "./xml";

const CONNECT_MS = 12_000;
const IQ_MS = 15_000;
const PING_MS = 10_000;
const PING_LIMIT_MS = 5_000;
const CHANGED_LIMIT_MS = 2_000; // for an answer after the network changed
const RESUME_MS = 50_000; // the server keeps a lost stream for a minute
const RESUME_WAITS_MS = [200, 1_000, 2_000, 4_000, 8_000];
const RESUME_DIAL_MS = 8_000;

type Stream = InstanceType<typeof Strophe.Connection>;
type Options = NonNullable<ConstructorParameters<typeof Strophe.Connection>[1]>;
type Storage = NonNullable<NonNullable<Options["streamManagement"]>["storage"]>;
type Resumable = Parameters<Storage["save"]>[1];

interface Waiting {
  readonly from: string;
  resolve(result: Element): void;
  reject(error: IqError): void;
}

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

/** Why we may not log in (SASL, RFC 6120 section 6.5); null where the server merely can't say now. */
function refusal(failure: Element | undefined): MeetingError | null {
  const condition = failure?.localName === "failure" ? failure.firstElementChild?.localName : undefined;
  if (condition !== "not-allowed" && condition !== "not-authorized") return null;
  return new MeetingError("log-in-required", textOf(failure ?? null, "text") || condition);
}

/** A ping (XEP-0199) to the server. */
export function pingStanza(domain: string): Element {
  return element(
    "iq",
    { xmlns: "jabber:client", type: "get", to: domain },
    element("ping", { xmlns: "urn:xmpp:ping" }),
  );
}

/** The server did not take a name and a password; `condition` is SASL's (RFC 6120 section 6.5). */
export class LogInRefused extends Error {
  constructor(
    readonly condition: string,
    readonly text: string,
  ) {
    super(text || condition);
    this.name = "LogInRefused";
  }
}

function refusedBy(failure: Element | undefined): LogInRefused {
  const condition = failure?.firstElementChild?.localName ?? "not-authorized";
  return new LogInRefused(condition, textOf(failure ?? null, "text"));
}

/** Where a connection logs in: anonymously as a guest, or with a password. */
function addressOf(config: MeetConfig, credentials: Credentials | null): string {
  const { domain, anonymousdomain, authdomain } = config.hosts;
  if (credentials !== null) return `${credentials.user}@${authdomain ?? domain}`;
  // Where only people with an account come in, they too meet on the guests' host; config.js does not name it then.
  return anonymousdomain ?? (authdomain === undefined ? domain : `guest.${domain}`);
}

export interface Credentials {
  readonly user: string; // an address's node
  readonly password: string;
}

export class XmppConnection {
  jid = "";
  onClosed: () => void = () => {};
  #listeners = new Set<(stanza: Element) => void>();
  #stream: Stream | null = null;
  #state: "closed" | "open" | "resuming" = "closed";
  #url = "";
  #room = "";
  #resumable: Resumable | null = null;
  #outbox: Element[] = [];
  #waiting = new Map<string, Waiting>();
  #ids = 0;
  #ping: ReturnType<typeof setInterval> | undefined;
  #lost = 0;
  #wake: () => void = () => {};
  #stopListening = () => {};

  constructor(
    private readonly config: MeetConfig,
    private readonly credentials: Credentials | null = null,
    private readonly access: Access | null = null,
  ) {}

  /** Connects and logs in; rejects when neither way leads to the server. */
  async connect(room: string): Promise<void> {
    this.#room = room;
    const ways = [this.config.websocket, this.config.bosh].filter((url) => url !== undefined);
    let failure: unknown = new Error("config.js names no way to the server");
    for (const url of ways) {
      try {
        await this.#dial(url, null, CONNECT_MS);
        this.#url = url;
        this.#stopListening = onNetworkChange(() => this.#networkChanged());
        this.#opened();
        return;
      } catch (error) {
        if (error instanceof LogInRefused) throw error;
        failure = error;
        if (error instanceof MeetingError) break; // an answer, and the other way leads to the same server
      }
    }
    throw failure;
  }

  /** A new stream; resolves with whether it goes on with the old one. Rejects with a MeetingError where we may not. */
  async #dial(base: string, previd: string | null, limit: number): Promise<boolean> {
    const token = this.access === null ? null : await this.access.token(this.#room);
    const url = streamUrl(base, this.#room, { token, previd });
    const storage: Storage = {
      load: () => this.#resumable,
      save: (_, state) => {
        if (stream === this.#stream) this.#resumable = structuredClone(state);
      },
      clear: () => {
        if (stream === this.#stream) this.#resumable = null;
      },
    };
    const stream: Stream = new Strophe.Connection(url, { enableStreamManagement: true, streamManagement: { storage } });
    this.#stream = stream;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        if (stream === this.#stream) this.#stream = null; // what it still says is nobody's
        reject(new Error("The server did not answer"));
      }, limit);
      const password = this.credentials?.password ?? "";
      stream.connect(addressOf(this.config, this.credentials), password, (status, _condition, failure) => {
        if (stream !== this.#stream) return;
        if (status === Strophe.Status.CONNECTED) {
          clearTimeout(timer);
          this.jid = stream.jid;
          stream.addHandler((stanza: Element) => stream !== this.#stream || this.#receive(stanza), null, null, null);
          resolve(stream.hasResumed());
        } else if (status === Strophe.Status.AUTHFAIL && this.credentials !== null) {
          clearTimeout(timer);
          reject(refusedBy(failure));
          stream.disconnect("refused");
        } else if (
          status === Strophe.Status.DISCONNECTED ||
          status === Strophe.Status.CONNFAIL ||
          status === Strophe.Status.AUTHFAIL
        ) {
          clearTimeout(timer);
          reject(refusal(failure) ?? new Error("The server closed the connection"));
          this.#lostStream();
        }
      });
    });
  }

  #opened(): void {
    this.#state = "open";
    this.#lost = 0;
    this.#ping = setInterval(() => void this.#checkAlive(PING_LIMIT_MS, 2), PING_MS);
    for (const stanza of this.#outbox.splice(0)) this.#stream?.send(stanza);
  }

  /** Hears every stanza that is no answer to an IQ of ours; what is returned ends that. */
  listen(listener: (stanza: Element) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #receive(stanza: Element): boolean {
    if (this.#answered(stanza)) return true;
    for (const listener of [...this.#listeners]) {
      try {
        listener(stanza);
      } catch (error) {
        console.error("A stanza could not be handled", error);
      }
    }
    return true;
  }

  /** Whether it is the answer to a request of ours. */
  #answered(stanza: Element): boolean {
    const type = stanza.getAttribute("type");
    const id = stanza.getAttribute("id") ?? "";
    const waiting = stanza.localName === "iq" && (type === "result" || type === "error") ? this.#waiting.get(id) : null;
    if (!waiting || waiting.from !== this.#bearer(stanza.getAttribute("from"))) return false;
    if (type === "result") waiting.resolve(stanza);
    else waiting.reject(new IqError(conditionOf(stanza), stanza));
    return true;
  }

  /** Who answers for an address: the server for none. */
  #bearer(jid: string | null): string {
    return (jid ?? this.config.hosts.domain).toLowerCase();
  }

  #lostStream(): void {
    if (this.#state !== "open") return;
    clearInterval(this.#ping);
    if (this.#resumable?.id && this.#resumable.resumeSupported) void this.#resume(this.#resumable.id);
    else this.#over();
  }

  async #resume(id: string): Promise<void> {
    this.#state = "resuming";
    const until = performance.now() + RESUME_MS;
    for (let attempt = 0; performance.now() < until; attempt++) {
      const wait = RESUME_WAITS_MS[Math.min(attempt, RESUME_WAITS_MS.length - 1)] ?? 1_000;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, wait * (0.75 + Math.random() / 2));
      });
      if (this.#state !== "resuming") return;
      try {
        const resumed = await this.#dial(this.#url, id, RESUME_DIAL_MS);
        if (this.#state !== "resuming") return;
        if (resumed) {
          this.#opened();
          return;
        }
        break; // the server knows nothing of the old one any more, and made a new one
      } catch (error) {
        if (error instanceof MeetingError) break; // joining anew will say what is wrong
        console.warn("The stream is not resumed yet", error);
      }
    }
    this.#stream?.disconnect("not resumed");
    this.#over();
  }

  /** The stream is gone for good. */
  #over(): void {
    this.#shut();
    this.onClosed();
  }

  #shut(): void {
    this.#state = "closed";
    clearInterval(this.#ping);
    this.#stopListening();
    this.#outbox = [];
    this.#resumable = null;
    this.#wake();
    for (const waiting of [...this.#waiting.values()]) waiting.reject(new IqError("timeout", null));
  }

  #networkChanged(): void {
    this.#wake();
    if (this.#state === "open") void this.#checkAlive(CHANGED_LIMIT_MS, 1);
  }

  async #checkAlive(limit: number, patience: number): Promise<void> {
    const stream = this.#stream;
    try {
      await this.iq(pingStanza(this.config.hosts.domain), limit);
      this.#lost = 0;
    } catch (error) {
      if (stream !== this.#stream || (error instanceof IqError && error.condition !== "timeout")) return;
      this.#lost += 1;
      if (this.#lost < patience) return;
      if (this.#resumable === null) stream?.disconnect("no answer to pings");
      this.#lostStream(); // its socket may take minutes to notice
    }
  }

  get open(): boolean {
    return this.#state !== "closed";
  }

  send(stanza: Element): void {
    if (this.#state === "open") this.#stream?.send(stanza);
    else if (this.#state === "resuming") this.#outbox.push(stanza);
  }

  /** Sends an IQ; resolves with the result, rejects with an IqError. */
  iq(stanza: Element, timeout = IQ_MS): Promise<Element> {
    return new Promise((resolve, reject) => {
      if (this.#state === "closed") {
        reject(new IqError("timeout", null));
        return;
      }
      this.#ids += 1;
      const id = `${stanza.firstElementChild?.localName ?? "iq"}-${this.#ids}`;
      stanza.setAttribute("id", id);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      const waiting: Waiting = {
        from: this.#bearer(stanza.getAttribute("to")),
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiting.reject(new IqError("timeout", null)), timeout);
      this.#waiting.set(id, waiting);
      this.send(stanza);
    });
  }

  close(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#shut();
    stream?.flush();
    stream?.disconnect("leaving");
  }
}
