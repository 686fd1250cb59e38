/** What the pages share: configuration, preferences, the address, and the meeting while there is one. */

import { getContext, setContext } from "svelte";
import type { Access, Account, CreateMeeting, ErrorCode, MeetConfig, Phase } from "../session/api";
import { LogIn } from "./login/login.svelte";
import type { LiveOrganisation } from "./login/organisation.svelte";
import { codeOf, type MediaAccess } from "./media/access";
import { LiveMeeting } from "./state/live";
import { Preferences, type Store } from "./state/preferences.svelte";
import { Preview } from "./state/preview.svelte";
import { Router } from "./state/router.svelte";
import { Toasts } from "./state/toasts.svelte";

export interface Services {
  readonly config: MeetConfig;
  readonly createMeeting: CreateMeeting;
  readonly account: Account | null;
  readonly media: MediaAccess;
  readonly store: Store | null;
  readonly organisation?: LiveOrganisation | null; // where people log in with an organisation's accounts
  readonly access?: Access | null;
  readonly named?: string; // the name that a token in the address gives us
}

const CONTEXT = Symbol("app");

export class App {
  readonly config: MeetConfig;
  readonly media: MediaAccess;
  readonly preferences: Preferences;
  readonly preview: Preview;
  readonly router = new Router();
  /** Null where the server has no accounts. */
  readonly logIn: LogIn | null;
  readonly toasts = new Toasts();
  live: LiveMeeting | null = $state.raw(null);
  joinError: ErrorCode | null = $state(null);
  /** Null where no organisation's accounts are known. */
  readonly organisation: LiveOrganisation | null;
  readonly #createMeeting: CreateMeeting;
  readonly #account: Account | null;
  readonly #access: Access | null;
  readonly #named: string;
  #typed: string | null = $state(null); // the name of somebody logged in is theirs to change, for this visit

  constructor(services: Services) {
    this.config = services.config;
    this.media = services.media;
    this.#createMeeting = services.createMeeting;
    this.#account = services.account;
    this.organisation = services.organisation ?? null;
    this.#access = services.access ?? this.organisation?.core ?? null;
    this.#named = services.named ?? "";
    this.logIn = services.account === null ? null : new LogIn(services.account, () => this.router.room ?? "");
    this.preferences = new Preferences(services.store);
    this.preview = new Preview(services.media, this.preferences);
    const name = this.config.defaultLocalDisplayName;
    if (name && this.preferences.name === "") this.preferences.update({ name });
    if (this.config.startWithAudioMuted === true) this.preview.audioMuted = true;
    if (this.config.startWithVideoMuted === true) this.preview.videoMuted = true;
    addEventListener("pagehide", () => void this.leave());
  }

  /** The meeting's phase as the pages see it: a join that was refused has failed even if the core says nothing more. */
  get phase(): Phase {
    if (this.live === null) return "idle";
    return this.joinError !== null ? "failed" : this.live.state.phase;
  }

  get error(): ErrorCode | null {
    return this.joinError ?? this.live?.state.error ?? null;
  }

  /** The name under which we join. */
  get name(): string {
    return this.#typed ?? (this.organisation?.state.user?.name || this.#named || this.preferences.name);
  }

  rename(name: string): void {
    if (this.organisation?.state.user || this.#named !== "") this.#typed = name;
    else this.preferences.update({ name });
  }

  /** Joins the room in the address with the previewed devices. */
  async join(): Promise<void> {
    const room = this.router.room;
    if (room === null) return;
    await this.preview.start();
    if (this.router.room !== room) return;
    const { audioMuted, videoMuted } = this.preview;
    const media = this.preview.handOver();
    const meeting = this.#createMeeting(this.config, this.#account, this.#access);
    this.live = new LiveMeeting(meeting);
    this.joinError = null;
    this.preferences.visited(this.router.place ?? room, Date.now());
    try {
      await meeting.join({
        room,
        displayName: this.name.trim(),
        media,
        startAudioMuted: audioMuted || media.audio === null,
        startVideoMuted: videoMuted || media.video === null,
      });
    } catch (error) {
      if (this.live?.meeting === meeting && meeting.state.phase !== "left") this.joinError = codeOf(error);
    }
  }

  async leave(): Promise<void> {
    this.toasts.clear();
    try {
      await this.live?.meeting.leave();
    } catch {
      // Saying goodbye to a server that is gone fails, and leaves all the same.
    }
  }

  /** Back to the pre-join page of the room in the address, or to the front page where there is none. */
  reset(): void {
    void this.leave();
    this.live = null;
    this.joinError = null;
  }

  home(): void {
    this.reset();
    this.router.openFront();
  }

  provide(): this {
    setContext(CONTEXT, this);
    return this;
  }
}

/** The application, from any component below the root. */
export function useApp(): App {
  return getContext<App>(CONTEXT);
}
