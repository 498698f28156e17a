import { randomUUID } from "node:crypto";
import type { ErrorCode } from "@bowline/protocol";
import {
  type AnswerRules,
  type AuthorizerEvent,
  authorizerEvent,
  type AuthorizerFunction,
  authorizerParameters,
  checkAnswer,
  type CheckedAnswer,
  faultText,
  type Place,
  type PolicyContext,
  type TokenSignature,
} from "@bowline/realtime";
import {
  type AuthenticationMethod,
  AuthReasonCode,
  type AuthRefused,
  type AuthRequest,
  type AuthResult,
  refuse,
} from "../auth/authenticator.ts";
import type { Logger } from "../log/logger.ts";
import { PolicyRights, reasonOf } from "./policy-rights.ts";

/** What an authorizer is and does. */
export interface CustomAuthorizerSetting {
  /** Undefined: any name means this one. */
  readonly name: string | undefined;
  readonly isDefault: boolean;
  /** Where tokens must be signed. */
  readonly signed: { readonly tokenKeyName: string; readonly signature: TokenSignature } | undefined;
  readonly rules: AnswerRules;
  readonly place: Place;
  readonly explainRefusals: boolean;
}

/**
 * A custom authorizer of AWS IoT Core: its function is asked after CONNECT, with everything that AWS would hand to it, and its policy is
 * what the client may do. It is asked again when its answer is to be refreshed.
 */
export class CustomAuthorizerMethod implements AuthenticationMethod {
  readonly #setting: CustomAuthorizerSetting;
  readonly #function: AuthorizerFunction;
  readonly #isUser: (tenant: string, username: string) => boolean;
  readonly #logger: Logger;
  readonly #wallTime: () => number;

  /** @param isUser Whether the tenant has a user of that name: whoever names no authorizer is that user. */
  constructor(
    setting: CustomAuthorizerSetting,
    authorizer: AuthorizerFunction,
    isUser: (tenant: string, username: string) => boolean,
    logger: Logger,
    wallTime: () => number = Date.now,
  ) {
    this.#setting = setting;
    this.#function = authorizer;
    this.#isUser = isUser;
    this.#logger = logger;
    this.#wallTime = wallTime;
  }

  answerNow(request: AuthRequest): "abstain" | "later" {
    return this.#concerns(request) ? "later" : "abstain";
  }

  async answer(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain"> {
    if (!this.#concerns(request)) return "abstain";
    const token = this.#signedToken(request);
    if (typeof token === "object") return token;
    const { serverName, upgrade, clientIdentifier: clientId, username, password } = request;
    const event = authorizerEvent({ connectionId: randomUUID(), serverName, http: upgrade, clientId, username, password }, token);
    return this.#ask(request, event, signal);
  }

  async #ask(request: AuthRequest, event: AuthorizerEvent, signal: AbortSignal): Promise<AuthResult> {
    try {
      return this.#judged(request, event, await this.#function.call(event, signal));
    } catch (error) {
      // Whatever it answered: a refresh has nobody else who would hear of it.
      return this.#refused(request, "AWS_AUTHORIZER_LAMBDA", (error as Error).message);
    }
  }

  #judged(request: AuthRequest, event: AuthorizerEvent, value: unknown): AuthResult {
    const checked = checkAnswer(value, this.#setting.rules);
    if (checked.kind === "refused")
      return this.#refused(request, "NOT_AUTHORIZED", "the authorizer answers isAuthenticated: false");
    if (checked.kind === "invalid") return this.#refused(request, checked.faults[0].code, checked.faults.map(faultText).join("; "));
    for (const warning of checked.warnings) this.#logger.warn({ ...this.#whom(request) }, `the authorizer's answer: ${warning}`);
    return this.#accepted(request, event, checked.answer);
  }

  #accepted(request: AuthRequest, event: AuthorizerEvent, answer: CheckedAnswer): AuthResult {
    const { clientIdentifier } = request;
    const policy = answer.policy.bind(contextOf(request), this.#setting.place);
    const verdict = policy.decide("iot:Connect", clientIdentifier);
    if (verdict.decision !== "ALLOWED") return this.#refused(request, "AWS_NO_CONNECT", reasonOf("iot:Connect", verdict));
    return {
      allowed: true,
      // The policy guards Client Identifiers, as on AWS.
      owner: "",
      expiresAt: this.#wallTime() + answer.disconnectAfterInSeconds * 1_000,
      access: { rights: new PolicyRights(policy), attributes: { principal: answer.principalId } },
      refresh: {
        afterMs: answer.refreshAfterInSeconds * 1_000,
        again: (signal) => this.#ask(request, event, signal),
      },
    };
  }

  #concerns({ upgrade, username, tenant }: AuthRequest): boolean {
    const { name, isDefault } = this.#setting;
    const places = { queryString: upgrade?.queryString, headers: upgrade?.headers, username };
    const { name: named } = authorizerParameters(places);
    if (named !== undefined) return name === undefined || named === name;
    return isDefault && !(username !== undefined && username !== "" && this.#isUser(tenant, username));
  }

  /** Undefined where tokens are not signed. */
  #signedToken(request: AuthRequest): string | AuthRefused | undefined {
    const { signed } = this.#setting;
    if (signed === undefined) return undefined;
    const { upgrade, username } = request;
    const places = { queryString: upgrade?.queryString, headers: upgrade?.headers, username };
    const { token, signature, warnings } = authorizerParameters(places, signed.tokenKeyName);
    for (const warning of warnings) this.#logger.warn(this.#whom(request), warning);
    if (token === undefined) return this.#refused(request, "AWS_AUTHORIZER_SIG", `no token under ${signed.tokenKeyName}`);
    if (signature === undefined) return this.#refused(request, "AWS_AUTHORIZER_SIG", "no x-amz-customauthorizer-signature");
    if (signed.signature.isRight(token, signature)) return token;
    return this.#refused(request, "AWS_AUTHORIZER_SIG", "the signature is not that of the token by any of the keys");
  }

  #refused(request: AuthRequest, code: ErrorCode, detail: string): AuthRefused {
    this.#logger.warn({ ...this.#whom(request), code, detail }, "the custom authorizer lets nobody in");
    const reason = detail.startsWith(code) ? detail : `${code}: ${detail}`;
    const refused = { ...refuse(AuthReasonCode.NotAuthorized, reason), code };
    return this.#setting.explainRefusals ? { ...refused, reasonString: reason } : refused;
  }

  #whom({ tenant, clientIdentifier, remoteAddress }: AuthRequest): object {
    return { tenant, clientId: clientIdentifier, from: remoteAddress, authorizer: this.#setting.name };
  }
}

function contextOf(request: AuthRequest): PolicyContext {
  const { clientIdentifier, remoteAddress, serverName, transport, isPersistent, hasWill } = request;
  return {
    clientId: clientIdentifier,
    sourceIp: remoteAddress,
    serverName,
    isSecure: transport === "tls" || transport === "wss",
    connectAttributes: [
      ...(isPersistent === true ? (["PersistentConnect"] as const) : []),
      ...(hasWill === true ? (["LastWill"] as const) : []),
    ],
  };
}
