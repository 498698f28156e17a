import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type Server, silentLogger, startServer } from "@bowline/broker/internal";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, expect, test } from "vitest";

/* What a client of 3.1.1 meets that publishes where it may not, as the configuration says. */

let folder = "";
let server: Server;
let client: MqttClient;
afterEach(async () => {
  client.end(true);
  await server.close();
  await rm(folder, { recursive: true });
});

async function open(deniedPublish: "close" | "acknowledge", protocolVersion: 4 | 5): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "bowline-denied-"));
  const rules = [
    { permission: "deny", action: "publish", topics: ["denied"] },
    { permission: "allow", action: "both", topics: ["#"] },
  ] as const;
  const overrides = {
    data: "data",
    memory: true,
    console: false as const,
    anonymous: true,
    listen: ["mqtt://127.0.0.1:0"],
    deniedPublish,
  };
  const config = await loadConfig({ directory: folder, overrides });
  server = await startServer({
    config,
    logger: silentLogger,
    version: "1",
    rules: rules.map((rule) => ({ ...rule, topics: [...rule.topics] })),
  });
  client = await connectAsync(server.listeners[0] ?? "", { protocolVersion, reconnectPeriod: 0 });
}

test.each([1, 2] as const)("[v3 MQTT-3.3.5-2] acknowledged at QoS %i and dropped, where that is asked for", async (qos) => {
  await open("acknowledge", 4);
  const got: string[] = [];
  client.on("message", (topic) => got.push(topic));
  await client.subscribeAsync("#", { qos: 1 });
  await client.publishAsync("denied", "x", { qos });
  await client.publishAsync("allowed", "x", { qos });
  await expect.poll(() => got).toEqual(["allowed"]);
  expect(server.broker.counters.publishesDenied).toBe(1);
});

test("[v3 MQTT-3.3.5-2] the connection is closed otherwise", async () => {
  await open("close", 4);
  const closed = new Promise((resolve) => client.once("close", () => resolve("closed")));
  const published = client.publishAsync("denied", "x", { qos: 1 }).catch(() => "never told");
  expect(await closed).toBe("closed");
  client.end(true);
  await published;
});

test("5.0 is told in either case", async () => {
  await open("acknowledge", 5);
  await expect(client.publishAsync("denied", "x", { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
});
