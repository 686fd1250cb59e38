/** The part of the seam that is about breakout rooms: small rooms beside the main one, made by its moderators. */

export interface BreakoutPerson {
  readonly id: string; // participant id, the same in every room
  readonly name: string;
  readonly moderator: boolean;
}

export interface BreakoutRoom {
  readonly id: string;
  readonly name: string; // "" for the main room
  readonly main: boolean;
  readonly here: boolean; // whether it is the one that we are in
  readonly people: readonly BreakoutPerson[];
}

export interface Breakouts {
  readonly supported: boolean;
  /** The main room first; empty while there are no breakout rooms. */
  readonly rooms: readonly BreakoutRoom[];
  /** When everybody is brought back, ms since the epoch; null without a timer. */
  readonly endsAt: number | null;
  /** Whether people who are no moderators choose their room themselves. */
  readonly freeChoice: boolean;
}

/** A room to be made, and who is sent there. */
export interface PlannedRoom {
  readonly name: string;
  readonly people: readonly string[]; // participant ids
  /** Names of people who are sent there when they come; compared without regard to case and spaces. */
  readonly expected: readonly string[];
}

/** `join` is everybody's, the rest moderators'; the server refuses others. */
export interface BreakoutControls {
  /** Goes into a room; the main room's id leads back. */
  join(id: string): void;
  /** Makes rooms, and sends people there as soon as they exist. */
  open(plan: readonly PlannedRoom[]): void;
  rename(id: string, name: string): void;
  /** Takes a room away; who is inside is sent back to the main room. */
  remove(id: string): void;
  removeAll(): void;
  move(person: string, id: string): void;
  /** Brings everybody back after so many seconds; 0 takes the timer away. */
  setTimer(seconds: number): void;
  /** Says something in every room. */
  broadcast(text: string): void;
  /** Brings everybody back now; the rooms stay for another time. */
  returnAll(): void;
  setFreeChoice(on: boolean): void;
}

export const NO_BREAKOUTS: Breakouts = { supported: false, rooms: [], endsAt: null, freeChoice: true };

/** A name as it is compared: "Ana  Lima" and "ana lima" are one. */
export function sameName(name: string): string {
  return name.trim().replace(/\s+/g, " ").toLocaleLowerCase();
}
