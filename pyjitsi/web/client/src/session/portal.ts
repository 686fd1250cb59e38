/**
 * Log-in at a service that makes tokens (JWT), as Jitsi's config.js has it: `tokenAuthUrl` is a page which sends people
 * back to the room with `?jwt=` or `#jwt=`, `tokenLogoutUrl` one which ends the log-in there.
 *
 * A token is good for us while it lasts, and worth showing afterwards too where nothing better is to be had: our clock may
 * be the one that is wrong, and the server judges.
 */

import type { LogInService, MeetConfig, OrganisationError, OrganisationState } from "./api";
import { claimsOf } from "./auth";
import { keep } from "./organisation";

const ASKED = "pyjitsi.asked";
const JUST_NOW_MS = 120_000;

/** What this needs of a browser. */
export interface PortalSurroundings {
  now(): number;
  leaveFor(url: string): void;
}

const browser: PortalSurroundings = {
  now: () => Date.now(),
  leaveFor: (url) => location.assign(url),
};

type Urls = Pick<MeetConfig, "accounts" | "tokenAuthUrl" | "tokenAuthUrlAutoRedirect" | "tokenLogoutUrl">;

export class Portal implements LogInService {
  readonly state: OrganisationState;
  readonly problem: OrganisationError | null;
  readonly #askedJustNow: boolean;

  constructor(
    private readonly urls: Urls,
    private readonly given: string | null,
    private readonly tab: Pick<Storage, "getItem" | "setItem"> | null,
    private readonly around: PortalSurroundings = browser,
  ) {
    const claims = given === null ? null : claimsOf(given);
    const asked = Number(tab?.getItem(ASKED) ?? 0);
    // Whoever comes back from the service with a token that seems over has a clock that is wrong.
    this.#askedJustNow = Math.abs(around.now() - asked) < JUST_NOW_MS;
    const over = claims?.ends != null && claims.ends <= around.now() && !this.#askedJustNow;
    this.state = {
      known: true,
      required: over || urls.accounts?.required === true,
      user: over ? null : (claims?.user ?? null),
    };
    this.problem = over ? "ended" : null;
  }

  /** Nobody but the service could tell more. */
  async look(): Promise<void> {}

  subscribe(): () => void {
    return () => {};
  }

  async token(): Promise<string | null> {
    return this.given;
  }

  /** Whether the page leads on by itself (`tokenAuthUrlAutoRedirect`), once: not to who has just come back without. */
  get leadsOn(): boolean {
    return this.urls.tokenAuthUrlAutoRedirect === true && this.state.user === null && !this.#askedJustNow;
  }

  logIn(place: string | null, fragment: string, store: Pick<Storage, "setItem"> | null): void {
    const rest = withoutToken(fragment);
    keep(store, rest);
    this.tab?.setItem(ASKED, String(this.around.now()));
    this.around.leaveFor(filled(this.urls.tokenAuthUrl ?? "/", place, rest));
  }

  logOut(): void {
    this.around.leaveFor(filled(this.urls.tokenLogoutUrl ?? "/", null, ""));
  }
}

/** The fragment without the token in it, which is over; the rest as it was. */
function withoutToken(fragment: string): string {
  const parts = fragment.slice(1).split("&");
  const rest = parts.filter((part) => part !== "" && !part.startsWith("jwt="));
  return rest.length === 0 ? "" : `#${rest.join("&")}`;
}

/** The service's address for a place; `state` has what Jitsi's clients put into it. */
function filled(url: string, place: string | null, fragment: string): string {
  const [tenant, room] = (place ?? "").includes("/") ? (place ?? "").split("/", 2) : [undefined, place ?? ""];
  const overrides = [...new URLSearchParams(fragment.slice(1))].filter(([name]) =>
    /^(config|interfaceConfig)\./.test(name),
  );
  const state = { room, roomSafe: room?.toLowerCase(), ...(tenant && { tenant }), ...Object.fromEntries(overrides) };
  return url
    .replaceAll("{room}", () => encodeURIComponent(room ?? ""))
    .replaceAll("{state}", () => encodeURIComponent(JSON.stringify(state)));
}
