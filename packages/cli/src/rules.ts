import { access } from "node:fs/promises";
import type { AccessAnswer, AccessQuestion, NoMatch, Rule, RuleAccess, RuleInput } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { AdminClient } from "./admin-client.ts";

const TENANT = "default";

/** The access rules of a data folder, whether a broker runs there or not. */
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
 * Works on the access rules of a data folder: through the broker that runs there, or in the store itself when none does.
 *
 * @throws MqttError of the store or of the broker
 */
export async function withRules<T>(data: string, work: (rules: Rules) => Promise<T>): Promise<T> {
  const { dataFolder } = await import("@bowline/broker/internal");
  const client = new AdminClient(dataFolder(data).adminSocket);
  return (await client.isAnswered()) ? work(throughBroker(client)) : inStore(data, work);
}

function throughBroker(client: AdminClient): Rules {
  const path = "/api/v1/rules";
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

async function inStore<T>(data: string, work: (rules: Rules) => Promise<T>): Promise<T> {
  const { dataFolder, openStorage, RuleAccess, RuleDirectory } = await import("@bowline/broker/internal");
  const folder = dataFolder(data);
  await access(folder.path).catch((cause: unknown) => {
    throw new MqttError("STORE_UNREADABLE", {
      detail: `there is no data folder ${data}`,
      remedy: "Start the broker once, or correct --data.",
      cause,
    });
  });
  const storage = await openStorage({ directory: folder.store });
  try {
    const rules = new RuleAccess(new RuleDirectory(storage));
    const rows: Parameters<typeof rules.begin>[0][number][] = [];
    await storage.load({ rule: (row) => rows.push(row), message() {}, session() {}, retained() {}, user() {} });
    rules.begin(rows);
    return await work(ofAccess(rules));
  } finally {
    await storage.close();
  }
}

function ofAccess(rules: RuleAccess): Rules {
  const { directory } = rules;
  return {
    list: () => Promise.resolve({ noMatch: directory.noMatch(TENANT), rules: directory.list(TENANT) }),
    add: (rule, place) => directory.add(TENANT, rule, place),
    addAll: (inputs) => directory.addAll(TENANT, inputs),
    replaceAll: (inputs) => directory.replaceAll(TENANT, inputs),
    remove: (id) => directory.remove(TENANT, id),
    move: (id, place) => directory.move(TENANT, id, place),
    setNoMatch: (noMatch) => directory.setNoMatch(TENANT, noMatch),
    test: (question) => Promise.resolve(rules.answer(TENANT, question)),
  };
}
