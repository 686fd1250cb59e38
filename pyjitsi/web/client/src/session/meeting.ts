/** The meeting as the interface sees it: ties connection, room, call and own media together, and keeps the snapshot. */

import type { PasswordAccount } from "./account";
import {
  type Access,
  type ChatMessage,
  type DeviceChoice,
  type EntranceControls,
  type ErrorCode,
  type JoinOptions,
  type MeetConfig,
  type Meeting,
  MeetingError,
  type MeetingState,
  type ModeratorControls,
  type News,
  type Participant,
  type ViewRequest,
} from "./api";
import { Call } from "./call";
import { Entrance } from "./entrance";
import { Meter } from "./meter";
import { OwnMedia } from "./own-media";
import type { OccupantPresence, OwnPresence, SourceState } from "./presence";
import { qualityOf } from "./quality";
import { addressOf, nickOf, Room } from "./room";
import { LOWER_HAND, RoomControl } from "./room-control";
import { ALL_ALLOWED, type Medium, NO_SECURITY } from "./rooms-api";
import { Roster } from "./roster";
import { Services } from "./services";
import { streamOf } from "./streams";
import { XmppConnection } from "./xmpp";

const RECONNECT_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const GIVE_UP_MS = 180_000;
/** What coming back can't change. */
const FINAL: readonly ErrorCode[] = [
  "banned",
  "lobby-refused",
  "log-in-required",
  "not-allowed",
  "room-destroyed",
  "time-over",
];

const START: MeetingState = {
  phase: "idle",
  error: null,
  room: "",
  localId: null,
  participants: [],
  dominantSpeaker: null,
  speaking: new Set(),
  messages: [],
  bridgeChannelOpen: false,
  iceState: "none",
  startedAt: null,
  entry: null,
  security: NO_SECURITY,
  allowed: ALL_ALLOWED,
  approved: { audio: new Set(), video: new Set(), desktop: new Set() },
  knockers: [],
};

export class MeetingSession implements Meeting {
  state: MeetingState = START;
  #listeners = new Set<(state: MeetingState) => void>();
  #hearers = new Set<(news: News) => void>();
  #scheduled = false;
  #media = new OwnMedia(() => void this.stopScreenShare());
  #roster = new Roster();
  #services = new Services();
  #xmpp: XmppConnection | null = null;
  #room: Room | null = null;
  #control: RoomControl | null = null;
  #entrance: Entrance | null = null;
  #call: Call | null = null;
  #options: JoinOptions | null = null;
  #name = "";
  #raisedHandAt: number | null = null;
  #avatar: string | null = null;
  #localId: string | null = null;
  #moderator = false;
  #joinedAt = 0;
  #points: number | undefined;
  #view: ViewRequest = { stage: [], visible: new Map() };
  #screenShared = false;
  #bridgeAvailable = true;
  #hadSession = false;
  #startMuted = false;
  #muted = new Set<Medium>(); // what the focus muted, until we unmute
  #reconnecting = false;
  readonly #meter = new Meter(
    () => this.#call,
    () => (this.#media.audioMuted ? null : this.#localId),
    {
      speaking: (speaking) => this.#set({ speaking }),
      quality: (points) => {
        this.#points = points;
        this.#refresh();
      },
    },
  );

  constructor(
    private readonly config: MeetConfig,
    private readonly account: PasswordAccount | null = null,
    private readonly access: Access | null = null,
  ) {
    account?.subscribe(() => void this.#loggedIn());
  }

  /** Whoever logs in on the way in goes on at once; inside, the focus learns who we are, and the others by presence. */
  async #loggedIn(): Promise<void> {
    if (this.account?.person === null) return;
    this.#entrance?.retry();
    if (this.state.phase !== "joined" || this.#room === null) return;
    await this.#room.requestConference();
    this.#publish();
  }

  subscribe(listener: (state: MeetingState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  hear(listener: (news: News) => void): () => void {
    this.#hearers.add(listener);
    return () => this.#hearers.delete(listener);
  }

  #tell(news: News): void {
    if (this.state.phase !== "joined") return;
    for (const listener of this.#hearers) listener(news);
  }

  get entrance(): EntranceControls | null {
    return this.state.entry === null ? null : this.#entrance;
  }

  get moderator(): ModeratorControls | null {
    return this.#control;
  }

  /** Changes the snapshot; listeners hear of all changes of a turn at once. */
  #set(change: Partial<MeetingState>): void {
    this.state = { ...this.state, ...change };
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener(this.state);
    });
  }

