import { randomBytes } from "node:crypto";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { Secret } from "../log/secret.ts";
import type { AuthenticationMethod, AuthRequest, AuthResult, EnhancedMethod } from "./authenticator.ts";
import { AuthReasonCode, refuse } from "./authenticator.ts";

/** The user name that goes with a token. No user of the directory can have it, since it begins with `$`. */
const TOKEN_USERNAME = "$console";
/** The Authentication Method that takes a token too, and a later one on the open connection. */
export const TOKEN_METHOD = "BOWLINE-CONSOLE";
/** Long enough to connect, and to reconnect after a blink; the console asks for another one before every attempt, and before it ends. */
const TOKEN_LIFE_MS = 5 * 60_000;
const ISSUER = "bowline";
const AUDIENCE = "bowline-console";
/** Far more than a token of ours has. */
const TOKEN_LENGTH_MAX = 2_048;

export interface IssuedToken {
  username: string;
  token: Secret;
  /** Wall time in ms. */
  expiresAt: number;
}

/** Of a sign-in, which must still be one when its token is used. */
interface TokenClaims extends JWTPayload {
  tenant: string;
  signIn?: string;
}

/**
 * JSON Web Tokens of five minutes for the console's own MQTT connection: whoever is signed in gets one from the admin API and connects
 * with it, so that a page never holds a user's password. Each is for one tenant, and worth nothing when the browser that it was made for
 * is signed out. The key is the process's, as the sign-ins are: no token outlives either.
 */
export class TokenMethod implements AuthenticationMethod {
  readonly enhanced: EnhancedMethod;
  readonly #key: Uint8Array = randomBytes(32);
  /** Wall time in ms: tokens of that tenant that were made before are none any more. */
  readonly #revoked = new Map<string, number>();
  readonly #isSignedIn: (signIn: string) => boolean;
  readonly #wallTime: () => number;

  constructor(isSignedIn: (signIn: string) => boolean = () => false, wallTime: () => number = Date.now) {
    this.#isSignedIn = isSignedIn;
    this.#wallTime = wallTime;
    this.enhanced = {
      name: TOKEN_METHOD,
      begin: (request) => ({ next: (data) => this.#verify(data, request.tenant) }),
    };
  }

  /** @param signIn The browser that it is for; without it the token lives its five minutes. */
  async issue(tenant: string, signIn?: string): Promise<IssuedToken> {
    const now = this.#wallTime();
    const expiresAt = now + TOKEN_LIFE_MS;
    const claims = { tenant, ...(signIn === undefined ? {} : { signIn }) };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(TOKEN_USERNAME)
      .setIssuedAt(now / 1_000)
      .setExpirationTime(expiresAt / 1_000)
      .sign(this.#key);
    return { username: TOKEN_USERNAME, token: new Secret(token), expiresAt };
  }

  /** The tenant goes: nobody of a later one of that name gets in with them. */
  revokeAll(tenant: string): void {
    const now = this.#wallTime();
    for (const [name, at] of this.#revoked) if (at + TOKEN_LIFE_MS < now) this.#revoked.delete(name);
    this.#revoked.set(tenant, now);
  }

  answerNow(request: AuthRequest): "abstain" | "later" {
    return request.username === TOKEN_USERNAME ? "later" : "abstain";
  }

  async answer(request: AuthRequest): Promise<AuthResult | "abstain"> {
    return request.username === TOKEN_USERNAME ? this.#verify(request.password, request.tenant) : "abstain";
  }

  async #verify(token: Uint8Array | undefined, tenant: string): Promise<AuthResult> {
    if (token === undefined || token.length > TOKEN_LENGTH_MAX) return refused("there is none, or it is too long");
    let claims: TokenClaims;
    try {
      const { payload } = await jwtVerify<TokenClaims>(Buffer.from(token).toString("latin1"), this.#key, {
        algorithms: ["HS256"],
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: TOKEN_USERNAME,
        requiredClaims: ["exp", "iat", "tenant"],
        currentDate: new Date(this.#wallTime()),
      });
      claims = payload;
    } catch (error) {
      return refused(error instanceof Error ? error.message : "it cannot be read");
    }
    const { signIn, iat = 0, exp = 0 } = claims;
    if (claims.tenant !== tenant) return refused("it is another tenant's");
    if (iat * 1_000 <= (this.#revoked.get(tenant) ?? 0)) return refused("its tenant is not the one that it was made for");
    if (signIn !== undefined && !this.#isSignedIn(signIn)) return refused("the browser that it was made for is signed out");
    // Whoever writes the rules of the tenant.
    return { allowed: true, owner: ownerOf(signIn), expiresAt: exp * 1_000, access: { isSuperuser: true } };
  }
}

/** Whose Sessions those of a signed-in browser are: of nobody else, so that they end with it. */
export function ownerOf(signIn: string | undefined): string {
  return signIn === undefined ? TOKEN_USERNAME : `${TOKEN_USERNAME}-${signIn}`;
}

function refused(detail: string): AuthResult {
  return refuse(AuthReasonCode.BadUserNameOrPassword, `the console's token is not accepted: ${detail}`);
}
