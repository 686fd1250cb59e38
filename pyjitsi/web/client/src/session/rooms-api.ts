/**
 * The part of the seam that is about rooms: who may enter, who may speak, who is in which breakout room.
 *
 * The server enforces all of it; the interface offers what it would allow, and says why it offers no more.
 */

export type Medium = "audio" | "video" | "desktop";
export const MEDIA: readonly Medium[] = ["audio", "video", "desktop"];

/** A line of the chat between a knocker and the moderators. */
export interface LobbyMessage {
  readonly id: string;
  readonly local: boolean;
  readonly name: string;
  readonly text: string;
  readonly at: number; // ms since the epoch
}

/**
 * Where somebody stands who is not inside yet.
 *
 * - `name`: the room wants to know who knocks
 * - `password`: the room has one
 * - `knocking`: in the lobby, until a moderator decides
 * - `host`: no host is there yet; it goes on by itself
 * - `account`: only people with an account come in
 * - `busy`: many enter at once; it goes on by itself
 */
export interface Entry {
  readonly kind: "name" | "password" | "knocking" | "host" | "account" | "busy";
  readonly name: string;
  /** What became of the last password that was tried. */
  readonly password: "none" | "checking" | "wrong";
  readonly messages: readonly LobbyMessage[];
  /** Somebody who waits for the host may be the host, and log in. */
  readonly canLogIn: boolean;
}

/** Somebody in the lobby, as moderators see them. */
export interface Knocker {
  readonly id: string;
  readonly name: string;
  readonly since: number; // ms since the epoch
  readonly messages: readonly LobbyMessage[];
}

/** What moderators may change about the room, and what the server can do at all. */
export interface Security {
  readonly lobbySupported: boolean;
  readonly lobby: boolean;
  readonly password: boolean;
  /** The password, where we set it ourselves; the server tells nobody. */
  readonly passwordSet: string | null;
  readonly moderationSupported: boolean;
  readonly moderated: Readonly<Record<Medium, boolean>>;
  readonly policySupported: boolean; // start muted, and who may chat
  readonly startMuted: { readonly audio: boolean; readonly video: boolean };
  readonly restricted: Readonly<Record<Restriction, boolean>>;
  readonly pollsSupported: boolean;
  readonly endSupported: boolean;
}

/** What moderators may keep for themselves; keys of the room metadata's `permissions`. */
export const RESTRICTIONS = [
  "groupChatRestricted",
  "privateChatRestricted",
  "reactionsRestricted",
  "pollCreationRestricted",
  "breakoutSelfJoinRestricted",
] as const;
export type Restriction = (typeof RESTRICTIONS)[number];

/**
 * Whether we may use each of our media now: where a room is moderated, only who was allowed to. And whether we may write
 * to everyone, write to people who are no moderators, and ask the room something.
 */
export type Allowed = Readonly<Record<Medium | "groupChat" | "privateChat" | "polls", boolean>>;

/** How long somebody was the dominant speaker. `since`, ms since the epoch, where it goes on now. */
export interface SpeakerTime {
  readonly id: string;
  readonly name: string;
  readonly ms: number;
  readonly since: number | null;
}

export interface Voter {
  readonly id: string;
  readonly name: string;
}

export interface Poll {
  readonly id: string;
  readonly question: string;
  readonly by: Voter;
  readonly answers: readonly { readonly name: string; readonly voters: readonly Voter[] }[];
}

export interface PollControls {
  ask(question: string, answers: readonly string[]): void;
  /** Our answer: for each of the poll's, whether it is ours. */
  vote(id: string, answers: readonly boolean[]): void;
}

/** What happened to us, or to all, that no snapshot shows. `by` is a display name, "" where nobody is known. */
export type News =
  | { readonly kind: "muted"; readonly medium: Medium; readonly by: string }
  | { readonly kind: "allowed" | "stopped"; readonly medium: Medium }
  | { readonly kind: "asked"; readonly medium: Medium; readonly by: string }
  | { readonly kind: "moderated" | "unmoderated"; readonly medium: Medium; readonly by: string }
  | { readonly kind: "hand-lowered"; readonly by: string }
  | { readonly kind: "promoted" | "demoted" }
  | { readonly kind: "knock"; readonly id: string; readonly name: string }
  | { readonly kind: "lobby-message"; readonly id: string; readonly name: string; readonly text: string }
  | { readonly kind: "admitted" | "refused"; readonly name: string; readonly by: string }
  | { readonly kind: "lobby-on" | "lobby-off"; readonly by: string }
  | { readonly kind: "chat-refused" }
  | { readonly kind: "moved"; readonly room: string; readonly main: boolean }
  | { readonly kind: "move-refused" | "service-refused" }
  | { readonly kind: "breakouts-ending"; readonly seconds: number }
  | { readonly kind: "poll"; readonly by: string; readonly question: string }
  | { readonly kind: "announcement"; readonly by: string; readonly text: string };

export const NO_SECURITY: Security = {
  lobbySupported: false,
  lobby: false,
  password: false,
  passwordSet: null,
  moderationSupported: false,
  moderated: { audio: false, video: false, desktop: false },
  policySupported: false,
  startMuted: { audio: false, video: false },
  restricted: Object.fromEntries(RESTRICTIONS.map((each) => [each, false])) as Record<Restriction, boolean>,
  pollsSupported: false,
  endSupported: false,
};
export const ALL_ALLOWED: Allowed = {
  audio: true,
  video: true,
  desktop: true,
  groupChat: true,
  privateChat: true,
  polls: true,
};

/** How somebody outside gets in. */
export interface EntranceControls {
  /** Gives the name that the room asks for, and knocks. */
  knock(name: string): void;
  /** Tries a password; what came of it is in `entry.password`. */
  tryPassword(password: string): void;
  /** Writes to the moderators. */
  say(text: string): void;
  /** Asks for the host's room again at once, as after a log-in. */
  retry(): void;
}

/** What moderators do with people and the room. Those that return promises reject with a MeetingError. */
export interface ModeratorControls {
  admit(ids: readonly string[]): void;
  refuse(ids: readonly string[]): void;
  sayToKnocker(id: string, text: string): void;
  setLobby(on: boolean): Promise<void>;
  /** Sets the room's password, or takes it away with null. */
  setPassword(password: string | null): Promise<void>;
  setModerated(medium: Medium, on: boolean): void;
  setStartMuted(audio: boolean, video: boolean): void;
  setRestricted(restriction: Restriction, on: boolean): void;
  /** Lets somebody use a medium in a moderated room, or asks them to in another. */
  allow(id: string, medium: Medium): void;
  disallow(id: string, medium: Medium): void;
  mute(id: string, medium: Medium): Promise<void>;
  /** Mutes everybody else but other moderators. */
  muteAll(medium: Medium): Promise<void>;
  lowerHand(id: string): void;
  kick(id: string): Promise<void>;
  /** Removes somebody who can't come back while the meeting lasts. */
  ban(id: string): Promise<void>;
  setModerator(id: string, moderator: boolean): Promise<void>;
  endForAll(): void;
}
