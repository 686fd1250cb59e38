/** Splits chat text into plain parts and web addresses, so that it can be rendered without ever parsing HTML. */

export interface TextPart {
  readonly text: string;
  readonly href: string | null;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,;:!?…]+$/;

/** Drops what ends the sentence rather than the address: punctuation, and a bracket that the address never opened. */
function trim(candidate: string): string {
  let address = candidate.replace(TRAILING, "");
  while (/[)\]}]$/.test(address)) {
    const close = address.slice(-1);
    const open = close === ")" ? "(" : close === "]" ? "[" : "{";
    if (address.split(open).length >= address.split(close).length) break;
    address = address.slice(0, -1).replace(TRAILING, "");
  }
  return address;
}

function safe(address: string): string | null {
  try {
    const url = new URL(address);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" ? url.href : null;
  } catch {
    return null;
  }
}

/** Only `http:` and `https:` become links; everything else stays text. Joining the parts' text gives the input back. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trim(match[0]);
    const href = safe(address);
    if (href === null) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null });
    parts.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}
