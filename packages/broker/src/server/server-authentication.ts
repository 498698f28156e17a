import { AnonymousMethod } from "../auth/anonymous-method.ts";
import { AttemptGuard } from "../auth/attempt-guard.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import type { AuthenticatorContext, OpenAuthenticator } from "../auth/authenticator-kind.ts";
import { type AuthenticatorConfig, doubledMethod, openAuthenticator, secretsOf } from "../auth/authenticator-kinds.ts";
import { AuthenticatorByTenant } from "../auth/authenticator-by-tenant.ts";
import type { Authenticator, EnhancedMethod } from "../auth/authenticator.ts";
import { UserMethod } from "../auth/user-method.ts";
import { TOKEN_METHOD, type TokenMethod } from "../auth/token-method.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { type Link, Links } from "./links.ts";
import type { Staged } from "./staged.ts";

export interface StagedChain extends Staged {
  readonly chain: Authenticator;
}

/** The chain of authenticators. */
export class ServerAuthentication {
  readonly #context: AuthenticatorContext;
  readonly #tokens: TokenMethod;
  readonly #given: readonly EnhancedMethod[];
  /** Outlives the chains, so that a reload forgets no failure. */
  readonly #guard: AttemptGuard = new AttemptGuard();
  readonly #links: Links<AuthenticatorConfig, OpenAuthenticator>;

  /** @param given Authentication Methods of whoever embeds the broker, beside those of the configuration. */
  constructor(context: AuthenticatorContext, tokens: TokenMethod, given: readonly EnhancedMethod[] = []) {
    this.#context = context;
    this.#tokens = tokens;
    this.#given = given;
    this.#links = new Links({ open: (config) => openAuthenticator(config, context), secrets: secretsOf });
  }

  /** @throws MqttError of the kinds, and CONFIG_INVALID for two that claim one Authentication Method */
  async stage({ authentication, anonymous }: BrokerConfig): Promise<StagedChain> {
    const names = [TOKEN_METHOD, ...this.#given.map(({ name }) => name)];
    const doubled = doubledMethod(authentication, names);
    if (doubled !== undefined) throw doubled.error;
    const staged = await this.#links.stage(authentication);
    const commit = (): void => {
      staged.commit();
      this.#context.users.scramIterations = scramIterationsOf(staged.next);
    };
    const chain = new AuthenticatorByTenant(this.#chainOf(staged.next, anonymous), this.#chainOfOthers(staged.next));
    return { chain, commit, undo: () => staged.undo() };
  }

  close(): void {
    this.#links.close();
  }

  /** The users of a tenant may log in with their password whatever the configuration says of those of `default`. */
  #chainOfOthers(links: readonly Link<AuthenticatorConfig, OpenAuthenticator>[]): AuthenticatorChain {
    const own = links.filter(({ config }) => OF_EACH_TENANT.has(config.kind));
    const { users, hasher, logger } = this.#context;
    const methods = own.flatMap(({ open }) => open.method ?? []);
    if (!own.some(({ config }) => config.kind === "password")) methods.push(new UserMethod(users, hasher));
    const enhanced = own.flatMap(({ open }) => open.enhanced ?? []);
    return new AuthenticatorChain([this.#tokens, ...methods], logger, [this.#tokens.enhanced, ...enhanced], this.#guard);
  }

  #chainOf(links: readonly Link<AuthenticatorConfig, OpenAuthenticator>[], anonymous: boolean): AuthenticatorChain {
    const methods = links.flatMap(({ open }) => open.method ?? []);
    const enhanced = links.flatMap(({ open }) => open.enhanced ?? []);
    const all = [this.#tokens, ...methods, ...(anonymous ? [new AnonymousMethod()] : [])];
    const methodsByName = [this.#tokens.enhanced, ...this.#given, ...enhanced];
    return new AuthenticatorChain(all, this.#context.logger, methodsByName, this.#guard);
  }
}

/** Links that know a client by what its own tenant has: its users, and the authorities of its clients' certificates. */
const OF_EACH_TENANT: ReadonlySet<string> = new Set(["password", "scram", "certificate"]);

/** Where no link offers SCRAM no keys are made. */
function scramIterationsOf(links: readonly { config: AuthenticatorConfig }[]): number | undefined {
  for (const { config } of links) if (config.kind === "scram") return config.iterations;
  return undefined;
}
