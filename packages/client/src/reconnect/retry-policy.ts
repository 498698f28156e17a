import type { ErrorCode, RetryClass, Stage } from "@bowline/protocol";
import type { ReconnectOptions } from "../options.ts";

/**
 * Decides after each failed attempt and each lost connection whether and when to try again. Pure: time and chance are passed
 * in. One object lives as long as the client; `reconnect()` by the user starts it anew.
 */
export class RetryPolicy {
  /** Failed attempts and losses since the last stable connection. */
  failures = 0;
  private readonly options: Required<Omit<ReconnectOptions, "delay">> & Pick<ReconnectOptions, "delay">;
  private readonly random: () => number;
  /** Whether a connection ever came about: what worked once is tried again where a first attempt would give up. */
  wasOnline = false;
  /** When the latest takeovers were, in ms of the clock. */
  private takeovers: number[] = [];
  /** Failures in a row that time alone does not mend. */
  private loops = 0;

  constructor(options: ReconnectOptions, random: () => number) {
    this.options = {
      firstDelayMs: 2000,
      baseDelayMs: 4000,
      maximumDelayMs: 60_000,
      stableAfterMs: 30_000,
      maximumTakeovers: 3,
      maximumAttempts: Number.POSITIVE_INFINITY,
      ...options,
    };
    this.random = random;
  }

  /** CONNACK came. */
  connected(): void {
    this.wasOnline = true;
  }

  /** A connection ended after that many ms: if it was stable, the delays begin anew. */
  lost(ageMs: number): void {
    if (ageMs < this.options.stableAfterMs) return;
    this.failures = 0;
    this.loops = 0;
  }

  /** Forgets everything but the options. */
  restart(): void {
    this.failures = 0;
    this.loops = 0;
    this.takeovers = [];
  }

  /** Ms until the next attempt, or undefined to give up. Counts the failure. */
  next(failure: RetryInput, now: number): number | undefined {
    this.failures++;
    return this.mayRetry(failure, now) && this.failures < this.options.maximumAttempts ? this.delay(failure) : undefined;
  }

  private mayRetry({ retry, code, stage, hasNewCredentials }: RetryInput, now: number): boolean {
    this.loops = retry === "loop-guard" ? this.loops + 1 : 0;
    if (code === "TAKEOVER") return !this.isTakenOverAgain(now);
    // A machine without a network knows no names; who has been connected waits for it.
    if (retry === "loop-guard") return this.loops < MAXIMUM_LOOPS || (stage === "dns" && this.wasOnline);
    if (retry === "new-credentials") return hasNewCredentials;
    if (retry === "never") return false;
    // A faulty proxy or a certificate that ran out is mended some day; who has been connected comes back by itself then.
    return retry !== "new-input" || hasNewCredentials || this.wasOnline;
  }

  private isTakenOverAgain(now: number): boolean {
    const { maximumTakeovers } = this.options;
    this.takeovers = this.takeovers.filter((at) => now - at < TAKEOVER_WINDOW_MS);
    this.takeovers.push(now);
    return maximumTakeovers > 0 && this.takeovers.length >= maximumTakeovers;
  }

  /**
   * The first delay is short and spread over its whole range, so that a herd cut at once does not come back at once; each
   * further one doubles, and half of it is chance.
   */
  private delay({ retryAfterMs }: RetryInput): number {
    const { delay, firstDelayMs, baseDelayMs, maximumDelayMs } = this.options;
    const least = retryAfterMs ?? 0;
    if (delay !== undefined) return Math.max(least, delay(this.failures));
    if (this.failures <= 1) return Math.max(least, this.random() * firstDelayMs);
    const ceiling = Math.min(maximumDelayMs, baseDelayMs * 2 ** (this.failures - 2));
    return Math.max(least, ceiling * (0.5 + this.random() / 2));
  }
}

/** What the policy needs to know of a failure. */
export interface RetryInput {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly retry: RetryClass;
  /** A credentials callback exists and has not answered with the refused ones again. */
  readonly hasNewCredentials: boolean;
  /** The server asked for at least this delay. */
  readonly retryAfterMs?: number | undefined;
}

const TAKEOVER_WINDOW_MS = 60_000;
const MAXIMUM_LOOPS = 3;
