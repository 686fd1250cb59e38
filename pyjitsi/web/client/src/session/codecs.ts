/**
 * Which video codecs we have, and which of them everybody in the meeting has. Each client says in its presence what it
 * can show, and sends the first of its own preference that all others can.
 */

import type { MeetConfig } from "./api";

export type VideoCodec = "av1" | "vp9" | "vp8" | "h264";

const ALL: readonly VideoCodec[] = ["vp8", "vp9", "av1", "h264"];
/** Where the server prefers none: every browser sends VP8 in layers, and it costs an old laptop least. */
const DEFAULT: readonly VideoCodec[] = ALL;

/** The family of browsers, as far as its encoders differ from what it says of them. */
export interface Engine {
  /** Takes simulcast written as SSRC groups. */
  readonly simulcast: boolean;
  /** Encodes spatial layers into one stream (VP9, AV1). */
  readonly svc: boolean;
  /** Codecs that it has, but not well enough to be sent them. */
  readonly flawed: readonly VideoCodec[];
}

/** Tells engines apart by what browsers call themselves: none of this can be asked of them. */
export function engineOf(userAgent: string): Engine {
  if (userAgent.includes("Firefox/")) return { simulcast: false, svc: false, flawed: [] };
  if (/Chrom(e|ium)\//.test(userAgent)) return { simulcast: true, svc: true, flawed: [] };
  return { simulcast: true, svc: false, flawed: ["av1"] };
}

function capable(kind: { getCapabilities?: (kind: string) => RTCRtpCapabilities | null } | undefined): VideoCodec[] {
  const listed = kind?.getCapabilities?.("video")?.codecs ?? [];
  const names = new Set(listed.map((codec) => codec.mimeType.toLowerCase()));
  const found = ALL.filter((codec) => names.has(`video/${codec}`));
  return found.length === 0 ? ["vp8"] : found; // every browser has VP8 (RFC 7742)
}

/** What we can be sent; presence tells it. */
export function decodable(engine = engineOf(navigator.userAgent)): VideoCodec[] {
  return capable(globalThis.RTCRtpReceiver).filter((codec) => !engine.flawed.includes(codec));
}

/** What we would send, best first: the server's order of what we can encode, without layers last. */
export function preferred(config: MeetConfig, engine = engineOf(navigator.userAgent)): VideoCodec[] {
  const { codecPreferenceOrder, mobileCodecPreferenceOrder } = config.videoQuality ?? {};
  const wanted = (/Mobi|Android/.test(navigator.userAgent) ? mobileCodecPreferenceOrder : null) ?? codecPreferenceOrder;
  const order = wanted === undefined ? DEFAULT : wanted.map((each) => each.toLowerCase());
  const own = capable(globalThis.RTCRtpSender).filter((codec) => order.includes(codec));
  own.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const plain = own.filter((codec) => !engine.svc && (codec === "vp9" || codec === "av1"));
  return [...own.filter((codec) => !plain.includes(codec)), ...plain.filter((codec) => !engine.flawed.includes(codec))];
}

/** What of our preference all others can show; who says nothing of codecs (a recorder) is not asked. */
export function agreed(own: readonly VideoCodec[], others: Iterable<readonly string[]>): VideoCodec[] {
  const lists = [...others].filter((list) => list.length > 0);
  const common = own.filter((codec) => lists.every((list) => list.includes(codec)));
  return common.length === 0 ? ["vp8"] : common;
}
