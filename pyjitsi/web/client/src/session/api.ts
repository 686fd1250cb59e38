/**
 * The seam between the session core (signalling, media; no Svelte) and the interface (Svelte; no XMPP).
 *
 * A `Meeting` has one immutable `state` snapshot and a `subscribe`; the interface renders the snapshot and calls the
 * methods. Methods that can fail reject with a `MeetingError`, whose `code` the interface turns into words.
 */

import type { BreakoutControls, Breakouts } from "./breakouts-api";
import type {
  Allowed,
  EntranceControls,
  Entry,
  Knocker,
  Medium,
  ModeratorControls,
  News,
  Poll,
  PollControls,
  Security,
  SpeakerTime,
} from "./rooms-api";

export * from "./breakouts-api";
export * from "./rooms-api";

export type ErrorCode =
  | "camera-refused"
  | "camera-missing"
  | "camera-busy"
  | "microphone-refused"
  | "microphone-missing"
  | "insecure-origin"
  | "screen-refused"
  | "server-gone"
  | "media-failed"
  | "password-required"
  | "room-full"
  | "not-allowed"
  | "log-in-required"
  | "lobby-refused"
  | "banned"
  | "rate-limited"
  | "time-over"
  | "not-permitted"
  | "no-bridge"
  | "kicked"
  | "room-destroyed"
  | "browser-unsupported"
  | "unknown";

export class MeetingError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "MeetingError";
  }
}

/** Somebody who logged in. */
export interface PersonLoggedIn {
  readonly name: string;
}

/** Why a log-in failed: what was typed, too many tries (wait so long), or nobody who could tell. */
export type LogInProblem =
  | { readonly kind: "wrong" }
  | { readonly kind: "too-often"; readonly seconds: number }
  | { readonly kind: "unavailable" };

export class LogInError extends Error {
  constructor(readonly problem: LogInProblem) {
    super(problem.kind);
    this.name = "LogInError";
  }
}

/** Who we are to the server, where it has accounts; kept for the tab. */
export interface Account {
  readonly person: PersonLoggedIn | null;
  /** Calls back when `person` has changed; returns what ends that. */
  subscribe(listener: () => void): () => void;
  /** Logs in, for a room first of all; rejects with a LogInError. */
  logIn(user: string, password: string, room: string): Promise<void>;
  logOut(): Promise<void>;
}

/** `outside`: the room asks for something first, or lets us wait; `entry` says what. */
export type Phase = "idle" | "connecting" | "joining" | "outside" | "joined" | "reconnecting" | "left" | "failed";
export type Quality = "unknown" | "good" | "fair" | "poor" | "lost";
export type MediaKind = "camera" | "desktop";

/** A video that can be shown: a remote or local source. `stream` is null while none flows (muted or not forwarded). */
export interface VideoSource {
  readonly name: string; // source name, e.g. 3fa81c02-v0
  readonly kind: MediaKind;
  readonly muted: boolean;
  readonly stream: MediaStream | null;
}

export interface Participant {
  readonly id: string; // endpoint id = MUC nick
  readonly name: string; // display name, "" if none was given
  readonly avatar: string | null; // the address of a picture, as the log-in proved it
  readonly local: boolean;
  readonly moderator: boolean;
  readonly audioMuted: boolean;
  readonly videoMuted: boolean;
  readonly videos: readonly VideoSource[]; // camera first, then desktop
  readonly audio: MediaStream | null; // remote only; the interface attaches it to an <audio>
  readonly raisedHandAt: number | null; // ms since the epoch
  readonly quality: Quality;
  readonly active: boolean; // false: the bridge says that nothing arrives from them
  readonly joinedAt: number;
}

export interface ChatMessage {
  readonly id: string;
  readonly from: string; // participant id; the sender may have left
  readonly name: string; // display name when it was sent
  readonly local: boolean;
  readonly text: string;
  readonly at: number; // ms since the epoch
  readonly privateTo: string | null;
  readonly announcement: boolean; // said in all rooms at once, or by the server
}

export interface MeetingState {
  readonly phase: Phase;
  readonly error: ErrorCode | null; // why phase is failed or reconnecting
  readonly room: string;
  readonly localId: string | null;
  readonly participants: readonly Participant[]; // local first, then by join order
  readonly dominantSpeaker: string | null;
  readonly speaking: ReadonlySet<string>; // local level meter and remote audio levels over threshold
  readonly messages: readonly ChatMessage[];
  readonly bridgeChannelOpen: boolean;
  readonly iceState: RTCIceConnectionState | "none";
  readonly startedAt: number | null; // when the meeting began, ms since the epoch
  readonly entry: Entry | null; // while we are outside
  readonly security: Security;
  readonly allowed: Allowed;
  /** Who may use a moderated medium, by participant id; moderators are told. */
  readonly approved: Readonly<Record<Medium, ReadonlySet<string>>>;
  readonly knockers: readonly Knocker[]; // moderators see them
  readonly breakouts: Breakouts;
  readonly polls: readonly Poll[];
  readonly speakers: readonly SpeakerTime[];
}

