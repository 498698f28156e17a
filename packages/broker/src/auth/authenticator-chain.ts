import type { Logger } from "../log/logger.ts";
import { AttemptGuard, isFailedAttempt } from "./attempt-guard.ts";
import { AuthReasonCode, refuse } from "./authenticator.ts";
import type { AuthenticationMethod, Authenticator, AuthRequest, AuthResult, EnhancedMethod } from "./authenticator.ts";
import { guarded } from "./guarded-method.ts";

/**
 * Asks the methods in order until one lets the client in, refuses it, or fails, which refuses it too; a client that none of them knows
 * is refused. Failures are slowed down, see AttemptGuard.
 */
export class AuthenticatorChain implements Authenticator {
  readonly #methods: readonly AuthenticationMethod[];
  readonly #logger: Logger;
  readonly #guard: AttemptGuard;
  readonly #enhanced: ReadonlyMap<string, EnhancedMethod>;

  /**
   * @param enhanced Methods that clients name in CONNECT; those who name none are the others' business.
   * @param guard Give the one of the chain before, so that a reload forgets no failure.
   */
  constructor(
    methods: readonly AuthenticationMethod[],
    logger: Logger,
    enhanced: readonly EnhancedMethod[] = [],
    guard: AttemptGuard = new AttemptGuard(),
  ) {
    this.#methods = methods;
    this.#logger = logger;
    this.#guard = guard;
    this.#enhanced = new Map(enhanced.map((method) => [method.name, guarded(method, guard)]));
  }

  enhancedMethod(name: string): EnhancedMethod | undefined {
    return this.#enhanced.get(name);
  }

  authenticateNow(request: AuthRequest): AuthResult | undefined {
    for (const method of this.#methods) {
      const answer = method.answerNow(request);
      if (answer === "later") return undefined;
      if (answer !== "abstain") return answer;
    }
    return refuseStranger(request);
  }

  async authenticate(request: AuthRequest, signal: AbortSignal): Promise<AuthResult> {
    const attempt = await this.#guard.hold(request, signal);
    if ("allowed" in attempt) return attempt;
    const result = await this.#ask(request, signal);
    attempt.end(!result.allowed && isFailedAttempt(result));
    return result;
  }

  async #ask(request: AuthRequest, signal: AbortSignal): Promise<AuthResult> {
    try {
      for (const method of this.#methods) {
        const answer = await method.answer(request, signal);
        if (answer !== "abstain") return answer;
      }
      return refuseStranger(request);
    } catch (error) {
      // A method that breaks must not let anybody in, and is no fault of the client: it may come again.
      this.#logger.error(
        { error, tenant: request.tenant, clientIdentifier: request.clientIdentifier },
        "authentication failed inside",
      );
      return refuse(AuthReasonCode.ServerUnavailable, "authentication is not available");
    }
  }
}

function refuseStranger({ username, certificateFault }: AuthRequest): AuthResult {
  const reason = username === undefined ? "no user name, and anonymous clients are not allowed" : "nobody knows this user";
  const certificate = certificateFault === undefined ? "" : `; its certificate is not accepted (${certificateFault})`;
  return refuse(AuthReasonCode.NotAuthorized, reason + certificate);
}
