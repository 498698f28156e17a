import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { StoredUser } from "../storage/storage.ts";

/** How long a verified password is remembered: long enough for a crowd that reconnects, short enough for a stolen core dump. */
const REMEMBERED_MS = 10 * 60_000;
/** About 300 bytes each. When full the oldest is forgotten, which costs its user one more hash. */
const MAXIMUM_REMEMBERED = 50_000;

interface Remembered {
  user: StoredUser;
  mac: Buffer;
  expiresAtMs: number;
}

/**
 * Passwords that were verified a short while ago, as HMAC-SHA-256 under a key that only this process has: a reconnect then
 * costs microseconds in place of an Argon2id hash. Failures are never remembered. An entry belongs to one `StoredUser`
 * object, and a change of the user makes a new object, so no change can be missed.
 */
export class RememberedPasswords {
  readonly #key = randomBytes(32);
  readonly #entries = new Map<string, Remembered>();
  readonly #now: () => number;
  readonly #maximum: number;

  constructor(now: () => number, maximum: number = MAXIMUM_REMEMBERED) {
    this.#now = now;
    this.#maximum = maximum;
  }

  remember(user: StoredUser, password: Uint8Array): void {
    const key = entryKey(user);
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maximum) this.#forgetOldest();
    this.#entries.set(key, { user, mac: this.#mac(key, password), expiresAtMs: this.#now() + REMEMBERED_MS });
  }

  /** True when this password was verified for this user lately. False says nothing about the password. */
  matches(user: StoredUser, password: Uint8Array): boolean {
    const key = entryKey(user);
    const entry = this.#entries.get(key);
    if (!entry) return false;
    if (entry.user !== user || entry.expiresAtMs <= this.#now()) {
      this.#entries.delete(key);
      return false;
    }
    return timingSafeEqual(entry.mac, this.#mac(key, password));
  }

  #mac(key: string, password: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(key).update("\0").update(password).digest();
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}

// Neither a tenant's nor a user's name can hold a NUL [MQTT-1.5.4-2], so the key is unambiguous.
function entryKey(user: StoredUser): string {
  return `${user.tenant}\0${user.username}`;
}
