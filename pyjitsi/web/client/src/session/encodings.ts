/** In which layers we send a video: sizes, bit rates, and which of them somebody wants. */

import type { VideoCodec } from "./codecs";

/** What there is to send, and what is wanted of it; `streams` is 3 where the browser takes simulcast, else 1. */
export interface Wish {
  readonly codec: VideoCodec;
  readonly streams: number;
  readonly captured: number; // the smaller of width and height, as for all heights here
  readonly wanted: number; // 0: nobody watches
  readonly screen: boolean;
  readonly svc: boolean; // whether this browser puts spatial layers into one stream
}

/** As RTCRtpEncodingParameters; what is undefined is left to the browser. */
export interface Layer {
  readonly active: boolean;
  readonly maxBitrate: number;
  readonly scaleResolutionDownBy: number | undefined;
  readonly scalabilityMode: string | undefined;
}

const SCALES = [4, 2, 1] as const;
const SCREEN_BITRATE = 2_500_000;
/** Bit/s of the three sizes, as lib-jitsi-meet's. */
const BITRATES: Readonly<Record<VideoCodec, readonly [number, number, number]>> = {
  vp8: [200_000, 500_000, 1_500_000],
  vp9: [100_000, 300_000, 1_200_000],
  av1: [100_000, 300_000, 1_000_000],
  h264: [400_000, 800_000, 2_000_000],
};
const SVC_MODES = ["L1T3", "L2T3_KEY", "L3T3_KEY"] as const;

/** The largest of the three sizes that is of use: no size is sent whose lower neighbour is as much as is wanted. */
function largest(captured: number, wanted: number): 0 | 1 | 2 {
  if (wanted > captured / 2) return 2;
  return wanted > captured / 4 ? 1 : 0;
}

/** Each stream's parameters. */
export function layers({ codec, streams, captured, wanted, screen, svc }: Wish): Layer[] {
  const modern = codec === "vp9" || codec === "av1";
  const temporal = svc && codec !== "vp8" ? "L1T3" : undefined; // VP8 has its temporal layers unasked
  if (screen || streams !== SCALES.length) {
    const maxBitrate = screen ? SCREEN_BITRATE : BITRATES[codec][2];
    const one = { active: wanted > 0, maxBitrate, scaleResolutionDownBy: undefined, scalabilityMode: temporal };
    return Array.from({ length: streams }, () => one);
  }
  const top = largest(captured, wanted);
  if (svc && modern) {
    const all = {
      active: wanted > 0,
      maxBitrate: BITRATES[codec][top],
      scaleResolutionDownBy: SCALES[top],
      scalabilityMode: SVC_MODES[top],
    };
    const none = { active: false, maxBitrate: 0, scaleResolutionDownBy: undefined, scalabilityMode: undefined };
    return [all, none, none];
  }
  return SCALES.map((scale, index) => ({
    active: wanted > 0 && index <= top,
    maxBitrate: BITRATES[codec][index] ?? 0,
    scaleResolutionDownBy: scale,
    scalabilityMode: temporal,
  }));
}
