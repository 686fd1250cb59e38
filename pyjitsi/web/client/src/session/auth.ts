/** What we show the server of ourselves: a token (JWT), out of the page's address or of a log-in (`account.ts`). */

import type { Access } from "./api";

/** The token of `#jwt="…"`, or of `?jwt=…`; null where there is none. */
export function tokenOf(address: { hash: string; search: string }): string | null {
  for (const text of [address.hash.slice(1), address.search.slice(1)]) {
    const found = new URLSearchParams(text).get("jwt")?.replace(/^"(.*)"$/, "$1");
    if (found) return found;
  }
  return null;
}

/** A token that somebody else gave us for this visit, whatever the room. */
export function given(token: string): Access {
  return { token: async () => token };
}

/** The room as the server is told of it: which one a stream is for it reads out of the stream's address. */
function spoken(room: string): string {
  return room.normalize("NFKC").toLowerCase();
}

/** The address of a stream, with the room, and with what else is known (`token`, `previd`). */
export function streamUrl(base: string, room: string, more: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams({ room: spoken(room) });
  for (const [name, value] of Object.entries(more)) if (value !== null) query.set(name, value);
  // Spaces as %20: the server decodes no plus sign in a query.
  return `${base}${base.includes("?") ? "&" : "?"}${query.toString().replaceAll("+", "%20")}`;
}
