/** What the viewer of a meeting has open and chosen, and what the controls do. One for each meeting. */

import { getContext, setContext } from "svelte";
import { t } from "../../i18n";
import type { Medium, MeetingState, ModeratorControls, News, Participant } from "../../session/api";
import type { App } from "../app.svelte";
import { codeOf } from "../media/access";
import { type Arrangement, arrange, type LayoutChoice } from "../state/layout";
import type { LiveMeeting } from "../state/live";
import { tell } from "../state/news";
import { noticesBetween } from "../state/notices";
import type { Action } from "../state/shortcuts";
import { ViewReporter } from "../state/view-reporter";

export type Panel = "chat" | "people" | "polls" | null;
export type DialogName = "settings" | "invite" | "shortcuts" | "security" | "breakouts" | "speakers" | null;

/** What is asked before something that can't be taken back. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly label: string;
  readonly run: () => void;
}

const CONTEXT = Symbol("meeting");

export class MeetingController {
  panel: Panel = $state(null);
  dialog: DialogName = $state(null);
  question: Question | null = $state.raw(null);
  choice: LayoutChoice = $state("auto");
  pinned: string | null = $state(null);
  speaker: string | null = $state(null);
  unread = $state(0);
  recipient: string | null = $state(null); // participant id of a private chat, null for everyone
  fullscreen = $state(false);
  busy: ReadonlySet<Action> = $state.raw(new Set());
  readonly views: ViewReporter;
  #before: MeetingState | null = null;

  constructor(
    readonly app: App,
    readonly live: LiveMeeting,
  ) {
    this.views = new ViewReporter((view) => live.meeting.setView(view));
  }

  get state(): MeetingState {
    return this.live.state;
  }

  get me(): Participant | null {
    return this.state.participants.find((participant) => participant.local) ?? null;
  }

  get sharing(): boolean {
    return this.me?.videos.some((video) => video.kind === "desktop" && !video.muted) ?? false;
  }

  get arrangement(): Arrangement {
    return arrange(this.state, { choice: this.choice, pinned: this.pinned, speaker: this.speaker });
  }

  /** A participant's name for the eye: "Ana", "Guest", or "Ana (you)". */
  nameOf(participant: Pick<Participant, "name" | "local">): string {
    if (!participant.local) return participant.name || t("common.nameless");
    return participant.name ? `${participant.name} (${t("common.you")})` : t("common.youName");
  }

  /** Follows the meeting: announces what happened since the last snapshot, counts unread chat, remembers the speaker. */
  observe(state: MeetingState): void {
    const before = this.#before;
    this.#before = state;
    const speaker = state.participants.find((participant) => participant.id === state.dominantSpeaker);
    if (speaker !== undefined && !speaker.local) this.speaker = speaker.id;
    if (before === null) return;
    if (this.choice === "tiles" && remoteScreens(state) > remoteScreens(before)) this.choice = "auto";
    for (const notice of noticesBetween(before, state)) {
      const name = notice.name || t("common.nameless");
      if (notice.kind !== "message") {
        this.app.toasts.show({ kind: notice.kind, text: t(`notice.${notice.kind}`, { name }) });
      } else if (this.panel !== "chat") {
        this.unread++;
        const key = notice.message.privateTo === null ? "notice.message" : "notice.messagePrivate";
        const action = { label: t("notice.open"), run: () => this.openPanel("chat") };
        this.app.toasts.show({ kind: "message", text: t(key, { name, text: shorten(notice.message.text) }), action });
      }
    }
  }

  /** Says what no snapshot shows. */
  announce(news: News): void {
    const told = tell(news);
    if (told === null) return;
    if (news.kind === "moved") this.recipient = null;
    if (news.kind === "poll" && this.panel === "polls") return;
    const action = this.#actionOf(news);
    const lasting = news.kind === "announcement" ? 20_000 : 8_000;
    this.app.toasts.show({ kind: "info", text: told, ...(action === null ? {} : { action }) }, lasting);
  }

  #actionOf(news: News): { readonly label: string; readonly run: () => void } | null {
    switch (news.kind) {
      case "knock":
        return { label: t("news.admit"), run: () => this.live.meeting.moderator?.admit([news.id]) };
      case "lobby-message":
        return { label: t("news.answer"), run: () => this.openPanel("people") };
      case "poll":
        return { label: t("news.vote"), run: () => this.openPanel("polls") };
      case "asked":
        return news.medium === "audio" ? { label: t("toolbar.unmute"), run: () => this.run("mic") } : null;
      case "allowed":
        return this.#unmuting(news.medium);
      default:
        return null;
    }
  }

  /** Who was allowed something goes on with one press. */
  #unmuting(medium: Medium): { readonly label: string; readonly run: () => void } {
    if (medium === "audio") return { label: t("toolbar.unmute"), run: () => this.run("mic") };
    if (medium === "video") return { label: t("toolbar.cameraOn"), run: () => this.run("camera") };
    return { label: t("toolbar.shareStart"), run: () => this.run("screen") };
  }

  /** Runs what a moderator does; a refusal becomes a notice in words. */
  async moderate(act: (controls: ModeratorControls) => Promise<void> | void): Promise<void> {
    const controls = this.live.meeting.moderator;
    try {
      if (controls !== null) await act(controls);
    } catch (error) {
      this.explain(error);
    }
  }

  confirm(question: Question): void {
    this.question = question;
  }

  openPanel(panel: Panel): void {
    this.panel = panel;
    if (panel !== "chat") return;
    this.unread = 0;
    this.app.toasts.clear("message");
  }

  togglePanel(panel: "chat" | "people" | "polls"): void {
    this.openPanel(this.panel === panel ? null : panel);
  }

  writeTo(id: string): void {
    this.recipient = id;
    this.openPanel("chat");
  }

  togglePin(key: string): void {
    this.pinned = this.pinned === key ? null : key;
  }

  toggleLayout(): void {
    const staged = this.arrangement.mode === "stage";
    this.pinned = null;
    this.choice = staged ? "tiles" : "stage";
  }

  run(action: Action): void {
    const { meeting } = this.live;
    const me = this.me;
    const barred = this.#barred(action);
    if (barred !== null) {
      this.#offerToAsk(barred);
      return;
    }
    switch (action) {
      case "mic":
        if (me) void this.#attempt(action, () => meeting.setAudioMuted(!me.audioMuted));
        return;
      case "camera":
        if (me) void this.#attempt(action, () => meeting.setVideoMuted(!me.videoMuted));
        return;
      case "screen":
        void this.#attempt(action, () => (this.sharing ? meeting.stopScreenShare() : meeting.startScreenShare()));
        return;
      case "hand":
        if (me) meeting.setRaisedHand(me.raisedHandAt === null);
        return;
      case "chat":
      case "people":
        this.togglePanel(action);
        return;
      case "layout":
        this.toggleLayout();
        return;
      case "fullscreen":
        void this.#toggleFullscreen();
        return;
      case "help":
        this.dialog = "shortcuts";
    }
  }

  /** The medium that a control would switch on, where a moderator decides on it and we were not allowed. */
  #barred(action: Action): Medium | null {
    const { allowed } = this.state;
    if (action === "mic") return this.me?.audioMuted && !allowed.audio ? "audio" : null;
    if (action === "camera") return this.me?.videoMuted && !allowed.video ? "video" : null;
    return action === "screen" && !this.sharing && !allowed.desktop ? "desktop" : null;
  }

  #offerToAsk(medium: Medium): void {
    const asked = this.me?.raisedHandAt != null;
    const ask = { label: t("toolbar.handRaise"), run: () => this.live.meeting.setRaisedHand(true) };
    this.app.toasts.show({
      kind: "info",
      text: asked ? t("barred.asked") : t(`barred.${medium}`),
      ...(asked ? {} : { action: ask }),
    });
  }

  /** Runs what may fail, once at a time for each control; a failure becomes a notice in words. */
  async #attempt(action: Action, run: () => Promise<void>): Promise<void> {
    if (this.busy.has(action)) return;
    this.busy = new Set([...this.busy, action]);
    try {
      await run();
    } catch (error) {
      this.explain(error);
    } finally {
      this.busy = new Set([...this.busy].filter((other) => other !== action));
    }
  }

  explain(error: unknown): void {
    const code = codeOf(error);
    this.app.toasts.show({ kind: "error", text: `${t(`error.${code}.title`)}. ${t(`error.${code}.text`)}` });
  }

  async #toggleFullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      // iPhones and embedding pages have no full screen; nothing else depends on it.
    }
  }

  provide(): this {
    setContext(CONTEXT, this);
    return this;
  }
}

function remoteScreens(state: MeetingState): number {
  return state.participants.filter(
    (participant) => !participant.local && participant.videos.some((video) => video.kind === "desktop" && !video.muted),
  ).length;
}

function shorten(text: string): string {
  return text.length > 140 ? `${text.slice(0, 139)}…` : text;
}

/** The controller, from any component below the meeting page. */
export function useMeeting(): MeetingController {
  return getContext<MeetingController>(CONTEXT);
}
