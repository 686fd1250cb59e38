/**
 * Somebody logged in with an organisation's account (the server's `auth.oidc`): who it is, and tokens for a room, which
 * are renewed before they end. The log-in itself is pages of the server and of the provider; what lasts is a cookie
 * that no script can read.
 */

import type { LogInService, OrganisationError, OrganisationState } from "./api";

const ASK_MS = 8_000;
const MARGIN_MS = 15_000; // a token this near its end is not worth showing
const RETRY_MS = 30_000;
const RENEW_AT = 0.75; // of a token's life
const STASH = "pyjitsi.fragment";

interface Told {
  readonly user: { readonly id: string; readonly name: string; readonly avatar: string | null };
  readonly token?: string;
  readonly expires?: number;
}

interface Held {
  readonly room: string;
  readonly token: string;
  readonly ends: number; // ms since the epoch
}

/** What this needs of a browser. */
export interface Surroundings {
  fetch(url: string): Promise<Response>;
  now(): number;
  leaveFor(url: string): void;
  post(url: string): void;
}

const browser: Surroundings = {
  fetch: (url) => fetch(url, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(ASK_MS) }),
  now: () => Date.now(),
  leaveFor: (url) => location.assign(url),
  post: (url) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = url;
    document.body.append(form);
    form.submit();
  },
};

export class Organisation implements LogInService {
  readonly problem = null;
  state: OrganisationState;
  #listeners = new Set<() => void>();
  #held: Held | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly path: string,
    required: boolean,
    private readonly tenant: string | null = null,
    private readonly around: Surroundings = browser,
  ) {
    this.state = { known: false, required, user: null };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks who is logged in. A server that doesn't answer now is asked again when somebody joins. */
  async look(): Promise<void> {
    await this.#ask(null);
  }

  async token(room: string): Promise<string | null> {
    const held = this.#held?.room === room ? this.#held : null;
    if (held !== null && held.ends - this.around.now() > MARGIN_MS) return held.token;
    await this.#ask(room);
    return this.#held?.room === room ? this.#held.token : null;
  }

  /** No more tokens are needed. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#held = null;
  }

  logIn(place: string | null, fragment: string, store: Pick<Storage, "setItem"> | null): void {
    keep(store, fragment);
    this.around.leaveFor(`${this.path}/login${place === null ? "" : `?room=${encodeURIComponent(place)}`}`);
  }

  logOut(): void {
    this.rest();
    this.around.post(`${this.path}/logout`);
  }

  async #ask(room: string | null): Promise<void> {
    let told: Told;
    try {
      const place = this.tenant === null ? room : `${this.tenant}/${room}`;
      const query = room === null ? "" : `?room=${encodeURIComponent(place ?? "")}`;
      const answer = await this.around.fetch(`${this.path}/token${query}`);
      if (answer.status === 401) {
        this.rest();
        this.#set({ known: true, user: null });
        return;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      told = (await answer.json()) as Told;
    } catch (error) {
      console.warn("The server did not say who is logged in", error);
      this.#later(RETRY_MS, room); // what we hold may be good for a while yet
      return;
    }
    if (room !== null && told.token !== undefined && told.expires !== undefined) {
      const ends = told.expires * 1000;
      this.#held = { room, token: told.token, ends };
      this.#later(Math.max((ends - this.around.now()) * RENEW_AT, MARGIN_MS), room);
    }
    this.#set({ known: true, user: told.user });
  }

  #later(wait: number, room: string | null): void {
    clearTimeout(this.#timer);
    if (room !== null) this.#timer = setTimeout(() => void this.#ask(room), wait);
  }

  #set(change: Partial<OrganisationState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

const ERRORS: readonly OrganisationError[] = ["expired", "refused", "forbidden", "unavailable", "ended"];

/** Why a log-in led back without one: `#login-error=…`; null where nothing went wrong. */
export function loginError(fragment: string): OrganisationError | null {
  const said = new URLSearchParams(fragment.slice(1)).get("login-error");
  if (said === null) return null;
  return ERRORS.find((each) => each === said) ?? "refused";
}

/** Keeps a fragment over a log-in. */
export function keep(store: Pick<Storage, "setItem"> | null, fragment: string): void {
  store?.setItem(STASH, fragment);
}

/** The fragment that stood in the address before a log-in, once; "" where there was none. */
export function stashed(store: Pick<Storage, "getItem" | "removeItem"> | null): string {
  const found = store?.getItem(STASH) ?? "";
  store?.removeItem(STASH);
  return found;
}
