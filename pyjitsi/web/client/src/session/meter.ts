/** Measures the running call: who speaks now, and now and then how good the connection is. */

import type { Call } from "./call";
import { SPEAKING_LEVEL, StatsReader, score } from "./quality";

const LEVELS_MS = 500;
const STATS_EVERY = 10; // levels between two reports of quality

export interface MeterEvents {
  /** The ids of those who speak. */
  speaking(ids: ReadonlySet<string>): void;
  /** Our connection's quality, 0 to 100. */
  quality(points: number): void;
}

export class Meter {
  #reader = new StatsReader();
  #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;
  #before: ReadonlySet<string> = new Set();

  /** `call` answers the call of the moment, `own` our id while our microphone is on. */
  constructor(
    private readonly call: () => Call | null,
    private readonly own: () => string | null,
    private readonly events: MeterEvents,
  ) {}

  start(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#measure(), LEVELS_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    const call = this.call();
    const pc = call?.peer?.pc;
    if (!call || pc === undefined) return;
    const measured = await this.#reader.read(pc);
    const speaking = new Set<string>();
    const own = this.own();
    if (own !== null && measured.localLevel > SPEAKING_LEVEL) speaking.add(own);
    for (const source of call.sources) {
      if (source.kind === "audio" && (measured.levels.get(source.ssrcs[0] ?? 0) ?? 0) > SPEAKING_LEVEL)
        speaking.add(source.owner);
    }
    const before = this.#before;
    this.#before = speaking;
    if (speaking.size !== before.size || [...speaking].some((id) => !before.has(id))) this.events.speaking(speaking);
    this.#ticks += 1;
    if (this.#ticks % STATS_EVERY !== 0) return;
    const points = score(measured);
    call.tellStats({
      connectionQuality: points,
      jvbRTT: Math.round(measured.roundTripMs),
      packetLoss: { total: Math.round(measured.lossRatio * 100) },
    });
    this.events.quality(points);
  }
}
