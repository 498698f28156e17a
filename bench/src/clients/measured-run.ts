import type { ClientRunOptions, ClientRunResult } from "./client-run-options.ts";
import { isPayloadOf, numberedPayloads, topicOf } from "./numbered-payloads.ts";

/** Messages with QoS 0 that are given to a client in one turn of the event loop. */
const PER_TURN = 1000;

/** Counts what a client does with the messages of a run; the clients' own halves are in files of their own. */
export class MeasuredRun {
  readonly options: ClientRunOptions;
  readonly payloads: readonly Buffer[] = numberedPayloads();
  readonly done: Promise<void>;
  /** Messages that were given to the client. */
  sent = 0;
  told = 0;
  faults = 0;
  private finish!: () => void;
  private cpuBefore: NodeJS.CpuUsage = { user: 0, system: 0 };
  private startedAt = 0;

  constructor(options: ClientRunOptions) {
    this.options = options;
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** Counts from now on; again after the warm-up. */
  begin(): void {
    this.startedAt = performance.now();
    this.cpuBefore = process.cpuUsage();
  }

  end(): ClientRunResult {
    const { user, system } = process.cpuUsage(this.cpuBefore);
    const seconds = (performance.now() - this.startedAt) / 1000;
    return { cpuSeconds: (user + system) / 1e6, seconds, told: this.told, faults: this.faults };
  }

  /** Messages that may be given to the client now, `outstanding` of which it has. */
  room(outstanding: number): number {
    const { count, inflight, qos } = this.options;
    return Math.min(count - this.sent, (qos === 0 ? PER_TURN : inflight) - outstanding);
  }

  /** A message was confirmed. */
  confirmed(): void {
    const { count, warm } = this.options;
    if (++this.told === count) this.finish();
    else if (this.told === warm) this.begin();
  }

  /** A message came. */
  came(topic: string, payload: Uint8Array): void {
    const isTopic = topic === topicOf(this.told, this.options.topics);
    if (!isTopic || !isPayloadOf(payload, 0, payload.length, this.told)) this.faults++;
    this.confirmed();
  }
}
