/** The meeting as the interface sees it: ties connection, room, call and own media together, and keeps the snapshot. */

import type { PasswordAccount } from "./account";
import type {
  Access,
  Breakouts,
  ChatMessage,
  DeviceChoice,
  EntranceControls,
  ErrorCode,
  JoinOptions,
  MeetConfig,
  Meeting,
  MeetingState,
  ModeratorControls,
  News,
  PollControls,
  Security,
  ViewRequest,
} from "./api";
import { MeetingError, NO_BREAKOUTS } from "./api";
import { BreakoutList, breakoutControls } from "./breakouts";
import { Call, callOptions } from "./call";
import { ChatLog } from "./chat-log";
import { Entrance } from "./entrance";
import { Meter } from "./meter";
import { Myself } from "./myself";
import { OwnControls } from "./own-controls";
import { OwnMedia } from "./own-media";
import type { OccupantPresence } from "./presence";
import { Reconnection } from "./reconnection";
import { addressOf, nickOf, Room, type RoomEvents, randomId } from "./room";
import { LOWER_HAND, RoomControl } from "./room-control";
import type { Medium } from "./rooms-api";
import { Roster } from "./roster";
import { Services } from "./services";
import { Snapshot, START } from "./snapshot";
import { Travel } from "./travel";
import { XmppConnection } from "./xmpp";

