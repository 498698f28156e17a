import { createHash, timingSafeEqual } from "node:crypto";

const PRINTED = "[redacted]";

/**
 * A value that must never be printed: a password, a token, a key. A template, JSON and the logger print `[redacted]`,
 * `console.log` only the name of the class (its field is private), so a log line written in a hurry leaks nothing. Only
 * `reveal()` gives the value.
 */
export class Secret<T extends string | Uint8Array = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it where the value is used, never to pass it on. */
  reveal(): T {
    return this.#value;
  }

  /** Takes the same time for every other value. */
  equals(other: Secret<T>): boolean {
    return timingSafeEqual(hash(this.#value), hash(other.#value));
  }

  toString(): string {
    return PRINTED;
  }

  toJSON(): string {
    return PRINTED;
  }
}

function hash(value: string | Uint8Array): Buffer {
  return createHash("sha256").update(value).digest();
}
