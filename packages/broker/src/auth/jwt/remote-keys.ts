import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";

/** A kid that nobody knows asks for the set anew, but not more often than this: tokens are the peer's to invent. A silence is not pressed either. */
const COOLDOWN_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;
/** So long after their time keys go on to be believed when their address does not answer: its outage must not be ours at once. */
const STALE_MS = 3_600_000;

/** The keys of a JSON Web Key Set at an address: kept for a time, asked for again after it, and for a key that nobody knows. */
export class RemoteKeys {
  readonly #set: ReturnType<typeof createRemoteJWKSet>;
  readonly #refreshMs: number;
  readonly #now: () => number;
  #got = -Infinity;
  #asked = -Infinity;

  constructor(address: string, refreshSeconds: number, now: () => number = () => performance.now()) {
    // It asks for the first set by itself, and for all further ones when it is told.
    this.#set = createRemoteJWKSet(new URL(address), {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cooldownDuration: Infinity,
      cacheMaxAge: Infinity,
    });
    this.#refreshMs = refreshSeconds * 1_000;
    this.#now = now;
  }

  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    await this.#keepFresh();
    try {
      return await this.#set(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || (this.#isTooSoon() && !this.#set.reloading)) throw error;
      await this.#reload();
      return this.#set(header, token);
    }
  };

  async #keepFresh(): Promise<void> {
    const age = this.#now() - this.#got;
    if (age < this.#refreshMs) return;
    const mayBeStale = age < this.#refreshMs + STALE_MS;
    const isUnanswered = this.#asked > this.#got;
    if (mayBeStale && isUnanswered && this.#isTooSoon()) return;
    await this.#reload().catch((error: unknown) => {
      if (!mayBeStale) throw error;
    });
  }

  #isTooSoon(): boolean {
    return this.#now() - this.#asked < COOLDOWN_MS;
  }

  /** Whoever comes while it is asked waits for the same answer. */
  async #reload(): Promise<void> {
    this.#asked = this.#now();
    await this.#set.reload();
    this.#got = this.#now();
  }
}
