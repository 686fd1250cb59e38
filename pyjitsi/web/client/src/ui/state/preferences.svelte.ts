/** What this device remembers between visits: name, devices, muted choices and recent rooms. */

import type { DeviceChoice } from "../../session/api";

export interface RecentRoom {
  readonly room: string;
  readonly at: number; // ms since the epoch
}

interface Stored {
  readonly name: string;
  readonly devices: DeviceChoice;
  readonly audioMuted: boolean;
  readonly videoMuted: boolean;
  readonly recent: readonly RecentRoom[];
  readonly groups: readonly RoomGroups[];
}

/** The list of names by which a room was split last time. */
interface RoomGroups {
  readonly room: string;
  readonly text: string;
}

const KEY = "pyjitsi.preferences";
const RECENT_ROOMS = 8;
const LONGEST_GROUPS = 10_000;
const NOTHING: Stored = { name: "", devices: {}, audioMuted: false, videoMuted: false, recent: [], groups: [] };

/** The part of localStorage that is needed; a private window may refuse all of it. */
export type Store = Pick<Storage, "getItem" | "setItem">;

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function parseDevices(value: unknown): DeviceChoice {
  if (typeof value !== "object" || value === null) return {};
  const { audioInput, videoInput, audioOutput } = value as Record<string, unknown>;
  const chosen = { audioInput: text(audioInput), videoInput: text(videoInput), audioOutput: text(audioOutput) };
  return Object.fromEntries(Object.entries(chosen).filter(([, id]) => id !== undefined));
}

function parseRecent(value: unknown): RecentRoom[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (entry: unknown): entry is RecentRoom =>
      typeof entry === "object" &&
      entry !== null &&
      typeof (entry as RecentRoom).room === "string" &&
      Number.isFinite((entry as RecentRoom).at),
  );
}

function parseGroups(value: unknown): RoomGroups[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (entry: unknown): entry is RoomGroups =>
      typeof entry === "object" &&
      entry !== null &&
      typeof (entry as RoomGroups).room === "string" &&
      typeof (entry as RoomGroups).text === "string",
  );
}

/** Reads what an earlier visit, an older version or a tinkering visitor left behind; what makes no sense is dropped. */
export function parseStored(json: string | null): Stored {
  let value: unknown;
  try {
    value = JSON.parse(json ?? "null");
  } catch {
    return NOTHING;
  }
  if (typeof value !== "object" || value === null) return NOTHING;
  const { name, devices, audioMuted, videoMuted, recent, groups } = value as Record<string, unknown>;
  return {
    name: text(name) ?? "",
    devices: parseDevices(devices),
    audioMuted: audioMuted === true,
    videoMuted: videoMuted === true,
    recent: parseRecent(recent).slice(0, RECENT_ROOMS),
    groups: parseGroups(groups).slice(0, RECENT_ROOMS),
  };
}

export class Preferences {
  #stored: Stored = $state.raw(NOTHING);

  constructor(private readonly store: Store | null) {
    try {
      this.#stored = parseStored(store?.getItem(KEY) ?? null);
    } catch {
      this.#stored = NOTHING;
    }
  }

  get name(): string {
    return this.#stored.name;
  }

  get devices(): DeviceChoice {
    return this.#stored.devices;
  }

  get audioMuted(): boolean {
    return this.#stored.audioMuted;
  }

  get videoMuted(): boolean {
    return this.#stored.videoMuted;
  }

  /** Rooms visited on this device, the latest first. */
  get recent(): readonly RecentRoom[] {
    return this.#stored.recent;
  }

  update(change: Partial<Omit<Stored, "recent" | "groups">>): void {
    this.#save({ ...this.#stored, ...change });
  }

  /** Puts a room at the head of the recent ones. `at` is in milliseconds since the epoch. */
  visited(room: string, at: number): void {
    const others = this.#stored.recent.filter((entry) => entry.room !== room);
    this.#save({ ...this.#stored, recent: [{ room, at }, ...others].slice(0, RECENT_ROOMS) });
  }

  /** The list by which a room was split into breakout rooms last time, "" where there was none. */
  groupsOf(room: string): string {
    return this.#stored.groups.find((entry) => entry.room === room)?.text ?? "";
  }

  keepGroups(room: string, text: string): void {
    const others = this.#stored.groups.filter((entry) => entry.room !== room);
    const kept = { room, text: text.slice(0, LONGEST_GROUPS) };
    this.#save({ ...this.#stored, groups: [kept, ...others].slice(0, RECENT_ROOMS) });
  }

  forget(room: string): void {
    this.#save({ ...this.#stored, recent: this.#stored.recent.filter((entry) => entry.room !== room) });
  }

  forgetAll(): void {
    this.#save({ ...this.#stored, recent: [] });
  }

  #save(stored: Stored): void {
    this.#stored = stored;
    try {
      this.store?.setItem(KEY, JSON.stringify(stored));
    } catch {
      // Storage is full or refused: the visit goes on with what is in memory.
    }
  }
}
