import { type Attempt, type AttemptGuard, isFailedAttempt } from "./attempt-guard.ts";
import {
  type AuthenticationExchange,
  type AuthRefused,
  type AuthRequest,
  type EnhancedMethod,
  type ExchangeStep,
  isQuestion,
} from "./authenticator.ts";

/** An Authentication Method whose failures are slowed down as those of passwords are. */
export function guarded(method: EnhancedMethod, guard: AttemptGuard): EnhancedMethod {
  return { name: method.name, begin: (request) => new GuardedExchange(method.begin(request), request, guard) };
}

/** One whose client goes away in the middle has used up its attempt: it may have learned what it wanted. */
class GuardedExchange implements AuthenticationExchange {
  readonly #inner: AuthenticationExchange;
  readonly #request: AuthRequest;
  readonly #guard: AttemptGuard;
  readonly #attempts: Attempt[] = [];
  #claimed: string | undefined;

  constructor(inner: AuthenticationExchange, request: AuthRequest, guard: AttemptGuard) {
    this.#inner = inner;
    this.#request = request;
    this.#guard = guard;
    this.#claimed = request.username;
  }

  next(data: Uint8Array | undefined, signal: AbortSignal): ExchangeStep | Promise<ExchangeStep> {
    const limited = this.#attempts.length > 0 ? undefined : this.#take(this.#guard.begin(this.#request));
    if (limited !== undefined) return limited;
    const step = this.#inner.next(data, signal);
    return "then" in step ? step.then((late) => this.#settled(late)) : this.#settled(step);
  }

  #settled(step: ExchangeStep): ExchangeStep {
    if (isQuestion(step)) return this.#takeClaimed() ?? step;
    if (step.allowed || !isFailedAttempt(step)) for (const attempt of this.#attempts) attempt.giveBack();
    return step;
  }

  #takeClaimed(): AuthRefused | undefined {
    const { claimedUser } = this.#inner;
    if (claimedUser === undefined || claimedUser === this.#claimed) return undefined;
    this.#claimed = claimedUser;
    return this.#take(this.#guard.beginUser(this.#request, claimedUser));
  }

  #take(attempt: Attempt | AuthRefused): AuthRefused | undefined {
    if ("allowed" in attempt) return attempt;
    this.#attempts.push(attempt);
    return undefined;
  }
}
