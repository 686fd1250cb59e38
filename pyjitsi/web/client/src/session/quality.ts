/** Who is heard and how well the line is, from WebRTC's own statistics. */

import type { Quality } from "./api";

export const SPEAKING_LEVEL = 0.015;

export interface Measured {
  readonly levels: ReadonlyMap<number, number>; // SSRC to audio level 0..1
  readonly localLevel: number;
  readonly lossRatio: number;
  readonly roundTripMs: number;
}

interface Totals {
  received: number;
  lost: number;
}

/** Reads statistics; loss is counted since the last time. */
export class StatsReader {
  #before: Totals = { received: 0, lost: 0 };

  async read(pc: RTCPeerConnection): Promise<Measured> {
    const levels = new Map<number, number>();
    const now: Totals = { received: 0, lost: 0 };
    let localLevel = 0;
    let roundTripMs = 0;
    for (const report of (await pc.getStats()).values()) {
      if (report.type === "inbound-rtp") {
        now.received += report.packetsReceived ?? 0;
        now.lost += report.packetsLost ?? 0;
        if (report.kind === "audio") levels.set(report.ssrc, report.audioLevel ?? 0);
      } else if (report.type === "media-source" && report.kind === "audio") {
        localLevel = report.audioLevel ?? 0;
      } else if (report.type === "candidate-pair" && report.nominated && report.currentRoundTripTime !== undefined) {
        roundTripMs = report.currentRoundTripTime * 1000;
      }
    }
    const lost = Math.max(0, now.lost - this.#before.lost);
    const received = Math.max(0, now.received - this.#before.received);
    this.#before = now;
    return { levels, localLevel, lossRatio: lost + received === 0 ? 0 : lost / (lost + received), roundTripMs };
  }
}

/** One hundred is perfect; each percent lost and each 20 ms over 150 costs. */
export function score(measured: Pick<Measured, "lossRatio" | "roundTripMs">): number {
  return Math.max(0, Math.round(100 - measured.lossRatio * 500 - Math.max(0, measured.roundTripMs - 150) / 20));
}

export function qualityOf(points: number | undefined): Quality {
  if (points === undefined) return "unknown";
  return points >= 75 ? "good" : points >= 40 ? "fair" : "poor";
}