  async join(options: JoinOptions): Promise<void> {
    this.#options = options;
    this.#name = options.displayName;
    this.#media.start(options.media, options.startAudioMuted, options.startVideoMuted);
    this.#set({ ...START, phase: "connecting", room: options.room });
    try {
      await this.#connect();
    } catch (error) {
      if (this.#gone()) return;
      const code = error instanceof MeetingError ? error.code : "server-gone";
      // Whoever waits at the door keeps waiting when the connection breaks.
      if (code === "server-gone" && this.state.phase === "outside") {
        await this.#reconnect();
      } else {
        this.#fail(code);
        throw error instanceof MeetingError ? error : new MeetingError(code, String(error));
      }
    }
    this.#meter.start();
  }

  async #connect(): Promise<void> {
    const options = this.#options;
    if (options === null) return;
    const xmpp = new XmppConnection(this.config, null, this.access);
    this.#xmpp = xmpp;
    await xmpp.connect(options.room);
    if (this.#gone()) {
      xmpp.close();
      return;
    }
    await this.#services.discover(xmpp, this.config.hosts.domain);
    xmpp.onClosed = () => {
      this.#entrance?.close();
      void this.#reconnect();
    };
    await this.#enter(xmpp, addressOf(this.config, options.room), nickOf(xmpp.jid));
  }

