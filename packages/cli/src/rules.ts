import type { AccessAnswer, AccessQuestion, NoMatch, Rule, RuleInput } from "@bowline/broker/internal";
import type { AdminClient } from "./admin-client.ts";
import type { AdminTarget } from "./admin-target.ts";
import { inStore } from "./data-store.ts";
import { tenantPath } from "./tenant-option.ts";

/** The access rules of a tenant in a data folder, whether a broker runs there or not. */
export interface Rules {
  list(): Promise<{ noMatch: NoMatch; rules: readonly Rule[] }>;
  /** At the end, or before the one at `place` (0 is the first). */
  add(rule: RuleInput, place: number | undefined): Promise<Rule>;
  addAll(rules: readonly RuleInput[]): Promise<readonly Rule[]>;
  replaceAll(rules: readonly RuleInput[]): Promise<readonly Rule[]>;
  remove(id: string): Promise<void>;
  move(id: string, place: number): Promise<void>;
  setNoMatch(noMatch: NoMatch): Promise<void>;
  test(question: AccessQuestion): Promise<AccessAnswer>;
}

/**
 * Works on the access rules of a tenant: through the broker that runs in the data folder, or in the store itself when none does.
 *
 * @throws MqttError of the store or of the broker
 */
export async function withRules<T>(
  { client, folder }: AdminTarget,
  tenant: string,
  work: (rules: Rules) => Promise<T>,
): Promise<T> {
  if (folder === undefined || (await client.isAnswered())) return work(throughBroker(client, tenant));
  const { rulesOf } = await import("@bowline/broker/internal");
  return inStore(folder.path, tenant, (store) => {
    const own = rulesOf(store.rules, tenant);
    return work({
      ...own,
      list: () => Promise.resolve({ noMatch: own.noMatch(), rules: own.list() }),
      test: (question) => Promise.resolve(own.test(question)),
    });
  });
}

function throughBroker(client: AdminClient, tenant: string): Rules {
  const path = `${tenantPath(tenant)}/rules`;
  const of = (id: string): string => `${path}/${encodeURIComponent(id)}`;
  const put = async (mode: "append" | "replace", rules: readonly RuleInput[]): Promise<readonly Rule[]> =>
    (await client.request<{ rules: Rule[] }>("PUT", path, { mode, rules })).rules;
  return {
    list: () => client.request("GET", path),
    add: (rule, place) => client.request("POST", path, place === undefined ? rule : { ...rule, place }),
    addAll: (rules) => put("append", rules),
    replaceAll: (rules) => put("replace", rules),
    remove: (id) => client.request("DELETE", of(id)),
    move: (id, place) => client.request("POST", `${of(id)}/move`, { place }),
    setNoMatch: (noMatch) => client.request("PATCH", path, { noMatch }),
    test: (question) => client.request("POST", `${path}/test`, question),
  };
}
