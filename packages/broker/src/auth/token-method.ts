import { createHash, randomBytes } from "node:crypto";
import { Secret } from "../log/secret.ts";
import type { AuthenticationMethod, AuthRequest, AuthResult } from "./authenticator.ts";
import { AuthReasonCode, refuse } from "./authenticator.ts";

/** The user name that goes with a token. No user of the directory can have it, since it begins with `$`. */
export const TOKEN_USERNAME = "$console";
/** Long enough to connect, and to reconnect after a blink; the console asks for another one before every attempt anyway. */
const TOKEN_LIFE_MS = 5 * 60_000;
/** Tokens that live at once; beyond it the oldest ends. */
const MAXIMUM_TOKENS = 1_000;

export interface IssuedToken {
  username: string;
  token: Secret;
  /** Wall time in ms. */
  expiresAt: number;
}

/**
 * Short-lived MQTT passwords for the console: whoever is signed in as the operator gets one from the admin API and connects
 * with it, so that a page never holds a user's password. Only their hashes are kept, which also makes the look-up's time
 * independent of the token.
 */
export class TokenMethod implements AuthenticationMethod {
  readonly #tokens = new Map<string, { tenant: string; expiresAt: number }>();
  readonly #wallTime: () => number;

  constructor(wallTime: () => number = Date.now) {
    this.#wallTime = wallTime;
  }

  issue(tenant: string): IssuedToken {
    const token = randomBytes(32).toString("base64url");
    const expiresAt = this.#wallTime() + TOKEN_LIFE_MS;
    this.#forgetExpired();
    this.#tokens.set(digest(token), { tenant, expiresAt });
    return { username: TOKEN_USERNAME, token: new Secret(token), expiresAt };
  }

  /** The tenant goes: nobody of a later one of that name gets in with them. */
  revokeAll(tenant: string): void {
    for (const [key, token] of this.#tokens) if (token.tenant === tenant) this.#tokens.delete(key);
  }

  answerNow(request: AuthRequest): AuthResult | "abstain" {
    if (request.username !== TOKEN_USERNAME) return "abstain";
    const known = this.#tokens.get(digest(request.password ?? ""));
    if (!known || known.tenant !== request.tenant || known.expiresAt <= this.#wallTime()) {
      return refuse(AuthReasonCode.BadUserNameOrPassword, "unknown or expired token");
    }
    // The operator, who writes the rules.
    return { allowed: true, owner: TOKEN_USERNAME, access: { isSuperuser: true } };
  }

  answer(request: AuthRequest): Promise<AuthResult | "abstain"> {
    return Promise.resolve(this.answerNow(request));
  }

  // Tokens live equally long, so the oldest stand first.
  #forgetExpired(): void {
    for (const [key, { expiresAt }] of this.#tokens) {
      if (expiresAt > this.#wallTime() && this.#tokens.size < MAXIMUM_TOKENS) return;
      this.#tokens.delete(key);
    }
  }
}

function digest(token: string | Uint8Array): string {
  return createHash("sha256").update(token).digest("base64");
}
