import {
  type AuthenticationExchange,
  type Authenticator,
  AuthReasonCode,
  type AuthRequest,
  type AuthResult,
  type EnhancedMethod,
  type ExchangeStep,
  isQuestion,
  refuse,
} from "./authenticator.ts";
import type { Ban, BanCandidate, BanList } from "./ban-list.ts";

/**
 * Refuses those who are banned with 0x8A: by address and Client Identifier before anybody is asked about them, so that their guesses
 * cost nothing, and by owner once it is known who they are.
 */
export class BanningAuthenticator implements Authenticator {
  readonly #inner: Authenticator;
  readonly #bans: BanList;

  constructor(inner: Authenticator, bans: BanList) {
    this.#inner = inner;
    this.#bans = bans;
  }

  authenticateNow(request: AuthRequest): AuthResult | undefined {
    const ban = this.#bans.find(candidateOf(request, undefined));
    if (ban !== undefined) return refused(ban);
    const result = this.#inner.authenticateNow(request);
    return result === undefined ? undefined : this.#checked(request, result);
  }

  async authenticate(request: AuthRequest, signal: AbortSignal): Promise<AuthResult> {
    return this.#checked(request, await this.#inner.authenticate(request, signal));
  }

  enhancedMethod(name: string, tenant: string): EnhancedMethod | undefined {
    const method = this.#inner.enhancedMethod?.(name, tenant);
    if (method === undefined) return undefined;
    return { name, begin: (request) => this.#exchange(method, request) };
  }

  #exchange(method: EnhancedMethod, request: AuthRequest): AuthenticationExchange {
    const ban = this.#bans.find(candidateOf(request, undefined));
    if (ban !== undefined) return { next: () => refused(ban) };
    const inner = method.begin(request);
    const checked = (step: ExchangeStep): ExchangeStep => (isQuestion(step) ? step : this.#checked(request, step));
    return {
      next: (data, signal) => {
        const step = inner.next(data, signal);
        return "then" in step ? step.then(checked) : checked(step);
      },
    };
  }

  #checked<T extends ExchangeStep & { allowed: boolean }>(request: AuthRequest, result: T): T | AuthResult {
    if (!result.allowed) return result;
    const { owner } = result as T & { owner: string };
    const ban = this.#bans.find(candidateOf(request, owner));
    return ban === undefined ? result : refused(ban);
  }
}

function candidateOf({ tenant, clientIdentifier, remoteAddress }: AuthRequest, owner: string | undefined): BanCandidate {
  return { tenant, clientIdentifier, remoteAddress, owner };
}

function refused({ kind, value }: Ban): AuthResult {
  return refuse(AuthReasonCode.Banned, `the ${kind} ${JSON.stringify(value)} is banned`);
}
