import { createHash } from "node:crypto";

export interface AttemptLimit {
  /** Attempts that may come at once. */
  burst: number;
  /** After how many ms one more attempt is allowed. */
  refillMs: number;
  /** Keys watched at most; beyond it the key seen longest ago is forgotten. */
  maximumKeys: number;
  /** How many of one key may wait for the outcome of others. Default: none. */
  maximumWaiting?: number;
}

/** A user name may have 65,535 bytes, and 20,000 of those would be more than a gigabyte: longer keys are watched by their hash. */
const KEY_LENGTH_MAX = 256;

/** Below so many keys nobody looks for those that can be forgotten. */
const SWEEP_AT = 1024;

/** An attempt whose outcome others may wait for: `end` must be called. */
export interface HeldAttempt {
  end(isFailure: boolean): void;
}

interface Bucket {
  attempts: number;
  updatedAtMs: number;
  /** Attempts whose outcome is not known yet. */
  held: number;
  /** Made by the first one. */
  waiting: Set<() => void> | undefined;
}

/**
 * Counts failed attempts per key in buckets that refill with time. An attempt is taken before the credentials are looked at, so that a
 * hundred guesses in flight at once count a hundred; whoever finds none left waits while some of those in flight may still turn out to be
 * right: a crowd of good clients that comes at once is no guesser. Memory is bounded whatever keys a peer invents.
 */
export class AttemptLimiter {
  readonly #limit: AttemptLimit;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = SWEEP_AT;
  /** The key seen last: it is at the end already. */
  #newest: string | undefined;

  constructor(limit: AttemptLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * Takes one attempt; false when none is left.
   *
   * @param before When another one was taken of a key that is not watched yet; NaN for none.
   */
  take(key: string, before: number = Number.NaN): boolean {
    const bucket = this.#bucket(key, before);
    if (bucket.attempts < 1) return false;
    bucket.attempts--;
    return true;
  }

  /** The same for one that others may wait for; undefined when none is left, `busy` when too many wait already. */
  async hold(key: string, signal: AbortSignal): Promise<HeldAttempt | "busy" | undefined> {
    const bucket = this.#bucket(key);
    while (bucket.attempts < 1) {
      if (bucket.held === 0 || signal.aborted) return undefined;
      if ((bucket.waiting?.size ?? 0) >= (this.#limit.maximumWaiting ?? 0)) return "busy";
      await oneEnded(bucket, signal);
      this.#refill(bucket);
    }
    bucket.attempts--;
    bucket.held++;
    return { end: (isFailure) => this.#end(bucket, isFailure) };
  }

  /** Keys watched now. */
  get size(): number {
    return this.#buckets.size;
  }

  #end(bucket: Bucket, isFailure: boolean): void {
    bucket.held--;
    if (!isFailure) this.#giveBack(bucket);
    // Nothing is left that they could wait for.
    else if (bucket.held === 0) for (const wake of bucket.waiting ?? []) wake();
  }

  #giveBack(bucket: Bucket): void {
    bucket.attempts = Math.min(this.#limit.burst, bucket.attempts + 1);
    for (const wake of bucket.waiting ?? []) {
      wake();
      return;
    }
  }

  /** Whether less than all attempts of the key may be left. */
  watches(key: string): boolean {
    return this.#buckets.has(shortKey(key));
  }

  #bucket(given: string, before: number = Number.NaN): Bucket {
    const key = shortKey(given);
    const known = this.#buckets.get(key);
    const bucket = known ?? this.#newBucket(before);
    this.#refill(bucket);
    if (key === this.#newest) return bucket;
    this.#newest = key;
    if (known === undefined) this.#makeRoom();
    else this.#buckets.delete(key);
    if (this.#buckets.size >= this.#limit.maximumKeys) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #newBucket(before: number): Bucket {
    const { burst } = this.#limit;
    if (Number.isNaN(before)) return { attempts: burst, updatedAtMs: this.#now(), held: 0, waiting: undefined };
    return { attempts: burst - 1, updatedAtMs: before, held: 0, waiting: undefined };
  }

  #refill(bucket: Bucket): void {
    const nowMs = this.#now();
    bucket.attempts = Math.min(this.#limit.burst, bucket.attempts + (nowMs - bucket.updatedAtMs) / this.#limit.refillMs);
    bucket.updatedAtMs = nowMs;
  }

  /**
   * Forgets buckets that are full again, which say no more than none would: of clients that come once in a while none stays. They are
   * looked for only when there are twice as many as were left the last time.
   */
  #makeRoom(): void {
    if (this.#buckets.size < this.#sweepAt) return;
    for (const [key, bucket] of this.#buckets) {
      this.#refill(bucket);
      if (bucket.attempts === this.#limit.burst && bucket.held === 0) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#buckets.size * 2);
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}

function shortKey(key: string): string {
  return key.length > KEY_LENGTH_MAX ? createHash("sha256").update(key).digest("base64") : key;
}

/** Resolves when somebody in flight has ended, or the one who waits is gone. */
function oneEnded(bucket: Bucket, signal: AbortSignal): Promise<void> {
  const waiting = (bucket.waiting ??= new Set());
  return new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    signal.addEventListener("abort", wake, { once: true });
    waiting.add(wake);
  });
}