  /** Goes into a room of the connection, as long as that takes. Rejects with a MeetingError. */
  async #enter(xmpp: XmppConnection, address: string, nick: string): Promise<void> {
    const room = new Room(
      address,
      nick,
      this.config,
      xmpp,
      {
        present: (presence) => this.#present(room, presence),
        gone: (gone) => {
          this.#roster.gone(gone);
          this.#refresh();
        },
        removed: (code) => this.#fail(code),
        lost: () => {
          xmpp.close();
          void this.#reconnect();
        },
        focusGone: () => void this.#awaitFocus(room),
        bridgeAvailable: (available) => {
          this.#bridgeAvailable = available;
          this.#refresh();
        },
        chat: (from, text, isPrivate, id) => this.#heard(from, text, isPrivate, id),
        chatRefused: () => this.#tell({ kind: "chat-refused" }),
        jingle: (jingle, from) => this.#call?.jingle(jingle, from),
        muted: (medium, by) => this.#mutedBy(medium, by),
      },
      this.account,
    );
    const control = new RoomControl(xmpp, room, this.#services, this.#roster, {
      changed: () => this.#refresh(),
      news: (news) => this.#tell(news),
      stopped: (medium) => void this.#silence(medium),
      tell: (id, body) => this.#call?.tell(id, body),
    });
    this.#localId = nick;
    this.#room = room;
    this.#control = control;
    this.#call = this.#newCall(xmpp, nick);
    if (this.state.phase === "connecting") this.#set({ phase: "joining" });
    const entrance = new Entrance(
      xmpp,
      room,
      this.#name,
      this.#options?.password ?? null,
      (password) => room.join(this.#presence(), password),
      () => this.#outside(entrance),
      (name) => {
        this.#name = name;
      },
      this.account === null || this.config.hosts.anonymousdomain !== undefined,
    );
    this.#entrance = entrance;
    try {
      await entrance.enter();
    } catch (error) {
      control.close();
      throw error;
    }
    if (this.#gone()) return;
    await control.readInfo();
    if (this.#gone() || room !== this.#room) return;
    this.#joinedAt ||= Date.now();
    this.#set({
      phase: "joined",
      error: null,
      startedAt: this.state.startedAt ?? control.info.createdAt ?? Date.now(),
    });
    this.#refresh();
    const { audio, video } = control.startMuted;
    this.#beginMuted(audio, video);
  }

  #outside(entrance: Entrance): void {
    if (entrance !== this.#entrance || this.#gone() || this.state.phase === "failed") return;
    this.#set(entrance.entry === null ? { entry: null } : { entry: entrance.entry, phase: "outside", error: null });
  }

  #present(room: Room, presence: OccupantPresence): void {
    if (presence.nick === room.nick) {
      const changed = presence.moderator !== this.#moderator;
      this.#moderator = presence.moderator;
      this.#avatar = presence.avatar;
      this.#control?.setRole(presence.moderator);
      if (changed) this.#tell({ kind: presence.moderator ? "promoted" : "demoted" });
    } else {
      this.#roster.present(presence, Date.now());
      this.#control?.entered(presence.realJid);
    }
    this.#refresh();
  }

  #newCall(xmpp: XmppConnection, endpoint: string): Call {
    // Layers are written as SSRC groups, which Firefox does not take: it sends one.
    const simulcast = this.config.disableSimulcast !== true && !navigator.userAgent.includes("Firefox");
    const options = {
      endpoint,
      domain: this.config.hosts.anonymousdomain ?? this.config.hosts.domain,
      simulcast,
      lastN: this.config.channelLastN ?? -1,
      iceRestart: this.config.enableIceRestart !== false,
    };
    const call = new Call(xmpp, this.#media, options, {
      changed: () => this.#refresh(),
      failed: (code) => this.#fail(code),
      startMuted: (audio, video) => this.#beginMuted(audio, video),
      dominantSpeaker: (id) => this.#set({ dominantSpeaker: id === "" ? null : id }),
      active: (id, active) => {
        this.#roster.setActive(id, active);
        this.#refresh();
      },
      stats: (from, quality) => {
        if (Number.isFinite(quality)) this.#roster.setPoints(from, quality);
        this.#refresh();
      },
      told: (from, body) => this.#told(from, body),
    });
    call.setView(this.#view);
    return call;
  }

  /** A wish for the beginning; a new session later changes nothing. */
  #beginMuted(audio: boolean, video: boolean): void {
    if (this.#startMuted || !(audio || video)) return;
    this.#startMuted = true;
    if (audio) void this.setAudioMuted(true);
    if (video) void this.setVideoMuted(true);
  }

  #told(from: string, body: Readonly<Record<string, unknown>>): void {
    const sender = this.#roster.get(from)?.presence;
    if (body.name !== LOWER_HAND || sender?.moderator !== true || this.#raisedHandAt === null) return;
    this.setRaisedHand(false);
    this.#tell({ kind: "hand-lowered", by: sender.name });
  }

  #mutedBy(medium: Medium, by: string): void {
    this.#muted.add(medium);
    void this.#silence(medium);
    this.#tell({ kind: "muted", medium, by: this.#roster.nameOf(by) });
  }

  #silence(medium: Medium): Promise<void> {
    if (medium === "audio") return this.setAudioMuted(true);
    return medium === "video" ? this.setVideoMuted(true) : this.stopScreenShare();
  }

  /** Rejects where the room is moderated and we were not allowed. */
  #demand(medium: Medium): void {
    if (!this.state.allowed[medium]) throw new MeetingError("not-permitted", `A moderator decides on ${medium}`);
  }

  #unmuted(medium: Medium): void {
    if (this.#muted.delete(medium)) this.#control?.unmuted(medium);
  }

  /** Whether people left meanwhile. */
  #gone(): boolean {
    return this.state.phase === "left";
  }

  /** The connection was lost: come back, as somebody new to the server but with everything kept here. */
  async #reconnect(): Promise<void> {
    if (this.#reconnecting || this.state.phase === "left" || this.state.phase === "failed") return;
    this.#reconnecting = true;
    try {
      await this.#comeBack();
    } finally {
      this.#reconnecting = false;
    }
  }

  async #comeBack(): Promise<void> {
    const began = Date.now();
    for (let attempt = 0; Date.now() - began < GIVE_UP_MS; attempt++) {
      this.#set({ phase: "reconnecting", error: "server-gone", entry: null });
      const wait = RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)] ?? 1_000;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
      if (this.state.phase !== "reconnecting") return;
      this.#call?.close();
      this.#control?.close();
      this.#roster.clear();
      this.#hadSession = false;
      try {
        await this.#connect();
        return;
      } catch (error) {
        this.#xmpp?.close();
        if (error instanceof MeetingError && FINAL.includes(error.code)) {
          this.#fail(error.code);
          return;
        }
        console.warn("Not back yet", error);
      }
    }
    this.#fail("server-gone");
  }

  /** The focus left the room: it comes back when it is asked to, and then invites us again. */
  async #awaitFocus(room: Room): Promise<void> {
    while (room === this.#room && this.state.phase !== "left" && this.state.phase !== "failed") {
      try {
        await room.requestConference();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    }
  }

  #fail(code: ErrorCode): void {
    if (this.state.phase === "left" || this.state.phase === "failed") return;
    this.#set({ phase: "failed", error: code, entry: null });
    this.#shut();
  }

  #shut(): void {
    this.#meter.stop();
    this.#entrance?.close();
    this.#call?.close();
    this.#control?.close();
    this.#room?.leave();
    const xmpp = this.#xmpp;
    if (xmpp !== null) {
      xmpp.onClosed = () => {};
      xmpp.close();
    }
    this.#media.close();
  }

  async leave(): Promise<void> {
    if (this.state.phase === "left") return;
    const failed = this.state.phase === "failed";
    this.#set({ phase: "left", participants: [], entry: null });
    if (!failed) this.#shut();
  }

  // Our own side.

  #presence(): OwnPresence {
    const id = this.#localId ?? "";
    const sources = new Map<string, SourceState>([
      [`${id}-a0`, { muted: this.#media.audioMuted, desktop: false }],
      [`${id}-v0`, { muted: this.#media.videoMuted, desktop: false }],
    ]);
    if (this.#screenShared) sources.set(`${id}-v1`, { muted: this.#media.screen === null, desktop: true });
    const region = this.config.deploymentInfo?.userRegion ?? null;
    return { name: this.#name, raisedHandAt: this.#raisedHandAt, region, sources };
  }

  #publish(): void {
    this.#room?.update(this.#presence());
    this.#refresh();
  }

  setDisplayName(name: string): void {
    this.#name = name;
    this.#publish();
  }

  async setAudioMuted(muted: boolean): Promise<void> {
    if (!muted) this.#demand("audio");
    await this.#media.setAudioMuted(muted);
    await this.#call?.sendTracks();
    this.#publish();
    if (!muted) this.#unmuted("audio");
  }

  async setVideoMuted(muted: boolean): Promise<void> {
    if (!muted) this.#demand("video");
    await this.#media.setVideoMuted(muted);
    await this.#call?.sendTracks();
    this.#call?.tellCamera(muted);
    this.#publish();
    if (!muted) this.#unmuted("video");
  }

  async setDevices(choice: DeviceChoice): Promise<void> {
    await this.#media.setDevices(choice);
    await this.#call?.sendTracks();
    this.#refresh();
  }

  async startScreenShare(): Promise<void> {
    this.#demand("desktop");
    const track = await this.#media.startScreen();
    this.#screenShared = true;
    this.#publish();
    await this.#call?.startScreen(track);
    this.#unmuted("desktop");
    this.#refresh();
  }

  async stopScreenShare(): Promise<void> {
    if (this.#media.screen === null) return;
    this.#media.stopScreen();
    this.#publish();
    await this.#call?.stopScreen();
  }

  setRaisedHand(raised: boolean): void {
    this.#raisedHandAt = raised ? Date.now() : null;
    this.#publish();
  }

  sendChat(text: string, privateTo?: string): void {
    const trimmed = text.trim();
    if (trimmed === "" || this.#room === null) return;
    const id = this.#room.say(trimmed, privateTo);
    if (privateTo !== undefined) this.#remember({ id, text: trimmed, from: this.#localId ?? "", privateTo });
  }

  #heard(from: string, text: string, isPrivate: boolean, id: string): void {
    this.#remember({ id, text, from, privateTo: isPrivate ? (this.#localId ?? "") : null });
  }

  #remember(message: Pick<ChatMessage, "id" | "text" | "from" | "privateTo">): void {
    const local = message.from === this.#localId;
    const name = local ? this.#name : (this.#roster.get(message.from)?.presence.name ?? "");
    this.#set({ messages: [...this.state.messages, { ...message, local, name, at: Date.now() }] });
  }

  setView(view: ViewRequest): void {
    this.#view = view;
    this.#call?.setView(view);
  }

  // The snapshot.

  #refresh(): void {
    const call = this.#call;
    if (call === null || this.#localId === null) return;
    const others = this.#roster.participants(call.sources, (source) => call.track(source));
    this.#hadSession ||= call.iceState === "connected" || call.iceState === "completed";
    this.#set({
      localId: this.#localId,
      participants: this.state.phase === "left" ? [] : [this.#local(), ...others],
      bridgeChannelOpen: call.channelOpen,
      ...(this.#control === null ? {} : rulesOf(this.#control)),
      iceState: call.iceState,
      ...this.#phase(call, others.length),
    });
  }

  /** Joined or reconnecting, by whether media that flowed once still does. */
  #phase(call: Call, others: number): Partial<MeetingState> {
    const { phase } = this.state;
    if (phase !== "joined" && !(phase === "reconnecting" && this.state.error !== "server-gone")) return {};
    if (others === 0) return { phase: "joined", error: null };
    if (!this.#bridgeAvailable) return { phase: "reconnecting", error: "no-bridge" };
    const broken = this.#hadSession && call.iceState !== "connected" && call.iceState !== "completed";
    return broken ? { phase: "reconnecting", error: "media-failed" } : { phase: "joined", error: null };
  }

  #local(): Participant {
    const id = this.#localId ?? "";
    const { audioMuted, videoMuted, camera, screen } = this.#media;
    const shared =
      screen === null ? [] : [{ name: `${id}-v1`, kind: "desktop" as const, muted: false, stream: streamOf(screen) }];
    return {
      id,
      name: this.#name,
      avatar: this.#avatar,
      local: true,
      moderator: this.#moderator,
      audioMuted,
      videoMuted,
      videos: [{ name: `${id}-v0`, kind: "camera", muted: videoMuted, stream: streamOf(camera) }, ...shared],
      audio: null,
      raisedHandAt: this.#raisedHandAt,
      quality: qualityOf(this.#points),
      active: true,
      joinedAt: this.#joinedAt,
    };
  }
}

function rulesOf({ security, allowed, approved, knockers }: RoomControl): Partial<MeetingState> {
  return { security, allowed, approved, knockers };
}
