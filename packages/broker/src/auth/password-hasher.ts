import { isUtf8 } from "node:buffer";
import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import { isForeignHash, verifyForeignHash } from "./import/foreign-hash.ts";
import { hashOf } from "./scram/scram-keys.ts";
import { Turnstile } from "./turnstile.ts";

/**
 * Argon2id as OWASP asks for at least: 19 MiB and two passes (RFC 9106 names the parameters). More passes would let fewer
 * clients a second in after a restart; the strength against guessing comes from generated passwords first.
 */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** What checking a password came to. `busy`: the queue is full; `aborted`: the one who asked is gone. */
export type Verification = "match" | "mismatch" | "busy" | "aborted";

export interface PasswordHasherOptions {
  /** Hashes computed at once; see `hashConcurrency` for the default. */
  concurrency?: number;
  /**
   * Checks that may wait, 512 by default: four to five seconds of work on two threads (17 ms each), so that whoever gets in
   * line is still answered within its connect time-out. One more is answered `busy`.
   */
  maximumQueued?: number;
}

/**
 * Computes and checks password hashes, a few at once and in order of arrival. Hashing runs on libuv's pool, which also
 * writes the store and reads files: unbounded, a reconnecting crowd would stop the acknowledgements of everybody.
 */
export class PasswordHasher {
  readonly #turnstile: Turnstile;
  readonly #maximumQueued: number;

  constructor(options: PasswordHasherOptions = {}) {
    const concurrency = options.concurrency ?? hashConcurrency(availableParallelism(), process.env["UV_THREADPOOL_SIZE"]);
    this.#turnstile = new Turnstile(concurrency, Number.POSITIVE_INFINITY);
    this.#maximumQueued = options.maximumQueued ?? 512;
  }

  /** The PHC string of a new password. Waits its turn, but is never refused: only operators set passwords. */
  async hash(password: string | Uint8Array): Promise<string> {
    await this.#turnstile.enter();
    try {
      return await hash(password, ARGON2ID);
    } finally {
      this.#turnstile.leave();
    }
  }

  /**
   * Checks a password against a PHC string. `isKnown` is asked again when the turn comes: of a thousand devices which share a
   * user and come at once, the first is hashed, and the others need not be. Rejects when the string is no PHC string.
   */
  async verify(passwordHash: string, password: Uint8Array, signal?: AbortSignal, isKnown?: () => boolean): Promise<Verification> {
    if (this.#turnstile.waiting >= this.#maximumQueued) return "busy";
    if ((await this.#turnstile.enter(signal)) !== "inside") return "aborted";
    try {
      if (isKnown?.()) return "match";
      return (await matches(passwordHash, password)) ? "match" : "mismatch";
    } finally {
      this.#turnstile.leave();
    }
  }
}

/** Against one of ours, or one that was imported and not yet replaced. */
async function matches(passwordHash: string, password: Uint8Array): Promise<boolean> {
  if (isForeignHash(passwordHash)) return verifyForeignHash(passwordHash, password);
  // Ours are of texts, and Argon2's binding takes no other bytes: those are wrong, and take as long to be.
  const isText = isUtf8(password);
  return (await verify(hashOf(passwordHash), isText ? password : "")) && isText;
}

/**
 * How many hashes may run at once: one processor stays free for the event loop, and half of libuv's pool for the store
 * (four hashes on a pool of four slowed durable acknowledgements fifteen-fold).
 */
export function hashConcurrency(processors: number, threadPoolSize: string | undefined): number {
  // libuv's own reading of the variable: 4 when absent, at most 1024.
  const pool = Math.min(Number.parseInt(threadPoolSize ?? "", 10) || 4, 1024);
  return Math.max(1, Math.min(processors - 1, Math.floor(pool / 2)));
}
