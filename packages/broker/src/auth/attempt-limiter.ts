export interface AttemptLimit {
  /** Attempts that may come at once. */
  burst: number;
  /** After how many ms one more attempt is allowed. */
  refillMs: number;
  /** Keys watched at most; beyond it the key seen longest ago is forgotten. */
  maximumKeys: number;
}

interface Bucket {
  attempts: number;
  updatedAtMs: number;
}

/** Counts failed attempts per key in buckets that refill with time. Memory is bounded whatever keys a peer invents. */
export class AttemptLimiter {
  readonly #limit: AttemptLimit;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: AttemptLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * Takes one attempt; false when none is left. It is taken before the password is checked, so that a hundred guesses in
   * flight at once count a hundred; `giveBack` returns it when the password was right.
   */
  take(key: string): boolean {
    const nowMs = this.#now();
    const bucket = this.#refilled(key, nowMs);
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#limit.maximumKeys) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    if (bucket.attempts < 1) return false;
    bucket.attempts--;
    return true;
  }

  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.attempts = Math.min(this.#limit.burst, bucket.attempts + 1);
  }

  /** Keys watched now. */
  get size(): number {
    return this.#buckets.size;
  }

  #refilled(key: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(key);
    if (!bucket) return { attempts: this.#limit.burst, updatedAtMs: nowMs };
    const refill = (nowMs - bucket.updatedAtMs) / this.#limit.refillMs;
    bucket.attempts = Math.min(this.#limit.burst, bucket.attempts + refill);
    bucket.updatedAtMs = nowMs;
    return bucket;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
