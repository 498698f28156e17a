import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Secret } from "../log/secret.ts";

/** A link is for whoever sits at the terminal now. */
const LINK_LIFE_MS = 15 * 60_000;
/** A working day. */
const SESSION_LIFE_MS = 12 * 60 * 60_000;
/** More signed-in browsers than this means something is wrong; the oldest is signed out. */
const MAXIMUM_SESSIONS = 100;

/**
 * Who may act as the operator over the network: the holder of the operator key, and browsers that were signed in by a
 * single-use link or by that key. Only hashes are kept, so that comparing takes the same time for every guess and a dump of
 * the memory shows no token. The operator is neither a tenant's administrator nor an MQTT user.
 */
export class OperatorAccess {
  readonly #keyHash: Buffer;
  readonly #links = new Map<string, number>();
  readonly #sessions = new Map<string, number>();
  readonly #wallTime: () => number;

  constructor(operatorKey: Secret, wallTime: () => number = Date.now) {
    this.#keyHash = sha256(operatorKey.reveal());
    this.#wallTime = wallTime;
  }

  /** A token that signs one browser in, once, within 15 minutes. */
  makeLinkToken(): Secret {
    return new Secret(this.#issue(this.#links, LINK_LIFE_MS));
  }

  isOperatorKey(candidate: string): boolean {
    return timingSafeEqual(sha256(candidate), this.#keyHash);
  }

  /** The cookie of a new session for a link's token, which is used up, or for the operator key; undefined for anything else. */
  signIn(candidate: string): Secret | undefined {
    const isLink = this.#isLive(this.#links, candidate);
    this.#links.delete(nameOf(candidate));
    if (!isLink && !this.isOperatorKey(candidate)) return undefined;
    return new Secret(this.#issue(this.#sessions, SESSION_LIFE_MS));
  }

  isSession(candidate: string): boolean {
    return this.#isLive(this.#sessions, candidate);
  }

  signOut(candidate: string): void {
    this.#sessions.delete(nameOf(candidate));
  }

  #issue(table: Map<string, number>, lifeMs: number): string {
    const token = randomBytes(32).toString("base64url");
    for (const [name, expiresAt] of table) {
      if (expiresAt > this.#wallTime() && table.size < MAXIMUM_SESSIONS) break;
      table.delete(name);
    }
    table.set(nameOf(token), this.#wallTime() + lifeMs);
    return token;
  }

  #isLive(table: ReadonlyMap<string, number>, token: string): boolean {
    return (table.get(nameOf(token)) ?? 0) > this.#wallTime();
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function nameOf(token: string): string {
  return sha256(token).toString("base64");
}
