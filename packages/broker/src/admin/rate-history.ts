import type { BrokerStats } from "./broker-view.ts";

/** Counters whose growth per second is worth a chart. */
const RATES = [
  "connectionsAccepted",
  "connectionsRefused",
  "messagesReceived",
  "messagesSent",
  "messagesDropped",
  "bytesReceived",
  "bytesSent",
] as const;
export type RateName = (typeof RATES)[number];

/** The broker over one interval. */
export interface RateSample {
  /** Wall time in ms at its end. */
  at: number;
  /** Connections at its end. */
  connections: number;
  /** Growth per second. */
  rates: Record<RateName, number>;
}

/** One sample a second; five minutes fill a chart. */
const MAXIMUM_SAMPLES = 300;

/** Turns counters into rates and keeps the last five minutes. It owns no timer: whoever has one calls `sample`. */
export class RateHistory {
  readonly #samples: RateSample[] = [];
  readonly #listeners = new Set<(sample: RateSample) => void>();
  #last: { stats: BrokerStats; nowMs: number };

  constructor(stats: BrokerStats, nowMs: number) {
    this.#last = { stats: { ...stats }, nowMs };
  }

  /** Oldest first. */
  get samples(): readonly RateSample[] {
    return this.#samples;
  }

  /** Is told each sample until the function it gets back is called. */
  listen(listener: (sample: RateSample) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** `nowMs` is monotonic and measures the interval, `wallTime` names it. */
  sample(stats: BrokerStats, nowMs: number, wallTime: number): void {
    const seconds = (nowMs - this.#last.nowMs) / 1_000;
    if (seconds <= 0) return;
    const { stats: last } = this.#last;
    const rates = Object.fromEntries(RATES.map((name) => [name, (stats[name] - last[name]) / seconds])) as Record<RateName, number>;
    const sample = { at: wallTime, connections: stats.connections, rates };
    this.#last = { stats: { ...stats }, nowMs };
    this.#samples.push(sample);
    if (this.#samples.length > MAXIMUM_SAMPLES) this.#samples.shift();
    for (const listener of this.#listeners) listener(sample);
  }
}
