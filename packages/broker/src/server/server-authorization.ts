import { parseShare } from "@bowline/protocol/internal";
import { AskedRights } from "../acl/asked-rights.ts";
import type { AskedSource } from "../acl/asked-source.ts";
import type { Identity } from "../acl/identity.ts";
import type { OpenAuthorization } from "../acl/authorization-kind.ts";
import { type AuthorizationConfig, authorizationSecrets, openAuthorization } from "../acl/authorization-kinds.ts";
import type { RuleAccess } from "../acl/rule-access.ts";
import type { Broker } from "../broker.ts";
import { accessChains } from "../config/access-chains.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import type { GrantedFilter } from "../acl/subscription-grants.ts";
import type { Logger } from "../log/logger.ts";
import type { Subscription } from "../sessions/session.ts";
import { Links, type OfTenant } from "./links.ts";
import type { Staged } from "./staged.ts";

/** Answers end by the second. */
const SWEEP_EVERY_MS = 1_000;
const RENEWING_MAX = 32;
/** One that does not answer, of whom each client asks, has a line in so many ms. */
const FAILURE_EVERY_MS = 10_000;

/** Who is asked for rights before the rules. Other ones are asked by every connection from then on, those that are open included. */
export class ServerAuthorization {
  readonly #access: RuleAccess;
  readonly #links = new Links<OfTenant<AuthorizationConfig>, OpenAuthorization>({
    open: ({ config }) => openAuthorization(config),
    secrets: ({ config }) => authorizationSecrets(config),
  });
  /** Clients whose Subscriptions are being asked about. */
  #renewing = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #broker: Broker | undefined;

  /** What of whoever failed to answer was logged last. */
  readonly #failures = new WeakMap<AskedSource, { readonly loggedAt: number; unlogged: number }>();

  constructor(access: RuleAccess, logger: Logger) {
    this.#access = access;
    access.askFailed = (source, who, error) => this.#askFailed(logger, source, who, error);
  }

  /** What a function threw, or why a webhook is not there: the client is told that it is denied, and nothing else. */
  #askFailed(logger: Logger, source: AskedSource, { tenant, clientIdentifier }: Identity, error: unknown): void {
    const counters = this.#broker?.tenantNamed(tenant)?.counters;
    if (counters !== undefined) counters.authorizationsUnanswered++;
    const now = performance.now();
    const before = this.#failures.get(source);
    if (before !== undefined && now - before.loggedAt < FAILURE_EVERY_MS) {
      before.unlogged++;
      return;
    }
    this.#failures.set(source, { loggedAt: now, unlogged: 0 });
    const fields = { error, tenant, clientIdentifier, authorizer: source.name, failuresBefore: before?.unlogged ?? 0 };
    logger.error(fields, "authorization failed inside");
  }

  /**
   * @param broker Whose connections get other rights; undefined before there are any.
   * @throws MqttError of the kinds
   */
  async stage(config: BrokerConfig, broker?: Broker): Promise<Staged> {
    const configs = accessChains(config).flatMap(({ tenant, authorization }) =>
      authorization.map((each) => ({ tenant, config: each })),
    );
    const staged = await this.#links.stage(configs);
    const sources = new Map<string, AskedSource[]>();
    for (const {
      config: { tenant },
      open,
    } of staged.next)
      sources.set(tenant, [...(sources.get(tenant) ?? []), open.source]);
    const commit = (): void => {
      const { authorizers } = this.#access;
      const changed = [...new Set([...authorizers.keys(), ...sources.keys()])].filter(
        (tenant) => !isSame(authorizers.get(tenant), sources.get(tenant)),
      );
      staged.commit();
      this.#access.authorizers = sources;
      if (broker !== undefined) for (const tenant of changed) this.#renew(broker, tenant);
    };
    return { commit, undo: () => staged.undo() };
  }

  /** Begins to forget answers that have ended. */
  begin(broker: Broker): void {
    this.#broker = broker;
    this.#sweeper = setInterval(() => {
      const tenants = this.#access.expiry.sweep();
      for (const { name, router } of broker.allTenants()) if (tenants.has(name)) router.routesChanged();
      this.#renewGrants(broker);
    }, SWEEP_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#sweeper);
    this.#links.close();
  }

  /** Asks again about Subscriptions that were granted long ago, of some clients at a time: logins ask the same programs. */
  #renewGrants(broker: Broker): void {
    for (const { session, tenant } of broker.connections()) {
      if (this.#renewing >= RENEWING_MAX) return;
      const rights = session?.rights;
      if (session === undefined || !(rights instanceof AskedRights)) continue;
      const renewed = rights.renewGrants(() => [...session.subscriptions.values()].map(askedFilter));
      if (renewed === undefined) continue;
      this.#renewing++;
      void renewed
        .then((isChanged) => isChanged && session.rights === rights && tenant.sessions.grant(session, rights))
        .catch((error: unknown) => tenant.logger.error({ error }, "rights that ended could not be asked for again"))
        .finally(() => this.#renewing--);
    }
  }

  #renew(broker: Broker, name: string): void {
    for (const { session, tenant } of broker.connections())
      if (session !== undefined && tenant.name === name) tenant.sessions.grant(session, this.#access.renewed(session.rights));
    broker.tenantNamed(name)?.router.routesChanged();
  }
}

function askedFilter({ topicFilter, qos }: Subscription): GrantedFilter {
  return { topicFilter: parseShare(topicFilter)?.topicFilter ?? topicFilter, qos };
}

function isSame(one: readonly AskedSource[] = [], other: readonly AskedSource[] = []): boolean {
  return one.length === other.length && one.every((source, i) => source === other[i]);
}
