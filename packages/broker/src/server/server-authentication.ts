import { AnonymousMethod } from "../auth/anonymous-method.ts";
import { AttemptGuard } from "../auth/attempt-guard.ts";
import { AuthenticatorByTenant } from "../auth/authenticator-by-tenant.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import type { AuthenticatorContext, OpenAuthenticator } from "../auth/authenticator-kind.ts";
import { type AuthenticatorConfig, doubledMethod, openAuthenticator, secretsOf } from "../auth/authenticator-kinds.ts";
import type { AuthenticationMethod, Authenticator, EnhancedMethod } from "../auth/authenticator.ts";
import { TOKEN_METHOD, type TokenMethod } from "../auth/token-method.ts";
import { UserMethod } from "../auth/user-method.ts";
import { accessChains } from "../config/access-chains.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import { type Link, Links, type OfTenant } from "./links.ts";
import type { Staged } from "./staged.ts";

export interface StagedChain extends Staged {
  readonly chain: Authenticator;
}

type AuthenticatorLink = Link<OfTenant<AuthenticatorConfig>, OpenAuthenticator>;

/** The chains of authenticators: that of the tenant `default`, those of tenants that have their own, and what the others share. */
export class ServerAuthentication {
  readonly #context: AuthenticatorContext;
  readonly #tokens: TokenMethod;
  readonly #given: readonly EnhancedMethod[];
  /** Outlives the chains, so that a reload forgets no failure. */
  readonly #guard: AttemptGuard = new AttemptGuard();
  readonly #links: Links<OfTenant<AuthenticatorConfig>, OpenAuthenticator>;

  /** @param given Authentication Methods of whoever embeds the broker, beside those of the configuration; for the tenant `default`. */
  constructor(context: AuthenticatorContext, tokens: TokenMethod, given: readonly EnhancedMethod[] = []) {
    this.#context = context;
    this.#tokens = tokens;
    this.#given = given;
    this.#links = new Links({
      open: ({ config }) => openAuthenticator(config, context),
      secrets: ({ config }) => secretsOf(config),
    });
  }

  /** @throws MqttError of the kinds, and CONFIG_INVALID for two that claim one Authentication Method */
  async stage(config: BrokerConfig): Promise<StagedChain> {
    const all = accessChains(config);
    const names = this.#given.map(({ name }) => name);
    for (const { tenant, path, authentication = [] } of all) {
      const place = [...path, "authentication"].join(".");
      const taken = [TOKEN_METHOD, ...(tenant === DEFAULT_TENANT ? names : [])];
      const doubled = doubledMethod(authentication, taken, place);
      if (doubled !== undefined) throw doubled.error;
    }
    const configs = all.flatMap(({ tenant, authentication = [] }) => authentication.map((link) => ({ tenant, config: link })));
    const staged = await this.#links.stage(configs);
    const commit = (): void => {
      staged.commit();
      this.#context.users.scramIterations = scramIterationsOf(staged.next);
    };
    const linksOf = (name: string): AuthenticatorLink[] => staged.next.filter((link) => link.config.tenant === name);
    const owners = all.filter(({ authentication }) => authentication !== undefined).map(({ tenant }) => tenant);
    const chains = owners.map((tenant): [string, Authenticator] => {
      if (tenant !== DEFAULT_TENANT) return [tenant, this.#chainOf(linksOf(tenant))];
      return [tenant, this.#chainOf(linksOf(tenant), this.#given, config.anonymous ? [new AnonymousMethod()] : [])];
    });
    const chain = new AuthenticatorByTenant(new Map(chains), this.#chainOfOthers(linksOf(DEFAULT_TENANT)));
    return { chain, commit, undo: () => staged.undo() };
  }

  close(): void {
    this.#links.close();
  }

  /** The users of a tenant may log in with their password whatever the configuration says of those of `default`. */
  #chainOfOthers(links: readonly AuthenticatorLink[]): AuthenticatorChain {
    const own = links.filter(({ config: { config } }) => OF_EACH_TENANT.has(config.kind));
    const { users, hasher } = this.#context;
    const hasPasswords = own.some(({ config: { config } }) => config.kind === "password");
    return this.#chainOf(own, [], hasPasswords ? [] : [new UserMethod(users, hasher)]);
  }

  /**
   * @param given Authentication Methods beside those of the links.
   * @param last Who is asked behind them.
   */
  #chainOf(
    links: readonly AuthenticatorLink[],
    given: readonly EnhancedMethod[] = [],
    last: readonly AuthenticationMethod[] = [],
  ): AuthenticatorChain {
    const methods = links.flatMap(({ open }) => open.method ?? []);
    const enhanced = links.flatMap(({ open }) => open.enhanced ?? []);
    const methodsByName = [this.#tokens.enhanced, ...given, ...enhanced];
    return new AuthenticatorChain([this.#tokens, ...methods, ...last], this.#context.logger, methodsByName, this.#guard);
  }
}

/** Links that know a client by what its own tenant has: its users, and the authorities of its clients' certificates. */
const OF_EACH_TENANT: ReadonlySet<string> = new Set(["password", "scram", "certificate"]);

/** Where no link offers SCRAM no keys are made. */
function scramIterationsOf(links: readonly AuthenticatorLink[]): number | undefined {
  for (const { config } of links) if (config.config.kind === "scram") return config.config.iterations;
  return undefined;
}