export class MeetingSession implements Meeting {
  readonly #snapshot = new Snapshot();
  readonly #media = new OwnMedia(() => void this.#own.stopScreenShare());
  readonly #me: Myself;
  readonly #own: OwnControls;
  readonly #roster = new Roster();
  readonly #services = new Services();
  readonly #chat = new ChatLog();
  #xmpp: XmppConnection | null = null;
  #room: Room | null = null;
  #control: RoomControl | null = null;
  #entrance: Entrance | null = null;
  #call: Call | null = null;
  #list: BreakoutList | null = null;
  #options: JoinOptions | null = null;
  #password: string | null = null; // what let us in
  #mainRules: Security["restricted"] | null = null;
  #place = ""; // the address of the room that we are in, or were before the connection broke
  #view: ViewRequest = { stage: [], visible: new Map() };
  #bridgeAvailable = true;
  #hadSession = false;
  readonly #reconnection = new Reconnection({
    waiting: () => this.#snapshot.set({ phase: "reconnecting", error: "server-gone", entry: null }),
    wanted: () => this.state.phase === "reconnecting",
    attempt: () => this.#comeBack(),
    failed: (code) => this.#fail(code),
  });
  readonly breakouts = breakoutControls(
    () => this.#list,
    (address) => void this.#travel.go(address),
    (on) => this.#control?.setRestricted("breakoutSelfJoinRestricted", !on),
  );
  readonly #travel = new Travel(() => this.#main, {
    place: () => this.#place,
    wanted: () => this.state.phase === "joined" || this.state.phase === "joining",
    enter: (address) => this.#change(address),
    arrived: (address, refused) => this.#arrived(address, refused),
  });
  readonly #meter = new Meter(
    () => this.#call,
    () => (this.#media.audioMuted ? null : this.#me.id),
    {
      speaking: (speaking) => this.#snapshot.set({ speaking }),
      quality: (points) => {
        this.#me.points = points;
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
    this.#me = new Myself(this.#media, config.deploymentInfo?.userRegion ?? null);
    this.#own = new OwnControls(this.#media, this.#me, {
      allowed: () => this.state.allowed,
      call: () => this.#call,
      publish: () => this.#publish(),
      changed: () => this.#refresh(),
      unmuted: (medium) => this.#control?.unmuted(medium),
    });
  }

  get state(): MeetingState {
    return this.#snapshot.state;
  }

  /** Whoever logs in on the way in goes on at once; inside, the focus learns who we are, and the others by presence. */
  async #loggedIn(): Promise<void> {
    if (this.account?.person === null) return;
    this.#entrance?.retry();
    if (this.state.phase !== "joined" || this.#room === null) return;
    await this.#room.requestConference();
    this.#publish();
  }

  readonly subscribe: Meeting["subscribe"] = (listener) => this.#snapshot.follow(listener);
  readonly hear: Meeting["hear"] = (listener) => this.#snapshot.hear(listener);

  get entrance(): EntranceControls | null {
    return this.state.entry === null ? null : this.#entrance;
  }

  get moderator(): ModeratorControls | null {
    return this.#control;
  }

  get polls(): PollControls | null {
    return this.#control?.pollControls ?? null;
  }

  get #main(): string {
    return addressOf(this.config, this.#options?.room ?? "");
  }

  async join(options: JoinOptions): Promise<void> {
    this.#options = options;
    this.#me.name = options.displayName;
    this.#password = options.password ?? null;
    this.#media.start(options.media, options.startAudioMuted, options.startVideoMuted);
    this.#snapshot.set({ ...START, phase: "connecting", room: options.room });
    try {
      await this.#connect();
    } catch (error) {
      if (this.state.phase === "left") return;
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
    if (this.#over()) {
      xmpp.close();
      return;
    }
    await this.#services.discover(xmpp, this.config.hosts.domain);
    xmpp.onClosed = () => {
      this.#entrance?.close();
      void this.#reconnect();
    };
    this.#list?.close();
    this.#list = new BreakoutList(xmpp, this.#services, {
      changed: () => this.#refresh(),
      sent: (address) => void this.#travel.go(address),
      ending: (seconds) => this.#snapshot.tell({ kind: "breakouts-ending", seconds }),
    });
    await this.#enter(xmpp, this.#main, nickOf(xmpp.jid));
  }

  /** Goes into a room of the connection, as long as that takes. Rejects with a MeetingError. */
  async #enter(xmpp: XmppConnection, address: string, nick: string): Promise<void> {
    const roomEvents: RoomEvents = {
      present: (presence) => this.#present(room, presence),
      gone: (gone) => {
        this.#roster.gone(gone);
        this.#refresh();
      },
      removed: (code, alternate) => {
        if (code === "room-destroyed" && alternate === this.#main && address !== this.#main)
          void this.#travel.go(alternate);
        else this.#fail(code);
      },
      lost: () => {
        xmpp.close();
        void this.#reconnect();
      },
      focusGone: () => void this.#awaitFocus(room),
      bridgeAvailable: (available) => {
        this.#bridgeAvailable = available;
        this.#refresh();
      },
      chat: (from, text, isPrivate, id) => {
        this.#remember({ id, text, from, privateTo: isPrivate ? nick : null });
      },
      announced: (words, name) => this.#announced(words, name),
      chatRefused: () => this.#snapshot.tell({ kind: "chat-refused" }),
      jingle: (jingle, from) => this.#call?.jingle(jingle, from),
      muted: (medium, by) => {
        this.#own.mutedByFocus(medium);
        this.#snapshot.tell({ kind: "muted", medium, by: this.#roster.nameOf(by) });
      },
    };
    const room: Room = new Room(address, nick, this.config, xmpp, roomEvents, this.account);
    const events = {
      changed: () => this.#refresh(),
      news: (news: News) => this.#snapshot.tell(news),
      stopped: (medium: Medium) => void this.#own.silence(medium),
      tell: (id: string, body: Readonly<Record<string, unknown>>) => this.#call?.tell(id, body),
    };
    const rules = address === this.#main ? null : this.#mainRules;
    const control = new RoomControl(xmpp, room, this.#services, this.#roster, events, rules);
    this.#me.id = nick;
    this.#room = room;
    this.#control = control;
    this.#call = this.#newCall(xmpp, nick);
    if (this.state.phase === "connecting") this.#snapshot.set({ phase: "joining" });
    const entrance = new Entrance(
      xmpp,
      room,
      this.#me.name,
      address === this.#main ? this.#password : null,
      (password) => {
        if (password !== null) this.#password = password;
        return room.join(this.#me.presence, password);
      },
      () => this.#outside(entrance),
      (name) => {
        this.#me.name = name;
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
    if (this.#over()) return;
    await control.readInfo();
    if (this.#over() || room !== this.#room) return;
    this.#me.joinedAt ||= Date.now();
    this.#place = address;
    this.#snapshot.set({
      phase: "joined",
      error: null,
      startedAt: this.state.startedAt ?? control.info.createdAt ?? Date.now(),
    });
    this.#refresh();
    const { audio, video } = control.startMuted;
    this.#own.beginMuted(audio, video);
  }

  #outside(entrance: Entrance): void {
    if (entrance !== this.#entrance || this.#over()) return;
    this.#snapshot.set(
      entrance.entry === null ? { entry: null } : { entry: entrance.entry, phase: "outside", error: null },
    );
  }

  #present(room: Room, presence: OccupantPresence): void {
    if (presence.nick === room.nick) {
      const changed = presence.moderator !== this.#me.moderator;
      this.#me.moderator = presence.moderator;
      this.#me.avatar = presence.avatar;
      this.#control?.setRole(presence.moderator, presence.permissions);
      if (changed) this.#snapshot.tell({ kind: presence.moderator ? "promoted" : "demoted" });
    } else {
      this.#roster.present(presence, Date.now());
      this.#control?.entered(presence.realJid);
    }
    this.#refresh();
  }

  #newCall(xmpp: XmppConnection, endpoint: string): Call {
    const call = new Call(xmpp, this.#media, callOptions(this.config, endpoint), {
      changed: () => this.#refresh(),
      failed: (code) => this.#fail(code),
      startMuted: (audio, video) => this.#own.beginMuted(audio, video),
      dominantSpeaker: (id, silent) => {
        const speaker = id === "" ? null : id;
        this.#control?.spoke(speaker, silent);
        this.#snapshot.set({ dominantSpeaker: speaker });
        this.#refresh();
      },
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

  #told(from: string, body: Readonly<Record<string, unknown>>): void {
    const sender = this.#roster.get(from)?.presence;
    if (body.name !== LOWER_HAND || sender?.moderator !== true || this.#me.raisedHandAt === null) return;
    this.setRaisedHand(false);
    this.#snapshot.tell({ kind: "hand-lowered", by: sender.name });
  }

  /** Whether people left meanwhile, or were put out. */
  #over(): boolean {
    return this.state.phase === "left" || this.state.phase === "failed";
  }

  /** The connection was lost: come back, as somebody new to the server but with everything kept here. */
  async #reconnect(): Promise<void> {
    if (!this.#over()) await this.#reconnection.start();
  }

  async #comeBack(): Promise<void> {
    const place = this.#place;
    this.#quit();
    this.#place = place;
    try {
      await this.#connect();
    } catch (error) {
      this.#xmpp?.close();
      throw error;
    }
    if (place !== "" && place !== this.#main) await this.#travel.go(place); // into the breakout room that we were in
  }

  // From room to room.

  /** Leaves the room and enters another one of the meeting; false where that does not let us in. */
  async #change(address: string): Promise<boolean> {
    const xmpp = this.#xmpp;
    if (xmpp === null) return false;
    // A room asks everybody for its password, also those who set it and come back.
    if (this.#place === this.#main) this.#password = this.#control?.security.passwordSet ?? this.#password;
    await this.#own.changeRoom();
    this.#room?.leave("switch_room");
    this.#quit();
    this.#snapshot.set({ phase: "joining", error: null, entry: null, dominantSpeaker: null, speaking: new Set() });
    try {
      await this.#enter(xmpp, address, this.#me.id ?? nickOf(xmpp.jid));
      return this.#place === address;
    } catch (error) {
      console.warn("The room could not be entered", error);
      const waiting = xmpp === this.#xmpp && ["joining", "outside"].includes(this.state.phase);
      if (waiting && address === this.#main) this.#fail(error instanceof MeetingError ? error.code : "server-gone");
      return false;
    }
  }

  #quit(): void {
    this.#call?.close();
    this.#control?.close();
    this.#roster.clear();
    this.#hadSession = false;
    this.#place = "";
  }

  #arrived(address: string, refused: boolean): void {
    this.#snapshot.set({ messages: this.#chat.of(address) });
    const room = this.state.breakouts.rooms.find(({ here }) => here)?.name ?? "";
    this.#snapshot.tell(refused ? { kind: "move-refused" } : { kind: "moved", room, main: address === this.#main });
  }

  /** The focus left the room: it comes back when it is asked to, and then invites us again. */
  async #awaitFocus(room: Room): Promise<void> {
    while (room === this.#room && !this.#over()) {
      try {
        await room.requestConference();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    }
  }

  #fail(code: ErrorCode): void {
    if (this.#over()) return;
    this.#snapshot.set({ phase: "failed", error: code, entry: null });
    this.#shut();
  }

  #shut(): void {
    this.#meter.stop();
    this.#entrance?.close();
    this.#call?.close();
    this.#control?.close();
    this.#list?.close();
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
    this.#snapshot.set({ phase: "left", participants: [], entry: null });
    if (!failed) this.#shut();
  }

  // Our own side.

  #publish(): void {
    this.#room?.update(this.#me.presence);
    this.#refresh();
  }

  setDisplayName(name: string): void {
    this.#me.name = name;
    this.#publish();
  }

  readonly setAudioMuted = (muted: boolean) => this.#own.setAudioMuted(muted);
  readonly setVideoMuted = (muted: boolean) => this.#own.setVideoMuted(muted);
  readonly setDevices = (choice: DeviceChoice) => this.#own.setDevices(choice);
  readonly startScreenShare = () => this.#own.startScreenShare();
  readonly stopScreenShare = () => this.#own.stopScreenShare();
  readonly setRaisedHand = (raised: boolean) => this.#own.setRaisedHand(raised);

  sendChat(text: string, privateTo?: string): void {
    const trimmed = text.trim();
    if (trimmed === "" || this.#room === null) return;
    const id = this.#room.say(trimmed, privateTo);
    if (privateTo !== undefined) this.#remember({ id, text: trimmed, from: this.#me.id ?? "", privateTo });
  }

  #announced(text: string, name: string): void {
    this.#remember({ id: randomId(), text, from: "", privateTo: null, name, announcement: true });
    this.#snapshot.tell({ kind: "announcement", by: name, text });
  }

  #remember(message: Pick<ChatMessage, "id" | "text" | "from" | "privateTo"> & Partial<ChatMessage>): void {
    const local = message.from === this.#me.id;
    const name = local ? this.#me.name : this.#roster.nameOf(message.from);
    const line = { local, name, at: Date.now(), announcement: false, ...message };
    this.#snapshot.set({ messages: this.#chat.add(this.#room?.address ?? "", line) });
  }

  setView(view: ViewRequest): void {
    this.#view = view;
    this.#call?.setView(view);
  }

  // The snapshot.

  #refresh(): void {
    const [call, control] = [this.#call, this.#control];
    if (call === null || this.#me.id === null) return;
    call.agree(this.#roster.codecs);
    const others = this.#roster.participants(call.sources, (source) => call.track(source));
    this.#hadSession ||= call.iceState === "connected" || call.iceState === "completed";
    this.#snapshot.set({
      localId: this.#me.id,
      participants: this.state.phase === "left" ? [] : [this.#me.participant, ...others],
      bridgeChannelOpen: call.channelOpen,
      ...(control === null ? {} : { ...control.rules, breakouts: this.#breakouts(control) }),
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

  #breakouts(control: RoomControl): Breakouts {
    const address = this.#room?.address ?? "";
    if (address === this.#main) this.#mainRules = control.security.restricted;
    const freeChoice = this.#mainRules?.breakoutSelfJoinRestricted !== true;
    return this.#list?.view(address, control.breakoutsEnd, freeChoice) ?? NO_BREAKOUTS;
  }
}
