import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { recordingLogger } from "@bowline/testkit/broker";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BrokerConfig } from "../config/broker-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* The bound on the store's size, as the configuration, the metrics and a client see it. */

const MEBIBYTE = 2 ** 20;

let folder = "";
let server: Server;
const clients: Client[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-storage-limit-"));
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.abort();
  await server.close();
  await rm(folder, { recursive: true });
});

function configWith(maximumBytes: number): Promise<BrokerConfig> {
  const listen = ["mqtt://127.0.0.1:0"];
  const given = { data: "data", anonymous: true, console: false, listen, metrics: { open: true, sysInterval: 0 } } as const;
  const overrides = { ...given, listen, admin: { listen: "http://127.0.0.1:0" }, storage: { maximumBytes } };
  return loadConfig({ directory: folder, overrides });
}

function online(clientId: string): Client {
  const made = connect(server.listeners[0]!, { session: { clientId, expiryInterval: 3_600, cleanStart: false } });
  clients.push(made);
  return made;
}

async function metric(name: string): Promise<number> {
  // A reload closes what is idle.
  const text = await (await fetch(`${server.adminOrigin}/metrics`, { headers: { connection: "close" } })).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** Publishes until the broker refuses; answers how many it took. */
async function publishUntilRefused(publisher: Client): Promise<number> {
  for (let count = 0; count < 1_000; count++) {
    const outcome = await publisher.publish("kept", new Uint8Array(50_000), { qos: 1 }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (outcome === undefined) continue;
    expect(outcome).toMatchObject({ reasonCode: 0x97 });
    return count;
  }
  throw new Error("nothing was refused");
}

test("storage.maximumBytes: above it 0x97 and nothing grows; a reload gives room at once, and so does who takes what waits", async () => {
  const { logger, lines } = recordingLogger();
  server = await startServer({ config: await configWith(MEBIBYTE), logger, version: "0.0.0" });
  const sleeper = online("sleeper");
  await sleeper.subscribe("kept", { qos: 1 }).ready;
  await sleeper.abort();
  const publisher = online("publisher");
  const first = await publishUntilRefused(publisher);
  expect(first).toBeGreaterThan(10);
  const [used, file, maximum] = await Promise.all(
    ["used", "file", "maximum"].map((which) => metric(`bowline_storage_${which}_bytes`)),
  );
  expect(maximum).toBe(MEBIBYTE);
  expect(used).toBeGreaterThan(MEBIBYTE);
  // One commit beyond, no more.
  expect(used).toBeLessThan(MEBIBYTE + 200_000);
  expect(file).toBeGreaterThanOrEqual(used!);
  expect(await metric("bowline_storage_writable")).toBe(0);
  const ready = await fetch(`${server.adminOrigin}/health/ready`, { headers: { connection: "close" } });
  expect([ready.status, await ready.text()]).toEqual([503, "storage takes no writes\n"]);
  expect(lines("storage takes no writes")).toEqual([{ because: `the store has reached its limit of ${MEBIBYTE} bytes` }]);
  // What nobody keeps goes on.
  await publisher.publish("nobody", "x", { qos: 1 });

  await server.reload(await configWith(2 * MEBIBYTE));
  expect(await metric("bowline_storage_writable")).toBe(1);
  const second = await publishUntilRefused(publisher);
  expect(second).toBeGreaterThan(10);

  const again = online("sleeper");
  let received = 0;
  for await (const _message of again.subscribe("kept", { qos: 1, maximumBytes: 10 * MEBIBYTE }))
    if (++received === first + second) break;
  // Its acknowledgements, and what they remove, take a commit.
  while ((await metric("bowline_storage_writable")) === 0);
  await publisher.publish("kept", "there is room again", { qos: 1 });

  await server.reload(await configWith(MEBIBYTE));
  expect(await metric("bowline_storage_maximum_bytes")).toBe(MEBIBYTE);
});

test("a bound that is none is refused by name", async () => {
  server = await startServer({ config: await configWith(MEBIBYTE), logger: silentLogger, version: "0.0.0" });
  await expect(configWith(1_000)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("storage.maximumBytes"),
  });
});