/** What is on screen, in CSS pixels of height; the core turns it into ReceiverVideoConstraints. */
export interface ViewRequest {
  readonly stage: readonly string[]; // source names shown large, most important first
  readonly visible: ReadonlyMap<string, number>; // source name to height on screen
}

export interface DeviceChoice {
  readonly audioInput?: string;
  readonly videoInput?: string;
  readonly audioOutput?: string;
}

export interface LocalMedia {
  readonly audio: MediaStreamTrack | null;
  readonly video: MediaStreamTrack | null;
}

export interface JoinOptions {
  readonly room: string;
  readonly displayName: string;
  readonly media: LocalMedia;
  readonly startAudioMuted: boolean;
  readonly startVideoMuted: boolean;
  readonly password?: string;
}

export interface Meeting {
  readonly state: MeetingState;
  subscribe(listener: (state: MeetingState) => void): () => void;
  join(options: JoinOptions): Promise<void>;
  leave(): Promise<void>;
  setDisplayName(name: string): void;
  setAudioMuted(muted: boolean): Promise<void>;
  setVideoMuted(muted: boolean): Promise<void>; // really stops the camera; unmuting opens it again
  setDevices(choice: DeviceChoice): Promise<void>;
  startScreenShare(): Promise<void>;
  stopScreenShare(): Promise<void>;
  setRaisedHand(raised: boolean): void;
  sendChat(text: string, privateTo?: string): void;
  setView(view: ViewRequest): void;
  /** Calls back with what happens to us or to all and is in no snapshot; returns what ends that. */
  hear(listener: (news: News) => void): () => void;
  readonly entrance: EntranceControls | null; // while we are outside
  readonly moderator: ModeratorControls | null; // while we are inside; the server refuses who is no moderator
  readonly breakouts: BreakoutControls;
  readonly polls: PollControls | null; // while we are inside, where the server has them
}

/** The keys of config.js that the client reads (1-signalling.md section 9), after `#config.x=` overrides. */
export interface MeetConfig {
  readonly hosts: {
    readonly domain: string;
    readonly muc: string;
    readonly focus?: string;
    readonly anonymousdomain?: string; // where guests connect
    readonly authdomain?: string; // where people log in with a password
  };
  readonly websocket?: string;
  readonly bosh?: string;
  readonly focusUserJid?: string;
  readonly conferenceRequestUrl?: string;
  readonly bridgeChannel?: { readonly preferSctp?: boolean; readonly ignoreDomain?: string };
  readonly p2p?: { readonly enabled?: boolean };
  readonly startAudioMuted?: number;
  readonly startVideoMuted?: number;
  readonly startWithAudioMuted?: boolean;
  readonly startWithVideoMuted?: boolean;
  readonly channelLastN?: number;
  readonly enableIceRestart?: boolean;
  readonly resolution?: number;
  readonly disableSimulcast?: boolean;
  /** Which video codecs to prefer, best first. */
  readonly videoQuality?: {
    readonly codecPreferenceOrder?: readonly string[];
    readonly mobileCodecPreferenceOrder?: readonly string[];
  };
  readonly prejoinConfig?: { readonly enabled?: boolean };
  readonly deploymentInfo?: { readonly userRegion?: string };
  readonly defaultLanguage?: string;
  readonly defaultLocalDisplayName?: string;
  /** An organisation's own name, picture and colour (the server's `branding`). */
  readonly appName?: string;
  readonly defaultLogoUrl?: string;
  readonly backgroundColor?: string;
  /** Log-in with an organisation's accounts: where our server's pages for it are, if it has any, and whether nobody enters without. */
  readonly accounts?: { readonly path?: string; readonly required?: boolean };
  /** Jitsi's: a service that sends people back with a token. `{room}` and `{state}` stand for where they want to go. */
  readonly tokenAuthUrl?: string;
  readonly tokenAuthUrlAutoRedirect?: boolean;
  readonly tokenLogoutUrl?: string;
  /** Hosts whose pictures of people are shown. */
  readonly avatarHosts?: readonly string[];
}

/** How the server is shown that we may enter: with a token for the room, if we have one. */
export interface Access {
  token(room: string): Promise<string | null>;
}

/** Who is logged in with an organisation's account; `known` is false until the server has said so. */
export interface OrganisationState {
  readonly known: boolean;
  readonly required: boolean; // nobody enters without
  readonly user: { readonly id: string; readonly name: string; readonly avatar: string | null } | null;
}

/** Why a log-in at the organisation led back without one; `ended`: there was one, and its time is over. */
export type OrganisationError = "expired" | "refused" | "forbidden" | "unavailable" | "ended";

/** Who knows who is logged in, and leads to the pages where that changes. */
export interface LogInService extends Access {
  readonly state: OrganisationState;
  /** What is wrong from the start. */
  readonly problem: OrganisationError | null;
  subscribe(listener: () => void): () => void;
  look(): Promise<void>;
  /** Leaves for the log-in, which leads back to the place (`room`, or `tenant/room`); what stands after the "#" is kept meanwhile. */
  logIn(place: string | null, fragment: string, store: Pick<Storage, "setItem"> | null): void;
  logOut(): void;
}

export type CreateMeeting = (config: MeetConfig, account: Account | null, access: Access | null) => Meeting;
