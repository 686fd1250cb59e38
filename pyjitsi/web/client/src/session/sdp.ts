/**
 * Between Jingle and the browser's SDP. We are always the answerer: the remote description is written from the focus's
 * offer, with one m-line for each source of ours (microphone, camera, screen) and one for each source of others.
 */

import type { LocalTransport, MediaDescription, Offer } from "./jingle";
import type { RemoteSource } from "./sources";

export const MICROPHONE = 0;
export const CAMERA = 1;
export const SCREEN = 2;

export interface LocalSource {
  readonly name: string;
  readonly kind: "audio" | "video";
  readonly videoType: "camera" | "desktop" | undefined;
  readonly msid: string;
  readonly ssrcs: readonly number[];
  readonly groups: readonly { readonly semantics: "SIM" | "FID"; readonly ssrcs: readonly number[] }[];
}

/** An m-line for others' media; a source that ended leaves it free for the next of its kind. */
export interface Slot {
  readonly kind: "audio" | "video";
  source: RemoteSource | null;
}

/** Gives each source its m-line: known ones keep theirs, new ones take a free one or a new one. */
export function assignSlots(slots: readonly Slot[], sources: readonly RemoteSource[]): Slot[] {
  const wanted = new Map(sources.map((source) => [source.name, source]));
  const next = slots.map((slot): Slot => {
    const same = slot.source === null ? undefined : wanted.get(slot.source.name);
    const kept = same !== undefined && same.ssrcs.join() === slot.source?.ssrcs.join();
    if (kept) wanted.delete(same.name);
    return { kind: slot.kind, source: kept ? same : null };
  });
  for (const source of wanted.values()) {
    const free = next.find(
      (slot, index) => slot.kind === source.kind && slot.source === null && slots[index]?.source === null,
    );
    if (free === undefined) next.push({ kind: source.kind, source });
    else free.source = source;
  }
  return next;
}

/** What we would send first: a browser sends the first of the list. */
function ordered(media: MediaDescription, preferred: readonly string[]): MediaDescription["codecs"] {
  const place = (name: string) => preferred.indexOf(name.toLowerCase()) + 1 || Number.POSITIVE_INFINITY;
  const first = media.codecs.filter((codec) => preferred.includes(codec.name.toLowerCase()));
  first.sort((a, b) => place(a.name) - place(b.name));
  return [...first, ...media.codecs.filter((codec) => !first.includes(codec))];
}

function section(
  offer: Offer,
  mid: number,
  kind: "audio" | "video",
  direction: string,
  source: RemoteSource | null,
  preferred: readonly string[],
): string[] {
  const codecs = ordered(offer[kind], preferred);
  const { transport } = offer;
  const lines = [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map((codec) => codec.id).join(" ")}`,
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    `a=${direction}`,
    "a=rtcp-mux",
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.pwd}`,
    `a=fingerprint:${transport.fingerprint.hash} ${transport.fingerprint.value}`,
    "a=setup:actpass",
    ...(mid === 0 ? transport.candidates.map((candidate) => `a=candidate:${candidate}`) : []),
  ];
  for (const codec of codecs) {
    lines.push(
      `a=rtpmap:${codec.id} ${codec.name}/${codec.clockrate}${codec.channels > 1 ? `/${codec.channels}` : ""}`,
    );
    if (codec.parameters !== "") lines.push(`a=fmtp:${codec.id} ${codec.parameters}`);
    for (const feedback of codec.feedback) lines.push(`a=rtcp-fb:${codec.id} ${feedback}`);
  }
  for (const extension of offer[kind].extensions) lines.push(`a=extmap:${extension.id} ${extension.uri}`);
  if (source !== null) {
    const msid = `${source.name} ${source.name}-track`;
    lines.push(`a=msid:${msid}`);
    if (source.ssrcs.length === 2) lines.push(`a=ssrc-group:FID ${source.ssrcs.join(" ")}`);
    for (const ssrc of source.ssrcs) lines.push(`a=ssrc:${ssrc} cname:${source.owner}`, `a=ssrc:${ssrc} msid:${msid}`);
  }
  return lines;
}

