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
  private readonly hasOwnDelays: boolean;
  private readonly random: () => number;
  /** Whether a connection ever came about: what worked once is tried again where a first attempt would give up. */
  wasOnline = false;
  /** When the latest takeovers were, in ms of the clock. */
  private takeovers: number[] = [];
  /** Connections in a row that ended as if taken over: when. */
  private suspected: number[] = [];
  /** Failures in a row that time alone does not mend. */
  private loops = 0;

  constructor(options: ReconnectOptions, random: () => number) {
    const { delay, firstDelayMs, baseDelayMs, maximumDelayMs } = options;
    this.hasOwnDelays = [delay, firstDelayMs, baseDelayMs, maximumDelayMs].some((one) => one !== undefined);
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
    this.takeovers = this.suspected = [];
  }

  /**
   * A connection or an attempt ended, `isSilent` as if another client had taken the session over. True once that happened so often
   * in a row within a minute that it is one. What was cut by a reset, or was refused meanwhile, tells of a bad line instead; and
   * whoever chose delays of his own, which may be short, is not judged by a guess.
   */
  suspects(isSilent: boolean, now: number): boolean {
    const { maximumTakeovers } = this.options;
    this.suspected = isSilent && !this.hasOwnDelays ? [...recent(this.suspected, now), now] : [];
    const isTakeover = maximumTakeovers > 0 && this.suspected.length >= maximumTakeovers;
    if (isTakeover) this.takeovers = this.suspected;
    return isTakeover;
  }

  /** Ms until the next attempt, or undefined to give up. Counts the failure. */
  next(failure: RetryInput, now: number): number | undefined {
    this.failures++;
    return this.mayRetry(failure, now) && this.failures < this.options.maximumAttempts
      ? Math.max(failure.retryAfterMs ?? 0, this.delay())
      : undefined;
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
    this.takeovers = [...recent(this.takeovers, now), now];
    return maximumTakeovers > 0 && this.takeovers.length >= maximumTakeovers;
  }

  /**
   * The first delay is short and spread over its whole range, so that a herd cut at once does not come back at once; each
   * further one doubles, and half of it is chance.
   */
  private delay(): number {
    const { delay, firstDelayMs, baseDelayMs, maximumDelayMs } = this.options;
    if (delay !== undefined) return delay(this.failures);
    if (this.failures <= 1) return this.random() * firstDelayMs;
    // Two clients that take turns must meet again soon enough to notice it.
    const exponent = this.suspected.length > 0 ? 0 : this.failures - 2;
    return Math.min(maximumDelayMs, baseDelayMs * 2 ** exponent) * (0.5 + this.random() / 2);
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

function recent(times: readonly number[], now: number): number[] {
  return times.filter((at) => now - at < TAKEOVER_WINDOW_MS);
}
const MAXIMUM_LOOPS = 3;
