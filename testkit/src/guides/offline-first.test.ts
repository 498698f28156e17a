import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, type Credentials } from "@bowline/client";
import { expect, test, vi } from "vitest";
import { importExample, startExampleBroker, USER } from "./example-broker.ts";

interface Example {
  connectMeter(url: string, credentials: Credentials, folder: string): Client;
  report(client: Client, kwh: number): Promise<void>;
}

test("the example's readings outlive a client without a server, and its orders arrive", async () => {
  const printed = vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  const example = await importExample<Example>("offline-first.js");
  const folder = await mkdtemp(join(tmpdir(), "bowline-meter-"));
  const broker = await startExampleBroker();
  const office = connect(broker.url("mqtt"), { credentials: USER });
  try {
    const readings = office.subscribe("plant/+/kwh", { qos: 1 });
    await readings.ready;
    const offline = example.connectMeter("mqtt://127.0.0.1:1", USER, folder);
    for (const kwh of [1, 2, 3]) await example.report(offline, kwh);
    await offline.abort();

    const meter = example.connectMeter(broker.url("mqtt"), USER, folder);
    const arrived: string[] = [];
    for await (const reading of readings) {
      arrived.push(reading.text());
      if (arrived.length === 3) break;
    }
    expect(arrived).toEqual(["1", "2", "3"]);
    await office.publish("plant/meter-7/orders", "close valve", { qos: 1 });
    await vi.waitFor(() => expect(printed.mock.calls).toEqual([["order", "close valve"]]));
    await meter.close();
  } finally {
    await office.close();
    await broker.stop();
    await rm(folder, { recursive: true });
    vi.restoreAllMocks();
  }
});
