/** The token (JWT) in the page's address, and how it reaches the server: beside the room, in the stream's address. */

import type { MeetConfig } from "./api";

/** The token of `#jwt="…"`, or of `?jwt=…`; null where there is none. */
export function tokenOf(address: { hash: string; search: string }): string | null {
  for (const text of [address.hash.slice(1), address.search.slice(1)]) {
    const found = new URLSearchParams(text).get("jwt")?.replace(/^"(.*)"$/, "$1");
    if (found) return found;
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // an address may hold a percent sign that encodes nothing
  }
}

/** The configuration with stream addresses that carry the token, if there is one. */
export function withToken(config: MeetConfig, address: { hash: string; search: string; pathname: string }): MeetConfig {
  const token = tokenOf(address);
  if (token === null) return config;
  const room = decoded(address.pathname.split("/").at(-1) ?? "");
  const query = new URLSearchParams({ room: room.normalize("NFKC").toLowerCase(), token }).toString();
  const carry = (url: string): string => `${url}${url.includes("?") ? "&" : "?"}${query}`;
  return {
    ...config,
    ...(config.websocket === undefined ? {} : { websocket: carry(config.websocket) }),
    ...(config.bosh === undefined ? {} : { bosh: carry(config.bosh) }),
  };
}
