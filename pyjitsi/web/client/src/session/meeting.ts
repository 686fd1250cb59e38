/** The meeting as the interface sees it: ties connection, room, call and own media together, and keeps the snapshot. */

import {
  type ChatMessage,
  type DeviceChoice,
  type ErrorCode,
  type JoinOptions,
  type MeetConfig,
  type Meeting,
  MeetingError,
  type MeetingState,
  type Participant,
  type ViewRequest,
} from "./api";
import { Call } from "./call";
import { OwnMedia } from "./own-media";
import type { OwnPresence, SourceState } from "./presence";
import { qualityOf, SPEAKING_LEVEL, StatsReader, score } from "./quality";
import { nickOf, Room } from "./room";
import { Roster } from "./roster";
import { streamOf } from "./streams";
import { XmppConnection } from "./xmpp";

const LEVELS_MS = 500;
const STATS_EVERY = 10; // levels between two reports of quality
const RECONNECT_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const GIVE_UP_MS = 180_000;

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
};

export class MeetingSession implements Meeting {
  state: MeetingState = START;
  #listeners = new Set<(state: MeetingState) => void>();
  #scheduled = false;
  #media = new OwnMedia(() => void this.stopScreenShare());
  #roster = new Roster();
  #xmpp: XmppConnection | null = null;
  #room: Room | null = null;
  #call: Call | null = null;
  #options: JoinOptions | null = null;
  #name = "";
  #raisedHandAt: number | null = null;
  #localId: string | null = null;
  #moderator = false;
  #joinedAt = 0;
  #points: number | undefined;
  #view: ViewRequest = { stage: [], visible: new Map() };
  #screenShared = false;
  #bridgeAvailable = true;
  #hadSession = false;
  #startMuted = false;
  #reconnecting = false;
  #reader = new StatsReader();
  #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;

  constructor(private readonly config: MeetConfig) {}

  subscribe(listener: (state: MeetingState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
      if (this.state.phase === "left") return;
      const code = error instanceof MeetingError ? error.code : "server-gone";
      this.#fail(code);
      throw error instanceof MeetingError ? error : new MeetingError(code, String(error));
    }
    this.#timer = setInterval(() => void this.#measure(), LEVELS_MS);
  }

  async #connect(): Promise<void> {
    const options = this.#options;
    if (options === null) return;
    const xmpp = new XmppConnection(this.config);
    this.#xmpp = xmpp;
    await xmpp.connect(options.room);
    if (this.state.phase === "left") {
      xmpp.close();
      return;
    }
    this.#localId = nickOf(xmpp.jid);
    const room = new Room(options.room, this.config, xmpp, {
      present: (presence) => {
        if (presence.nick === room.nick) this.#moderator = presence.moderator;
        else this.#roster.present(presence, Date.now());
        this.#refresh();
      },
      gone: (nick) => {
        this.#roster.gone(nick);
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
      jingle: (jingle, from) => this.#call?.jingle(jingle, from),
    });
    this.#localId = room.nick;
    this.#room = room;
    this.#call = this.#newCall(xmpp, room.nick);
    xmpp.onClosed = () => void this.#reconnect();
    if (this.state.phase === "connecting") this.#set({ phase: "joining" });
    await room.join(this.#presence(), options.password);
    if (this.#gone()) return;
    this.#joinedAt ||= Date.now();
    this.#set({ phase: "joined", error: null, startedAt: this.state.startedAt ?? Date.now() });
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
      startMuted: (audio, video) => {
        if (this.#startMuted) return; // a wish for the beginning; a new session later changes nothing
        this.#startMuted = true;
        if (audio) void this.setAudioMuted(true);
        if (video) void this.setVideoMuted(true);
      },
      dominantSpeaker: (id) => this.#set({ dominantSpeaker: id === "" ? null : id }),
      active: (id, active) => {
        this.#roster.setActive(id, active);
        this.#refresh();
      },
      stats: (from, quality) => {
        if (Number.isFinite(quality)) this.#roster.setPoints(from, quality);
        this.#refresh();
      },
    });
    call.setView(this.#view);
    return call;
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
    this.#set({ phase: "reconnecting", error: "server-gone" });
    const began = Date.now();
    for (let attempt = 0; Date.now() - began < GIVE_UP_MS; attempt++) {
      const wait = RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)] ?? 1_000;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
      if (this.state.phase !== "reconnecting") return;
      this.#call?.close();
      this.#roster.clear();
      this.#hadSession = false;
      try {
        await this.#connect();
        return;
      } catch (error) {
        this.#xmpp?.close();
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
    this.#set({ phase: "failed", error: code });
    this.#shut();
  }

  #shut(): void {
    clearInterval(this.#timer);
    this.#call?.close();
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
    this.#set({ phase: "left", participants: [] });
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
    await this.#media.setAudioMuted(muted);
    await this.#call?.sendTracks();
    this.#publish();
  }

  async setVideoMuted(muted: boolean): Promise<void> {
    await this.#media.setVideoMuted(muted);
    await this.#call?.sendTracks();
    this.#call?.tellCamera(muted);
    this.#publish();
  }

  async setDevices(choice: DeviceChoice): Promise<void> {
    await this.#media.setDevices(choice);
    await this.#call?.sendTracks();
    this.#refresh();
  }

  async startScreenShare(): Promise<void> {
    const track = await this.#media.startScreen();
    this.#screenShared = true;
    this.#publish();
    await this.#call?.startScreen(track);
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

  async #measure(): Promise<void> {
    const call = this.#call;
    const pc = call?.peer?.pc;
    if (!call || pc === undefined || this.#localId === null) return;
    const measured = await this.#reader.read(pc);
    const speaking = new Set<string>();
    if (measured.localLevel > SPEAKING_LEVEL && !this.#media.audioMuted) speaking.add(this.#localId);
    for (const source of call.sources) {
      if (source.kind === "audio" && (measured.levels.get(source.ssrcs[0] ?? 0) ?? 0) > SPEAKING_LEVEL)
        speaking.add(source.owner);
    }
    const before = this.state.speaking;
    if (speaking.size !== before.size || [...speaking].some((id) => !before.has(id))) this.#set({ speaking });
    this.#ticks += 1;
    if (this.#ticks % STATS_EVERY !== 0) return;
    this.#points = score(measured);
    call.tellStats({
      connectionQuality: this.#points,
      jvbRTT: Math.round(measured.roundTripMs),
      packetLoss: { total: Math.round(measured.lossRatio * 100) },
    });
    this.#refresh();
  }
}
