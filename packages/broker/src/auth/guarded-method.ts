import { timeLimit } from "@bowline/realtime/internal";
import { type AttemptGuard, isFailedAttempt } from "./attempt-guard.ts";
import type { HeldAttempt } from "./attempt-limiter.ts";
import {
  type AuthenticationExchange,
  AuthReasonCode,
  type AuthRefused,
  type AuthRequest,
  type EnhancedMethod,
  type ExchangeStep,
  isQuestion,
  refuse,
} from "./authenticator.ts";

/** A client may take its time between two steps, and whoever waits for it has ten seconds in all. */
const WAIT_MS = 5_000;

/** An Authentication Method whose failures are slowed down as those of passwords are. */
export function guarded(method: EnhancedMethod, guard: AttemptGuard): EnhancedMethod {
  return { name: method.name, begin: (request) => new GuardedExchange(method.begin(request), request, guard) };
}

/**
 * While it is under way others of its user or address may wait for its outcome. One whose client goes away in the middle has used up its
 * attempt: it may have learned what it wanted.
 */
class GuardedExchange implements AuthenticationExchange {
  readonly #inner: AuthenticationExchange;
  readonly #request: AuthRequest;
  readonly #guard: AttemptGuard;
  readonly #held: HeldAttempt[] = [];
  #claimed: string | undefined;
  #isOver = false;

  constructor(inner: AuthenticationExchange, request: AuthRequest, guard: AttemptGuard) {
    this.#inner = inner;
    this.#request = request;
    this.#guard = guard;
    this.#claimed = request.username;
  }

  async next(data: Uint8Array | undefined, signal: AbortSignal): Promise<ExchangeStep> {
    const refused = this.#held.length > 0 ? undefined : this.#take(await this.#guard.hold(this.#request, forAWhile(signal)));
    if (refused !== undefined) return refused;
    const step = await this.#inner.next(data, signal);
    if (isQuestion(step)) return (await this.#takeClaimed(signal)) ?? step;
    this.#end(!step.allowed && isFailedAttempt(step));
    return step;
  }

  end(): void {
    this.#end(true);
    this.#inner.end?.();
  }

  #end(isFailure: boolean): void {
    this.#isOver = true;
    for (const held of this.#held.splice(0)) held.end(isFailure);
  }

  async #takeClaimed(signal: AbortSignal): Promise<AuthRefused | undefined> {
    const { claimedUser } = this.#inner;
    if (claimedUser === undefined || claimedUser === this.#claimed) return undefined;
    this.#claimed = claimedUser;
    const refused = this.#take(await this.#guard.holdUser(this.#request, claimedUser, forAWhile(signal)));
    if (refused !== undefined) this.#end(false);
    return refused;
  }

  #take(held: HeldAttempt | AuthRefused): AuthRefused | undefined {
    if ("allowed" in held) return held;
    this.#held.push(held);
    if (!this.#isOver) return undefined;
    this.#end(false);
    return refuse(AuthReasonCode.ServerBusy, "the client is gone");
  }
}

function forAWhile(signal: AbortSignal): AbortSignal {
  return timeLimit(WAIT_MS, signal);
}
