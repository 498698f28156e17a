import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerConfigInput, loadConfig, type Server, startServer } from "@bowline/broker";
import { silentLogger } from "@bowline/broker/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CaseResult } from "../case-run.ts";
import { verdictOf } from "../divergences.ts";
import { failureLines } from "../report.ts";
import { brokerCases } from "./broker-cases.ts";
import { addressOf, judgeBroker } from "./broker-command.ts";

/* Our broker must pass every case, with the Reason Codes that the specification only recommends: once with its store, where
   acknowledgements wait for the disk, once in memory, and once with narrow limits, where the cases apply that are about them. */

let folder = "";
const servers: Server[] = [];

const ALL = { listen: ["mqtt://127.0.0.1:0"], anonymous: true, console: false } as const;

/** Everything that a server may lack or limit, so that cases about it apply. */
const narrow: BrokerConfigInput["limits"] = {
  maximumPacketSize: 4_096,
  receiveMaximum: 5,
  topicAliasMaximum: 1,
  outboundTopicAliasMaximum: 1,
  maximumKeepAlive: 3,
  maximumQoS: 1,
  retainAvailable: false,
  wildcardSubscriptionAvailable: false,
  sharedSubscriptionAvailable: false,
  subscriptionIdentifierAvailable: false,
};

async function start(more: BrokerConfigInput): Promise<Server> {
  const data = `data-${servers.length}`;
  const config = await loadConfig({ directory: folder, overrides: { ...ALL, listen: [...ALL.listen], data, ...more } });
  const server = await startServer({ config, logger: silentLogger, version: "0.0.0" });
  servers.push(server);
  return server;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-conformance-"));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

describe.each([
  { how: "with its store", config: {}, leftOutMax: 9 },
  { how: "in memory", config: { memory: true }, leftOutMax: 9 },
  { how: "with narrow limits", config: { memory: true, limits: narrow }, leftOutMax: 250 },
])("conformance of our broker $how", ({ config, leftOutMax }) => {
  const results = new Map<string, CaseResult>();

  beforeAll(async () => {
    const { listeners } = await start(config);
    const target = { address: addressOf(listeners[0] ?? ""), isStrict: true, limitMs: 10_000 };
    for (const result of await judgeBroker(target)) results.set(result.id, result);
  });

  test.each(brokerCases.map(({ id, title }) => ({ name: `${id} ${title}`, id })))("$name", ({ id }) => {
    const result = results.get(id) as CaseResult;
    expect(result.outcome === "failed" ? failureLines(result, verdictOf(result, [])).join("\n") : "").toBe("");
  });

  test("hardly a case does not apply, and no two have one id", () => {
    expect([...results.values()].filter(({ outcome }) => outcome === "not applicable").length).toBeLessThanOrEqual(leftOutMax);
    expect(results.size).toBe(brokerCases.length);
  });
});
