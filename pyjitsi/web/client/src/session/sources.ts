/** Sources of others, as the focus signals them: in Jitsi's compact JSON, or in the long form of XEP-0339. */

import { NS } from "./namespaces";
import { child, children } from "./xml";

export interface RemoteSource {
  readonly owner: string;
  readonly name: string;
  readonly kind: "audio" | "video";
  readonly desktop: boolean;
  readonly msid: string;
  readonly ssrcs: readonly number[]; // primary first, then its RTX
}

interface Signalled {
  readonly owner: string;
  readonly kind: "audio" | "video";
  readonly ssrc: number;
  readonly name: string;
  readonly msid: string;
  readonly desktop: boolean;
}

const BRIDGE = "jvb";
/** What may stand in our SDP: nothing that could end its line. */
const SAFE = /^[\w.-]{1,128}$/;

/** One entry a source name; the bridge's own sources are left out. */
function gather(signalled: readonly Signalled[], repairs: ReadonlyMap<number, number>): RemoteSource[] {
  const repairing = new Set(repairs.values());
  const found = new Map<string, RemoteSource>();
  for (const each of signalled) {
    if (!SAFE.test(each.name) || !SAFE.test(each.owner) || !Number.isInteger(each.ssrc)) continue;
    if (each.owner === BRIDGE || repairing.has(each.ssrc) || found.has(each.name)) continue;
    const rtx = repairs.get(each.ssrc);
    const ssrcs = rtx === undefined ? [each.ssrc] : [each.ssrc, rtx];
    found.set(each.name, { ...each, ssrcs });
  }
  return [...found.values()];
}

type CompactSource = { s?: unknown; n?: unknown; m?: unknown; v?: unknown };

/** Reads `<json-message/>`'s text; unreadable text is no sources. */
export function parseCompact(text: string): RemoteSource[] {
  let owners: Record<string, unknown>;
  try {
    const body = JSON.parse(text) as { sources?: Record<string, unknown> };
    owners = body.sources ?? {};
  } catch {
    return [];
  }
  const signalled: Signalled[] = [];
  const repairs = new Map<number, number>();
  for (const [owner, lists] of Object.entries(owners)) {
    const [video, groups, audio] = (Array.isArray(lists) ? lists : []).map((list: unknown) =>
      Array.isArray(list) ? list : [],
    );
    for (const [kind, members] of [
      ["video", video],
      ["audio", audio],
    ] as const) {
      for (const each of (members ?? []) as (CompactSource | null)[]) {
        const ssrc = Number(each?.s ?? Number.NaN);
        const name = String(each?.n ?? `${owner}-${kind === "audio" ? "a" : "v"}0`);
        signalled.push({ owner, kind, ssrc, name, msid: String(each?.m ?? ""), desktop: each?.v === "d" });
      }
    }
    for (const group of groups ?? []) {
      if (Array.isArray(group) && group[0] === "f") repairs.set(Number(group[1]), Number(group[2]));
    }
  }
  return gather(signalled, repairs);
}

/** Reads the `<source/>`s in a Jingle action's contents. */
export function parseLong(jingle: Element): RemoteSource[] {
  const signalled: Signalled[] = [];
  const repairs = new Map<number, number>();
  for (const content of children(jingle, "content")) {
    const description = child(content, "description", NS.rtp);
    const media = description?.getAttribute("media") ?? content.getAttribute("name");
    if (description === null || (media !== "audio" && media !== "video")) continue;
    for (const source of children(description, "source", NS.ssma)) {
      const owner = (child(source, "ssrc-info")?.getAttribute("owner") ?? BRIDGE).split("/").at(-1) ?? BRIDGE;
      const msid = children(source, "parameter").find((each) => each.getAttribute("name") === "msid");
      signalled.push({
        owner,
        kind: media,
        ssrc: Number(source.getAttribute("ssrc")),
        name: source.getAttribute("name") ?? `${owner}-${media === "audio" ? "a" : "v"}0`,
        msid: msid?.getAttribute("value") ?? "",
        desktop: source.getAttribute("videoType") === "desktop",
      });
    }
    for (const group of children(description, "ssrc-group", NS.ssma)) {
      const [primary, rtx] = children(group, "source").map((each) => Number(each.getAttribute("ssrc")));
      if (group.getAttribute("semantics") === "FID" && primary !== undefined && rtx !== undefined) {
        repairs.set(primary, rtx);
      }
    }
  }
  return gather(signalled, repairs);
}

/** The sources of a Jingle action, in whichever form it has them. */
export function parseSources(jingle: Element): RemoteSource[] {
  const compact = child(jingle, "json-message", NS.jitmeet)?.textContent;
  return compact ? parseCompact(compact) : parseLong(jingle);
}
