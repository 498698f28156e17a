import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import {
  type AuthenticationMethod,
  AuthReasonCode,
  type AuthRequest,
  type AuthResult,
  type EnhancedMethod,
  refuse,
} from "../authenticator.ts";
import { fetchFault } from "../fetch-fault.ts";
import { grantedLogin } from "../granted-login.ts";
import type { JwtConfig } from "./jwt-config.ts";
import type { JwtKeys } from "./jwt-keys.ts";

/** Longer ones are no token of ours, and would cost their decoding. */
const TOKEN_LENGTH_MAX = 65_535;
const THREE_PARTS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What a claim can be compared with beside a text. */
export const CLAIM_PLACEHOLDERS: ReadonlyMap<string, (request: AuthRequest) => string | undefined> = new Map([
  ["${username}", ({ username }: AuthRequest) => username],
  ["${clientid}", ({ clientIdentifier }: AuthRequest) => clientIdentifier],
]);

/** Knows clients by a JSON Web Token in their password, user name or Authentication Data. */
export class JwtMethod implements AuthenticationMethod {
  /** The ways to bring a token as Authentication Data, and to renew it on an open connection. */
  readonly enhanced: readonly EnhancedMethod[];
  readonly #config: JwtConfig;
  readonly #keys: JwtKeys;
  readonly #wallTime: () => number;

  constructor(config: JwtConfig, keys: JwtKeys, wallTime: () => number = Date.now) {
    this.#config = config;
    this.#keys = keys;
    this.#wallTime = wallTime;
    this.enhanced = config.authenticationMethods.map((name) => ({
      name,
      begin: (request) => ({ next: (data) => this.#exchange(request, data) }),
    }));
  }

  /** What is no token, or one of another issuer, is for those behind. */
  answerNow(request: AuthRequest): "abstain" | "later" {
    return this.#isOurs(this.#tokenOf(request)) ? "later" : "abstain";
  }

  async answer(request: AuthRequest): Promise<AuthResult | "abstain"> {
    const token = this.#tokenOf(request);
    return this.#isOurs(token) ? this.#verify(token, request) : "abstain";
  }

  async #exchange(request: AuthRequest, data: Uint8Array | undefined): Promise<AuthResult> {
    const token = textOf(data);
    if (!this.#isOurs(token))
      return refuse(AuthReasonCode.BadUserNameOrPassword, "the Authentication Data is no token of the issuer");
    return this.#verify(token, request);
  }

  #tokenOf({ username, password }: AuthRequest): string | undefined {
    return this.#config.from === "username" ? username : textOf(password);
  }

  #isOurs(token: string | undefined): token is string {
    if (token === undefined || token.length > TOKEN_LENGTH_MAX || !THREE_PARTS.test(token)) return false;
    try {
      const { issuer } = this.#config;
      return issuer === undefined || decodeJwt(token).iss === issuer;
    } catch {
      return false;
    }
  }

  async #verify(token: string, request: AuthRequest): Promise<AuthResult> {
    const { issuer, audience, requireExpiry, clockToleranceSeconds } = this.#config;
    try {
      const { payload } = await jwtVerify(token, this.#keys.keyOf, {
        algorithms: [...this.#keys.algorithms],
        currentDate: new Date(this.#wallTime()),
        clockTolerance: clockToleranceSeconds,
        requiredClaims: requireExpiry ? ["exp"] : [],
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
      });
      return this.#login(payload, request);
    } catch (cause) {
      return refusalOf(cause);
    }
  }

  #login(payload: JWTPayload, request: AuthRequest): AuthResult {
    const { ownerClaim, aclClaim, verifyClaims, clockToleranceSeconds } = this.#config;
    for (const [name, template] of Object.entries(verifyClaims)) {
      const wanted = expected(template, request);
      // What neither CONNECT nor the token has does not agree either.
      if (wanted !== undefined && hasClaim(payload, name, wanted)) continue;
      return refuse(AuthReasonCode.BadUserNameOrPassword, `the token's claim "${name}" is not what it must be`);
    }
    return grantedLogin(
      {
        owner: payload[ownerClaim] === "" ? undefined : payload[ownerClaim],
        acl: payload[aclClaim],
        isSuperuser: payload["is_superuser"],
        attributes: payload["client_attrs"],
        expiresAt: payload.exp === undefined ? undefined : (payload.exp + clockToleranceSeconds) * 1_000,
      },
      request,
    );
  }
}

/** Only an audience may be one of several [RFC 7519 4.1.3]. */
function hasClaim(payload: JWTPayload, name: string, wanted: string): boolean {
  const value = payload[name];
  return value === wanted || (name === "aud" && Array.isArray(value) && value.includes(wanted));
}

/** What cannot be fetched is no fault of the client, and lets nobody in. */
function refusalOf(cause: unknown): AuthResult {
  const isTheTokens =
    cause instanceof errors.JOSEError &&
    !(cause instanceof errors.JWKSTimeout) &&
    !(cause instanceof errors.JWKSInvalid) &&
    cause.code !== "ERR_JOSE_GENERIC";
  if (!isTheTokens) return refuse(AuthReasonCode.ServerUnavailable, `the keys of tokens cannot be had (${fetchFault(cause)})`);
  return refuse(AuthReasonCode.BadUserNameOrPassword, `the token is not accepted: ${faultOfToken(cause)}`);
}

function faultOfToken(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return error.code;
  const { claim, reason } = error;
  if (reason === "missing") return `"${claim}" is missing`;
  return claim === "nbf" && reason === "check_failed" ? "it is not valid yet" : `"${claim}" is not what it must be`;
}

function expected(template: string, request: AuthRequest): string | undefined {
  const ofConnect = CLAIM_PLACEHOLDERS.get(template);
  return ofConnect === undefined ? template : ofConnect(request);
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length > TOKEN_LENGTH_MAX) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
