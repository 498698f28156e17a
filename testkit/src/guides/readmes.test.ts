import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MqttClient } from "@bowline/mqttjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LocalBroker } from "../proxy/local-broker.ts";
import { importExample, startExampleBroker, USER } from "./example-broker.ts";

const before = process.cwd();
let broker: LocalBroker;
let folder: string;

beforeEach(async () => {
  broker = await startExampleBroker();
  folder = await mkdtemp(join(tmpdir(), "bowline-readmes-"));
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(before);
  vi.restoreAllMocks();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

test("the client's first steps: a token, a publication, a message, and the end", async () => {
  const printed = vi.spyOn(console, "log").mockImplementation(() => {});
  const { firstSteps } = await importExample<{ firstSteps(url: string, token: () => Promise<string>): Promise<void> }>(
    "first-steps.js",
  );
  await firstSteps(broker.url("mqtt"), () => Promise.resolve(USER.password));
  expect(printed.mock.calls).toEqual([["demo/kitchen/celsius", 21.5]]);
});

test("the drop-in's options of its own", async () => {
  const token = vi.fn<() => Promise<{ text: string; expiresAt: number }>>();
  token.mockResolvedValue({ text: USER.password, expiresAt: Date.now() + 3_600_000 });
  const { start } = await importExample<{ start(url: string, provider: typeof token): MqttClient }>("beyond-mqttjs.js");
  const client = start(broker.url("mqtt"), token);
  try {
    await vi.waitFor(() => expect(client.connected).toBe(true), { timeout: 10_000 });
    await client.publishAsync("demo/hello", "Hello", { qos: 1 });
    expect(token).toHaveBeenCalledTimes(1);
  } finally {
    await client.endAsync();
  }
});
