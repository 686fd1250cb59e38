/** A `Meeting` without a server, for the demo page: its state is whatever the page sets. */

import {
  type BreakoutControls,
  type EntranceControls,
  type ErrorCode,
  type JoinOptions,
  type Meeting,
  MeetingError,
  type MeetingState,
  type ModeratorControls,
  type News,
  type Participant,
  type PollControls,
  type ViewRequest,
} from "../../session/api";
import { meetingState, person, screen } from "./people";
import { slide } from "./pictures";

export class FakeMeeting implements Meeting {
  state: MeetingState = meetingState({ phase: "idle" });
  views: ViewRequest[] = [];
  others: readonly Participant[] = [];
  refusal: ErrorCode | null = null;
  entrance: EntranceControls | null = null;
  moderator: ModeratorControls | null = null;
  polls: PollControls | null = null;
  asked: unknown[] = []; // what was done with breakout rooms
  readonly breakouts = new Proxy({} as BreakoutControls, {
    get:
      (_, name) =>
      (...given: unknown[]) =>
        this.asked.push([name, ...given]),
  });
  #hearers = new Set<(news: News) => void>();
  #listeners = new Set<(state: MeetingState) => void>();
  #camera: MediaStream | null = null;

  subscribe(listener: (state: MeetingState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  hear(listener: (news: News) => void): () => void {
    this.#hearers.add(listener);
    return () => this.#hearers.delete(listener);
  }

  tell(news: News): void {
    for (const listener of this.#hearers) listener(news);
  }

  set(change: Partial<MeetingState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener(this.state);
  }

  change(id: string, change: Partial<Participant>): void {
    const participants = this.state.participants.map((each) => (each.id === id ? { ...each, ...change } : each));
    this.set({ participants });
  }

  async join(options: JoinOptions): Promise<void> {
    this.set({ phase: "connecting", room: options.room });
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.refusal !== null) {
      this.set({ phase: "failed", error: this.refusal });
      throw new MeetingError(this.refusal, "refused by the demo");
    }
    this.#camera = options.media.video === null ? null : new MediaStream([options.media.video]);
    const me = person("me", {
      name: options.displayName,
      local: true,
      moderator: true,
      audioMuted: options.startAudioMuted,
      videoMuted: options.startVideoMuted,
      videos: [{ name: "me-v0", kind: "camera", muted: options.startVideoMuted, stream: this.#camera }],
    });
    this.set({ phase: "joined", participants: [me, ...this.others], startedAt: Date.now() - 754_000 });
  }

  async leave(): Promise<void> {
    this.set({ phase: "left" });
  }

  setDisplayName(name: string): void {
    this.change("me", { name });
  }

  async setAudioMuted(audioMuted: boolean): Promise<void> {
    this.change("me", { audioMuted });
  }

  async setVideoMuted(videoMuted: boolean): Promise<void> {
    const stream = videoMuted ? null : this.#camera;
    this.change("me", { videoMuted, videos: [{ name: "me-v0", kind: "camera", muted: videoMuted, stream }] });
  }

  async setDevices(): Promise<void> {}

  async startScreenShare(): Promise<void> {
    const me = this.state.participants[0];
    if (me) this.change("me", { videos: [...me.videos, screen("me", slide())] });
  }

  async stopScreenShare(): Promise<void> {
    const me = this.state.participants[0];
    if (me) this.change("me", { videos: me.videos.filter((video) => video.kind === "camera") });
  }

  setRaisedHand(raised: boolean): void {
    this.change("me", { raisedHandAt: raised ? Date.now() : null });
  }

  sendChat(text: string, privateTo?: string): void {
    this.receive({
      from: "me",
      name: this.state.participants[0]?.name ?? "",
      local: true,
      text,
      privateTo: privateTo ?? null,
    });
  }

  receive(message: {
    from: string;
    name: string;
    local: boolean;
    text: string;
    privateTo: string | null;
    at?: number;
  }): void {
    const id = String(this.state.messages.length);
    this.set({ messages: [...this.state.messages, { id, at: Date.now(), announcement: false, ...message }] });
  }

  setView(view: ViewRequest): void {
    this.views.push(view);
  }
}