/** The remote description, with the video codecs that we would send, best first. */
export function buildRemote(
  offer: Offer,
  slots: readonly Slot[],
  version: number,
  preferred: readonly string[],
): string {
  const own = (["audio", "video", "video"] as const).map((kind, mid) =>
    section(offer, mid, kind, "recvonly", null, preferred),
  );
  const others = slots.map(({ kind, source }, index) =>
    section(offer, own.length + index, kind, source === null ? "inactive" : "sendonly", source, preferred),
  );
  const sections = [...own, ...others];
  const session = [
    "v=0",
    `o=- 1923518516 ${version} IN IP4 0.0.0.0`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${sections.map((_, mid) => mid).join(" ")}`,
    "a=extmap-allow-mixed",
    "a=msid-semantic: WMS *",
  ];
  return `${[...session, ...sections.flat()].join("\r\n")}\r\n`;
}

/** Splits SDP into its session part and its media sections. */
export function sectionsOf(sdp: string): { session: string; media: string[] } {
  const [session = "", ...media] = sdp.split(/(?=^m=)/m);
  return { session, media };
}

function attribute(text: string, name: string): string {
  return new RegExp(`^a=${name}:(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
}

/** The SSRCs of simulcast: low, middle, high, and the RTX of each; kept for the life of a session. */
export interface SimulcastSsrcs {
  readonly primary: readonly number[];
  readonly rtx: readonly number[];
}

function ssrc(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
}

function ownSsrcs(section: string): { primary: number | null; rtx: number | null } {
  const [, first, second] = /^a=ssrc-group:FID (\d+) (\d+)/m.exec(section) ?? [];
  if (first !== undefined) return { primary: Number(first), rtx: Number(second) };
  const [, only] = /^a=ssrc:(\d+)/m.exec(section) ?? [];
  return { primary: only === undefined ? null : Number(only), rtx: null };
}

/** Writes three layers into the camera's section of our answer (the form that bridges understand: SSRC groups). */
export function withSimulcast(
  sdp: string,
  known: SimulcastSsrcs | null,
): { sdp: string; ssrcs: SimulcastSsrcs | null } {
  const { session, media } = sectionsOf(sdp);
  const camera = media[CAMERA];
  if (camera === undefined || !/^a=sendonly/m.test(camera)) return { sdp, ssrcs: known };
  const own = ownSsrcs(camera);
  if (own.primary === null || /^a=simulcast:/m.test(camera)) return { sdp, ssrcs: known };
  const ssrcs = known ?? {
    primary: [own.primary, ssrc(), ssrc()],
    rtx: own.rtx === null ? [] : [own.rtx, ssrc(), ssrc()],
  };
  const cname = /^a=ssrc:\d+ cname:(.*)$/m.exec(camera)?.[1]?.trim() ?? "pyjitsi";
  const msid = attribute(camera, "msid") || "- camera";
  const kept = camera.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("a=ssrc"));
  const groups = [`a=ssrc-group:SIM ${ssrcs.primary.join(" ")}`];
  ssrcs.rtx.forEach((repair, index) => {
    groups.push(`a=ssrc-group:FID ${ssrcs.primary[index]} ${repair}`);
  });
  const lines = [...ssrcs.primary, ...ssrcs.rtx].flatMap((each) => [
    `a=ssrc:${each} cname:${cname}`,
    `a=ssrc:${each} msid:${msid}`,
  ]);
  media[CAMERA] = `${[...kept, ...groups, ...lines].join("\r\n")}\r\n`;
  return { sdp: session + media.join(""), ssrcs };
}

/** What we send, read from our answer. `sending` says which of our m-lines are in use. */
export function localSources(sdp: string, endpoint: string, sending: readonly boolean[]): LocalSource[] {
  const { media } = sectionsOf(sdp);
  const names = [`${endpoint}-a0`, `${endpoint}-v0`, `${endpoint}-v1`];
  return names.flatMap((name, mid): LocalSource[] => {
    const text = media[mid];
    if (text === undefined || sending[mid] !== true || !/^a=send(only|recv)/m.test(text)) return [];
    const groups = [...text.matchAll(/^a=ssrc-group:(SIM|FID) ([\d ]+)/gm)].map((match) => ({
      semantics: match[1] as "SIM" | "FID",
      ssrcs: (match[2] ?? "").trim().split(" ").map(Number),
    }));
    const ssrcs = [...new Set([...text.matchAll(/^a=ssrc:(\d+)/gm)].map((match) => Number(match[1])))];
    if (ssrcs.length === 0) return [];
    const kind = mid === MICROPHONE ? "audio" : "video";
    const videoType = mid === MICROPHONE ? undefined : mid === CAMERA ? "camera" : "desktop";
    return [{ name, kind, videoType, msid: `${name}-stream ${name}-track`, ssrcs, groups }];
  });
}

/** Our half of the transport, from our answer. */
export function localTransport(sdp: string): LocalTransport {
  const [hash = "", fingerprint = ""] = attribute(sdp, "fingerprint").split(" ");
  return { ufrag: attribute(sdp, "ice-ufrag"), pwd: attribute(sdp, "ice-pwd"), hash, fingerprint };
}
