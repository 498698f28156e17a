import type { OpenAuthorization } from "../acl/authorization-kind.ts";
import { type AuthorizationConfig, authorizationSecrets, openAuthorization } from "../acl/authorization-kinds.ts";
import type { RuleAccess } from "../acl/rule-access.ts";
import type { Broker } from "../broker.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { Links } from "./links.ts";
import type { Staged } from "./staged.ts";

/** Answers end by the second. */
const SWEEP_EVERY_MS = 1_000;

/** Who is asked for rights before the rules. Other ones are asked by every connection from then on, those that are open included. */
export class ServerAuthorization {
  readonly #access: RuleAccess;
  readonly #links = new Links<AuthorizationConfig, OpenAuthorization>({ open: openAuthorization, secrets: authorizationSecrets });
  #sweeper: NodeJS.Timeout | undefined;

  constructor(access: RuleAccess) {
    this.#access = access;
  }

  /**
   * @param broker Whose connections get other rights; undefined before there are any.
   * @throws MqttError of the kinds
   */
  async stage({ authorization }: BrokerConfig, broker?: Broker): Promise<Staged> {
    const staged = await this.#links.stage(authorization);
    const sources = staged.next.map(({ open }) => open.source);
    const commit = (): void => {
      const { authorizers } = this.#access;
      const isChanged = authorizers.length !== sources.length || sources.some((source, i) => source !== authorizers[i]);
      staged.commit();
      this.#access.authorizers = sources;
      if (isChanged && broker !== undefined) this.#renew(broker);
    };
    return { commit, undo: () => staged.undo() };
  }

  /** Begins to forget answers that have ended. */
  begin(broker: Broker): void {
    this.#sweeper = setInterval(() => {
      const tenants = this.#access.expiry.sweep();
      for (const { name, router } of broker.allTenants()) if (tenants.has(name)) router.routesChanged();
    }, SWEEP_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#sweeper);
    this.#links.close();
  }

  #renew(broker: Broker): void {
    for (const { session, tenant } of broker.connections())
      if (session !== undefined) tenant.sessions.grant(session, this.#access.renewed(session.rights));
    for (const { router } of broker.allTenants()) router.routesChanged();
  }
}
