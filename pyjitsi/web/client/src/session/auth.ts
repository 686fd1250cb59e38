/** What we show the server of ourselves: a token (JWT), out of the page's address or of a log-in (`account.ts`). */

import type { Access } from "./api";

/** What a token says to us, who can't judge it: when it ends (ms since the epoch), and of whom it is. */
export interface Claims {
  readonly ends: number | null;
  readonly user: { readonly id: string; readonly name: string; readonly avatar: string | null };
}

/** The token of `#jwt="…"`, or of `?jwt=…`; null where there is none. */
export function tokenOf(address: { hash: string; search: string }): string | null {
  for (const text of [address.hash.slice(1), address.search.slice(1)]) {
    const found = new URLSearchParams(text).get("jwt")?.replace(/^"(.*)"$/, "$1");
    if (found) return found;
  }
  return null;
}

/** Reads a token; null for what is none. */
export function claimsOf(token: string): Claims | null {
  try {
    const body = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
    const found = JSON.parse(new TextDecoder().decode(bytes)) as {
      exp?: unknown;
      context?: { user?: Record<string, unknown> };
    };
    const user = found.context?.user ?? {};
    const text = (value: unknown): string => (typeof value === "string" ? value : "");
    return {
      ends: typeof found.exp === "number" ? found.exp * 1000 : null,
      user: { id: text(user.id), name: text(user.name).trim().slice(0, 80), avatar: text(user.avatar) || null },
    };
  } catch {
    return null;
  }
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
