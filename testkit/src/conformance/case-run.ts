import { type ConformanceCase, NotApplicable } from "./case.ts";
import { ConformanceFailure } from "./wire/conformance-failure.ts";

export interface CaseResult {
  readonly id: string;
  readonly title: string;
  readonly outcome: "passed" | "failed" | "not applicable";
  readonly durationMs: number;
  /** Why it failed or does not apply. */
  readonly reason?: string;
  /** Packets of all connections of the case in their order; of a failure. */
  readonly transcript?: readonly string[];
}

/** What a run makes for each case, and ends after it. */
export interface CaseResources<Context> {
  readonly context: Context;
  readonly transcript: readonly string[];
  end(): Promise<void>;
}

/**
 * Runs cases side by side: they share no topics and no identifiers, and those that wait for protocol time would add up to
 * minutes one after the other.
 */
export class CaseRun<Context> {
  private readonly make: (one: ConformanceCase<Context>) => CaseResources<Context>;
  private readonly concurrency: number;
  private readonly queue: (() => void)[] = [];
  private running = 0;

  constructor(make: (one: ConformanceCase<Context>) => CaseResources<Context>, concurrency = 64) {
    this.make = make;
    this.concurrency = concurrency;
  }

  all(cases: readonly ConformanceCase<Context>[]): Promise<CaseResult[]> {
    return Promise.all(cases.map((one) => this.one(one)));
  }

  async one(one: ConformanceCase<Context>): Promise<CaseResult> {
    await this.turn();
    const start = performance.now();
    const resources = this.make(one);
    const { id, title } = one;
    try {
      await one.run(resources.context);
      return { id, title, outcome: "passed", durationMs: performance.now() - start };
    } catch (error) {
      const durationMs = performance.now() - start;
      if (error instanceof NotApplicable) return { id, title, outcome: "not applicable", durationMs, reason: error.message };
      return { id, title, outcome: "failed", durationMs, reason: reasonOf(error), transcript: [...resources.transcript] };
    } finally {
      await resources.end();
      this.running--;
      this.queue.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    if (this.running >= this.concurrency) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.running++;
  }
}

/** A fault of the kit itself, or a refused connect, is shown with where it came from. */
function reasonOf(error: unknown): string {
  if (error instanceof ConformanceFailure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
