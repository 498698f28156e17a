import type { Client } from "@bowline/client";
import type { MqttClient } from "@bowline/mqttjs";
import { afterEach, expect, test, vi } from "vitest";
import { importExample, startExampleBroker, USER } from "./example-broker.ts";

afterEach(() => void vi.restoreAllMocks());

test.each(["from-mqttjs.js", "to-client.js"])("%s greets itself", async (name) => {
  const printed = vi.spyOn(console, "log").mockImplementation(() => {});
  const broker = await startExampleBroker();
  const { start } = await importExample<{ start(url: string, user: object): Client | MqttClient }>(name);
  const client = start(broker.url("mqtt"), USER);
  try {
    await vi.waitFor(() => expect(printed.mock.calls).toEqual([["demo/hello", "Hello"]]));
  } finally {
    await ("endAsync" in client ? client.endAsync() : client.close());
    await broker.stop();
  }
});
