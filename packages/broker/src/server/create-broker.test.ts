import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBroker, type CreateBrokerOptions } from "./create-broker.ts";

const PASSING: CreateBrokerOptions = { memory: true, console: false, listen: ["mqtt://127.0.0.1:0"], metrics: { sysInterval: 0 } };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-create-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("brokers in memory share a working folder and leave nothing behind", async () => {
  const both = await Promise.all([1, 2].map(() => createBroker({ ...PASSING, directory: folder })));
  const paths = both.map((broker) => broker.folder.path);
  expect(paths[0]).not.toBe(paths[1]);
  expect(paths.map(existsSync)).toEqual([true, true]);
  await Promise.all(both.map((broker) => broker.close()));
  expect(paths.map(existsSync)).toEqual([false, false]);
  expect(await readdir(folder)).toEqual([]);
});

test.each<[string, object]>([
  ["logger", { logger: console }],
  ["authenticationMethods", { authenticationMethods: [{ name: "X" }] }],
  ["redirect", { redirect: 3 }],
  ["rules", { rules: "all" }],
  ["directory", { directory: 3 }],
])("an option that no file has is looked at before anything is opened: %s", async (name, wrong) => {
  const message = expect.stringContaining(name) as string;
  await expect(createBroker({ ...PASSING, ...wrong })).rejects.toMatchObject({ code: "OPTION_INVALID", message });
});

test("what is no object of options is told so", async () => {
  await expect(createBroker(null as unknown as CreateBrokerOptions)).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("`log` alone is enough for a log on standard error", async () => {
  const broker = await createBroker({ ...PASSING, log: { level: "error", format: "json" } });
  expect(broker.config.log).toMatchObject({ level: "error", format: "json" });
  expect(broker.broker.tenantNamed("default")!.logger.level).toBe("error");
  await broker.close();
});

test("one that was closed is not opened again by a reload", async () => {
  const broker = await createBroker(PASSING);
  await broker.close();
  await expect(broker.reload(broker.config)).rejects.toMatchObject({ code: "SHUTDOWN" });
  await broker.close();
});

test("runs in a worker thread, as that of a test runner, with its store and its socket", async () => {
  // As it was built: a worker of plain Node reads no TypeScript.
  const script = `
    const { data } = require("node:worker_threads").workerData;
    import("@bowline/broker").then(async ({ createBroker }) => {
      const broker = await createBroker({ data, listen: ["mqtts://localhost:0"], console: false });
      await broker.users.add("default", "ann", "a long password");
      await broker.close();
    });
  `;
  const worker = new Worker(script, { eval: true, execArgv: [], workerData: { data: join(folder, "mine") } });
  expect(await once(worker, "exit")).toEqual([0]);
});

test("with a data folder, what it needs of files is there and stays", async () => {
  const broker = await createBroker({ ...PASSING, directory: folder, data: "mine" });
  await broker.close();
  expect(await readdir(join(folder, "mine"))).toContain("operator.key");
});
