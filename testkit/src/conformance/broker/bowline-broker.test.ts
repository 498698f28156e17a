import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type Server, startServer } from "@bowline/broker";
import { silentLogger } from "@bowline/broker/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CaseResult } from "../case-run.ts";
import { verdictOf } from "../divergences.ts";
import { failureLines } from "../report.ts";
import { brokerCases } from "./broker-cases.ts";
import { addressOf, judgeBroker } from "./broker-command.ts";

/* Our broker must pass every case, with the Reason Codes that the specification only recommends: once with its store, where
   acknowledgements wait for the disk, and once in memory. */

let folder = "";
const servers: Server[] = [];

async function start(memory: boolean): Promise<Server> {
  const overrides = {
    data: memory ? "memory" : "data",
    memory,
    listen: ["mqtt://127.0.0.1:0"],
    anonymous: true,
    console: false,
  } as const;
  const config = await loadConfig({ directory: folder, overrides: { ...overrides, listen: [...overrides.listen] } });
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
  ["with its store", false],
  ["in memory", true],
] as const)("conformance of our broker %s", (_, memory) => {
  const results = new Map<string, CaseResult>();

  beforeAll(async () => {
    const { listeners } = await start(memory);
    const target = { address: addressOf(listeners[0] ?? ""), isStrict: true, limitMs: 10_000 };
    for (const result of await judgeBroker(target)) results.set(result.id, result);
  });

  test.each(brokerCases.map(({ id, title }) => ({ name: `${id} ${title}`, id })))("$name", ({ id }) => {
    const result = results.get(id) as CaseResult;
    expect(result.outcome === "failed" ? failureLines(result, verdictOf(result, [])).join("\n") : "").toBe("");
  });

  test("hardly a case does not apply, and no two have one id", () => {
    expect([...results.values()].filter(({ outcome }) => outcome === "not applicable").length).toBeLessThanOrEqual(6);
    expect(results.size).toBe(brokerCases.length);
  });
});
