/** Room names: made up for a new meeting, and read out of what somebody typed or pasted. */

import { ENGLISH, PORTUGUESE } from "./words";

/** Picks a whole number in [0, below) without bias worth speaking of. */
export type Pick = (below: number) => number;

/** A pick from the browser's cryptographic generator: a room's name is what keeps strangers out of it. */
export const securePick: Pick = (below) => {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value % below;
};

/** Three words joined by hyphens, in Portuguese or else English. */
export function makeRoomName(language: string, pick: Pick = securePick): string {
  const lists = language.toLowerCase().startsWith("pt") ? PORTUGUESE : ENGLISH;
  return lists.map((words) => words[pick(words.length)] ?? words[0]).join("-");
}

/** What may not be in the name of a MUC (RFC 7622 section 3.3.1), and what would change the meaning of a URL. */
const FORBIDDEN = /["&'/:<>@?#%\\\p{Cc}]/gu;

const TENANT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}$/;

export interface Place {
  readonly tenant: string | null;
  readonly room: string; // "" for the front page
}

/** Where an address or a link leads: `/Room`, or `/tenant/Room` below the name of an organisation. */
export function readPlace(input: string): Place {
  const room = readRoomName(input);
  const path = pathOf(input.trim());
  const parts = path.split("/").filter(Boolean);
  // What somebody typed may begin with a server's name, which is no tenant.
  const tenant = path.startsWith("/") && parts.length === 2 ? (parts[0] ?? "") : "";
  return { tenant: room !== "" && TENANT.test(tenant) ? tenant : null, room };
}

function pathOf(text: string): string {
  if (!/^https?:\/\//i.test(text)) return text.replace(/[?#].*$/, "");
  try {
    return new URL(text).pathname;
  } catch {
    return "";
  }
}

/**
 * The room that was meant: by a link to this or another server, by a path, or by words with spaces.
 * Returns "" where nothing usable is left.
 */
export function readRoomName(input: string): string {
  const last = pathOf(input.trim()).split("/").filter(Boolean).pop() ?? "";
  return decode(last).trim().replace(/\s+/g, "-").replace(FORBIDDEN, "").toLowerCase().slice(0, 128);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The room name as people would write it in a heading: "calm-otter-lake" becomes "Calm otter lake". */
export function spokenRoomName(room: string): string {
  const words = room.replace(/[-_]+/g, " ").trim();
  return words === "" ? room : words.charAt(0).toLocaleUpperCase() + words.slice(1);
}
